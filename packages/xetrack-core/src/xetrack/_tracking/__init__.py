"""A run as it is written: calls, rows, and what observes them."""
