"""Weights & Biases, offline. What was not sent to a server can not be read, so only `found` looks into its file."""

import json
import struct
from pathlib import Path

from benchmarks.peers.workload import PARAMS

BLOCK = 32_768  # bytes of a block of the log file, which is LevelDB's format with a header of its own
HEADER = 7


class Adapter:
    def open(self, folder, run):
        import wandb

        settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True)
        self._run = wandb.init(
            project="benchmark", name=run, id=run, dir=folder, mode="offline", config=PARAMS, settings=settings
        )

    def log_one(self, event):
        self._run.log(event)

    def finish(self):
        self._run.finish()

    def found(self, folder, run):
        from wandb.proto import wandb_internal_pb2

        (path,) = Path(folder).glob(f"wandb/offline-run-*/run-{run}.wandb")
        for data in _records(path.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(data)
            for item in record.history.item:
                if "epoch" in {item.key, *item.nested_key}:
                    yield json.loads(item.value_json)


def _records(data):
    """The records of a log file; one may be in several parts, and the last one may be cut off."""
    position, parts = HEADER, b""
    while position + HEADER <= len(data):
        left = BLOCK - position % BLOCK
        if left < HEADER:
            position += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, position)
        position += HEADER
        if kind == 0 or position + size > len(data):
            return
        parts += data[position : position + size]
        position += size
        if kind in {1, 4}:  # whole, or its last part
            yield parts
            parts = b""
