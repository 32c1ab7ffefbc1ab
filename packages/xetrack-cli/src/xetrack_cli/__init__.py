"""The command `xt`. Each command imports only what it needs, when it runs."""

__all__: list[str] = []
