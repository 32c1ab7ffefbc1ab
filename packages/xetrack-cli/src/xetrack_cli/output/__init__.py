"""What commands print: tables, Markdown, CSV and JSON."""

__all__: list[str] = []
