"""Write the pages of docs/reference: `python scripts/reference.py`, or only `cli` or `api` of them.

The commands of `xt` and the docstrings of the public names say everything that is written there. A test compares the
pages with what this writes, so that none of them grows old.
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


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages(*sys.argv[1:]).items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
