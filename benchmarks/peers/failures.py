"""What a peer that fails is shown with."""


class FailedError(Exception):
    """A peer could not do what it should; the message says why, in one line."""


class MissingError(FailedError):
    """A peer has no such thing."""


def last_line(text):
    """The last line that says something: where Python and uv put the reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" ^~\t")]
    return lines[-1][:300] if lines else "no reason given"
