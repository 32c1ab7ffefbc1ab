"""What commands print: tables, Markdown, CSV, JSON and remarks."""

__all__: list[str] = []
