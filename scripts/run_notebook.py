"""Run a notebook from top to bottom, and write it with what its cells give.

    uv run python scripts/run_notebook.py examples/notebook.ipynb [TARGET]

Without TARGET the notebook itself is written. What differs from machine to machine is left out: when each cell ran, and
the text beside a display in HTML, which names folders.
"""

import sys

import nbclient
import nbformat


def main(source: str, target: str) -> None:
    """Run, tidy, write. A cell that raises ends it with `nbclient.exceptions.CellExecutionError`."""
    notebook = nbformat.read(source, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output["data"].pop("text/plain")
    nbformat.write(notebook, target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[-1])
