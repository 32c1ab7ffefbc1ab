"""A file a peer: how it is used for the one workload. Each imports its own peer's library, where it uses it."""
