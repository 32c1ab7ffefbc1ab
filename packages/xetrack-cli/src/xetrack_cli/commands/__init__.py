"""The commands of `xt`, one module each."""

__all__: list[str] = []
