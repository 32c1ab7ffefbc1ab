"""Copying runs from one database into another."""
