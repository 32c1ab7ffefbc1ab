"""Plugins: finding, registering, choosing and opening them."""
