"""Rows: from what users log to what engines store, and back."""
