"""What plugins implement: the hooks, and a protocol for each kind. Only declarations."""
