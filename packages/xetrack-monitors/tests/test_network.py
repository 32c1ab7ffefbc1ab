"""Bytes sent and received, in MiB."""

import socket
from types import SimpleNamespace

import psutil
import pytest

from xetrack import Tracker
from xetrack_monitors.network import Network


def send(mebibytes):
    """Send so much to ourselves."""
    data = b"x" * 65_536
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
        theirs, _ = server.accept()
        with theirs:
            for _ in range(mebibytes * 16):
                ours.sendall(data)
                left = len(data)
                while left:
                    left -= len(theirs.recv(left))


def test_what_a_call_sends_is_counted_in_mib():
    tracker = Tracker(":memory:", log_network_params=True)

    tracker.track(send, 5)

    assert 5 <= tracker.latest["bytes_sent"] < 50  # other processes send too
    assert 5 <= tracker.latest["bytes_recv"] < 50


def test_log_tells_what_was_sent_since_the_last():
    tracker = Tracker(":memory:", log_network_params=True)

    send(5)

    assert tracker.log({})["bytes_sent"] >= 5
    assert tracker.log({})["bytes_sent"] < 5


@pytest.mark.parametrize(
    ("after", "told"),
    [((2**20, 2**21), (0.5, 1.5)), ((0, 0), (0, 0))],
    ids=["more", "an interface vanished"],
)
def test_the_difference_of_counters_is_never_negative(after, told, monkeypatch):
    counters = iter([(2**19, 2**19), after])

    def count(**_):
        sent, received = next(counters)
        return SimpleNamespace(bytes_sent=sent, bytes_recv=received)

    monkeypatch.setattr(psutil, "net_io_counters", count)
    network = Network()

    network.begin()

    assert tuple(network.end().values()) == told


def test_without_any_interface_there_is_nothing_to_tell(monkeypatch):
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: None)
    tracker = Tracker(":memory:", log_network_params=True)

    assert tracker.log({})["bytes_sent"] is None
