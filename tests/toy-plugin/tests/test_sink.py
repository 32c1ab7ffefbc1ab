"""The contract of sinks."""

import re
from pathlib import Path

from xetrack_testing import SinkContract

from xetrack_markdown.table import MarkdownTable


class TestContract(SinkContract):
    """What xetrack promises about sinks."""

    def open(self, place: Path) -> MarkdownTable:
        """Open a sink that writes to a folder."""
        return MarkdownTable(place / "rows.md", ["n", "x"])

    def read(self, place: Path) -> list[dict[str, int]]:
        """Return the rows that sinks wrote to that folder."""
        path = place / "rows.md"
        lines = path.read_bytes().decode().split("\n")[2:-1] if path.exists() else []
        cells = [re.findall(r" ((?:\\.|[^|\\])*?) \|", line) for line in lines]
        return [{"n": int(number)} for number, _ in cells]
