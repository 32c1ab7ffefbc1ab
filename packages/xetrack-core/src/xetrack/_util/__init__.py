"""Helpers that know nothing of runs, rows or plugins."""
