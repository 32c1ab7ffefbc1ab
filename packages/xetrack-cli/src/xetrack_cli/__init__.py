"""The command `xt`. Everything is imported when it is needed: a command that is typed costs only itself."""

__all__: list[str] = []
