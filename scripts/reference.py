"""Write the pages of docs/reference: `python scripts/reference.py`, or only `cli` or `api` of them.

The commands of `xt` and the docstrings of the public names say everything that is written there. With `--check` nothing
is written: it names the pages that are not what would be, and ends with the exit code 1 if there are any.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import reference_api
import reference_cli

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
PARTS: dict[str, Callable[[], dict[str, str]]] = {"cli": reference_cli.pages, "api": reference_api.pages}


def pages(*parts: str) -> dict[str, str]:
    """The text of each page by its name, of all parts or of some. Raises `KeyError` for a part that there is not."""
    return {name: text for part in parts or PARTS for name, text in PARTS[part]().items()}


def stale() -> list[str]:
    """The names of pages that are not as they would be written, too many or missing."""
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    wanted = pages()
    return sorted(name for name in there | wanted if there.get(name) != wanted.get(name))


def main() -> None:
    """Write the pages, or check them."""
    if sys.argv[1:] == ["--check"]:
        found = stale()
        if found:
            sys.exit(f"docs/reference: {', '.join(found)} must be made again: uv run just reference")
        return
    for name, text in pages(*sys.argv[1:]).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
