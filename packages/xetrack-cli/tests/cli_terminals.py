"""A pseudo-terminal to run commands on, as a person would."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

XT = [sys.executable, "-m", "xetrack_cli"]
"""`xt`, whether or not its script is on the path."""

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command, columns=80, lines=24, **environment):
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.text = ""
        self.fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        settings = {**os.environ, "TERM": "xterm-256color", **environment}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=settings)
        os.close(theirs)

    def read(self, until=None, seconds=300):
        """What was printed so far; goes on until `until` was, or else until the command ends."""
        end = time.monotonic() + seconds
        while until is None or until not in self.plain:
            if time.monotonic() > end:
                raise AssertionError(f"{until!r} did not come, but: {self.plain}")
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:  # the command has ended
                    data = b""
                if not data:
                    if until is not None and until not in self.plain:
                        raise AssertionError(f"{until!r} did not come, but: {self.plain}")
                    break
                self.text += self._decoder.decode(data)
        return self.plain

    @property
    def plain(self):
        """The text without colours and cursor movements."""
        return ESCAPE.sub("", self.text).replace("\r\n", "\n")

    def interrupt(self):
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        """The exit code."""
        code = self.process.wait(300)
        os.close(self.fd)
        return code
