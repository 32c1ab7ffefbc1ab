"""What a command line says: arguments, options, conditions, values."""

__all__: list[str] = []
