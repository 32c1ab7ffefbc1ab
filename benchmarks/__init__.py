"""What xetrack costs, beside the bare library that does the same work: `python benchmarks` prints one table."""
