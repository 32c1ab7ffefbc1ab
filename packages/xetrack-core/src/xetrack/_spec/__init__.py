"""What plugins promise, and the hooks that bring them in. Nothing here does anything."""
