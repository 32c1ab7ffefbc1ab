"""Draw the picture of the README: `xt` in a terminal, over the runs of examples/quickstart.py.

    uv run python scripts/picture.py docs/terminal.svg

The commands really run, each in a terminal of its own (a pty, so not on Windows). The picture needs no font and no
server: a reader's own monospaced font is used.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 92

COMMANDS = (
    "xt runs digits.db --sort test_accuracy --desc -n 5 -c track_id,model,seed,test_accuracy",
    "xt sql digits.db 'SELECT samples, max(accuracy) AS best FROM db.events GROUP BY samples'",
    "xt plot scatter digits.db samples accuracy --height 15",
)


def terminal(command: str, folder: Path) -> str:
    """What a command shows on a terminal, colours and all."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TERM": "xterm-256color", "COLUMNS": str(WIDTH)}
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = bytearray()
    while block := _read(ours):
        shown += block
    if process.wait():
        sys.exit(f"{command}: {shown.decode()}")
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # so a pty tells that the other end is closed
        return b""


def main(target: str) -> None:
    """Run the example, then the commands, and write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quickstart = ROOT / "examples" / "quickstart.py"
        subprocess.run([sys.executable, quickstart, folder / "digits.db"], check=True, stdout=subprocess.DEVNULL)
        console = Console(record=True, width=WIDTH, file=io.StringIO())
        for command in COMMANDS:
            console.print(Text(f"$ {command}", style="bold green"), soft_wrap=True)
            console.print(Text.from_ansi(terminal(command, folder).rstrip()), soft_wrap=True, end="\n\n")
    svg = console.export_svg(title="xt", unique_id="xetrack")
    without_fonts = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code, ", "")
    Path(target).write_text(without_fonts, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
