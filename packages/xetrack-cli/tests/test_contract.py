"""Our own commands keep the contract that xetrack asks of those of plugins."""

import io
from contextlib import redirect_stdout
from typing import ClassVar

from xetrack_cli.app import root
from xetrack_testing import CommandContract, RecordingTerminal


class TestXt(CommandContract):
    """All commands, as `xt` has them: what they print is what plugins pass to the terminal."""

    looks = (
        ["runs", "DB"],
        ["show", "DB", "run-1", "--json"],
        ["compare", "DB", "run-1", "run-2", "--markdown"],
        ["head", "DB"],
        ["tail", "DB", "-n", "2", "--csv"],
        ["columns", "DB"],
        ["ls", "DB", "accuracy"],
        ["sql", "DB", "SELECT count(*) FROM db.events"],
        ["describe", "DB"],
        ["stats", "top", "DB", "accuracy"],
        ["plot", "hist", "DB", "accuracy"],
        ["doctor", "DB"],
    )
    changes = (["set", "DB", "lr", "0.2", "--all", "--yes"], ["delete", "DB", "run-1"], ["export", "DB", "FILE.csv"])
    waivers: ClassVar = {
        "test_without_a_terminal_it_says_so": "xt is the terminal itself",
    }

    def open(self, options, context):
        """Look at, compare, plot, change and export."""

    def command(self, terminal):
        return root()

    def run(self, words, db):
        terminal, out = RecordingTerminal(), io.StringIO()
        with redirect_stdout(out):
            line = [word.replace("DB", db) if word == "DB" else word.replace("FILE", f"{db}-file") for word in words]
            code = self.command(terminal)(line, prog_name="xt", standalone_mode=False)
        assert not code, f"{line} ended with {code}"
        terminal.told += out.getvalue().splitlines()
        return terminal
