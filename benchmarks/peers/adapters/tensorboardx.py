"""tensorboardX. It writes for TensorBoard to read, so only `found` looks into its files. The epoch is its step."""

import struct
from pathlib import Path

from benchmarks.peers.workload import PARAMS


class Adapter:
    def open(self, folder, run):
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(f"{folder}/{run}")
        for name, value in PARAMS.items():
            self._writer.add_text(name, value)

    def log_one(self, event):
        self._writer.add_scalar("accuracy", event["accuracy"], event["epoch"])
        self._writer.add_scalar("loss", event["loss"], event["epoch"])

    def finish(self):
        self._writer.close()

    def found(self, folder, run):
        from tensorboardX.proto import event_pb2

        for path in Path(folder, run).glob("events.*"):
            for data in _records(path.read_bytes()):
                event = event_pb2.Event.FromString(data)
                if any(value.tag == "loss" for value in event.summary.value):
                    yield event.step


def _records(data):
    """The records of a file, each between its length and a check sum; the last one may be cut off."""
    position = 0
    while position + 12 <= len(data):
        (size,) = struct.unpack_from("<Q", data, position)
        if position + 16 + size > len(data):
            return
        yield data[position + 12 : position + 12 + size]
        position += 16 + size
