"""Commands that plugins bring, and the tools behind `xt plugins`."""

__all__: list[str] = []
