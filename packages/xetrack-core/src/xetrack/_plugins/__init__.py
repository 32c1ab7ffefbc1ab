"""Plugins: found, registered, chosen and opened."""
