"""Rows: what users log becomes what engines store, and comes back."""
