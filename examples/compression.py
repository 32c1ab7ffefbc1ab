# /// script
# requires-python = ">=3.11"
# dependencies = ["xetrack"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Benchmark three compressors: time, peak memory and compressed size.

    uv run examples/compression.py [DATABASE]

Data: the source code of Python's standard library. DATABASE defaults to a temporary file.
"""

import argparse
import bz2
import lzma
import sysconfig
import tempfile
import zlib
from pathlib import Path

from xetrack import Reader, Tracker

ROUNDS = 3
SIZE = 1_000_000
COMPRESSORS = {"zlib": zlib, "bz2": bz2, "lzma": lzma}


def source_code():
    """Return a megabyte of Python code."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return b"".join(path.read_bytes() for path in files)[:SIZE]


def round_trip(module, data):
    """Compress and decompress. The returned dict becomes columns, next to `function_time` and the measurements."""
    packed = module.compress(data)
    assert module.decompress(packed) == data
    return {"bytes_in": len(data), "bytes_out": len(packed)}


def main(db):
    """Measure, then compare."""
    data = source_code()
    tracker = Tracker(db, params={"data": "standard library"}, log_system_params=True, measurement_interval=0.05)
    for _ in range(ROUNDS):  # interleaved, so that other load affects all of them
        for name, module in COMPRESSORS.items():
            tracker.track(round_trip, args=[module, data], params={"compressor": name})

    calls = Reader(db).to_df()
    calls["ratio"] = calls["bytes_in"] / calls["bytes_out"]
    table = calls.groupby("compressor").agg(
        seconds=("function_time", "median"),
        fastest=("function_time", "min"),
        slowest=("function_time", "max"),
        ratio=("ratio", "median"),
        peak_added_mib=("added_memory_mb", "max"),
    )
    print(f"{ROUNDS} calls each on {len(data):,} bytes\n\n{table.sort_values('seconds').round(3).to_string()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", nargs="?")
    main(parser.parse_args().database or Path(tempfile.mkdtemp()) / "compression.db")
