"""What a command line says: arguments, options, and the database, runs and columns that they name."""

__all__: list[str] = []
