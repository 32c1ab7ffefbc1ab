"""What a peer does in the workloads. An adapter leaves out what its peer has no such thing for."""

from collections.abc import Callable, Iterable
from typing import Protocol


class Peer(Protocol):
    """An adapter is a module with a class `Adapter` of these methods. It is made anew in every process.

    `folder` is an empty folder of one store at first; several processes and runs may share it. `run` is a name. An
    event is `{"accuracy": float, "loss": float, "epoch": int}`; a peer that knows steps takes the epoch as one. Every
    run has the parameter `model`, "resnet18". A peer is used as its own documentation does.
    """

    def open(self, folder: str, run: str) -> None:
        """Start a run in the store, which is made where there is none. Called again only after `finish`."""

    def log_one(self, event: dict) -> None:
        """Log an event of the run, and return when the peer's own call does."""

    def log_batch(self, events: list[dict]) -> None:
        """Log many events by the call that the peer has for that."""

    def finish(self) -> None:
        """End the run, and return when all of it is in files: a `kill -9` now would lose nothing."""

    def read_all(self, folder: str) -> int:
        """Read every event of every run as one or more frames or tables; return how many events these hold."""

    def read_run(self, folder: str, run: str) -> int:
        """Read the events of one run likewise."""

    def leaderboard(self, folder: str) -> int:
        """Read the last loss of every run; return the number of runs."""

    def found(self, folder: str, run: str) -> Iterable[int]:
        """The epochs of a run that a new process finds, by whatever means there are."""

    def cached(self, folder: str, function: Callable) -> Callable:
        """A function like this one whose results are kept in the folder, for this process and later ones."""
