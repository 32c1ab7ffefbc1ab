"""The engines that come with the core."""
