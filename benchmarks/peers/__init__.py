"""xetrack beside its peers, each in an environment of its own: `python benchmarks peers` prints the tables."""
