"""Everything that a plugin author imports.

- Hooks: derive from `Plugin`, or mark functions with `hookimpl`.
- What hooks return and get: `Provider`, `Context`, `RunInfo`, `Terminal`.
- The protocol of each kind of plugin: `Engine`, `AssetStore`, `Serializer`, `ResultCache`, `Sink`, `Monitor`.
- For asset stores: `Asset`, which hashes its bytes, and `SqlTables`, tables in the engine's transactions.
- Rows: the types of values, their normalization, and the encoding that engines over SQL tables share.
- Filters of runs, for tools: `parse_filter`.
- Helpers: fork-safe locks, checks of arguments, text for messages.

A whole plugin:

```python
from xetrack.plugin import Plugin, Provider


class Printer:
    def emit(self, row):
        print(row)

    def flush(self): ...

    def close(self): ...


class PrinterPlugin(Plugin):
    def xetrack_sinks(self):
        return [Provider("printer", lambda options, context: Printer())]
```

Use it with `Tracker(plugins=[PrinterPlugin])`, or name it in the entry-point group `xetrack` of your package.

Errors are in `xetrack.errors`. Plugins that work on the SQLite file use `xetrack.sqlite`, too.
"""

from xetrack._filter.selection import Filter, parse_filter
from xetrack._memory import MemoryEngine
from xetrack._redact import redact_error, redacted
from xetrack._rows.dataframes import to_arrow, to_pandas, write_parquet
from xetrack._rows.hashes import hashes_in
from xetrack._rows.normalize import (
    EXTRA,
    IDENTITY,
    Normaliser,
    check_key,
    decode,
    describe,
    to_rows,
)
from xetrack._rows.runs import process_is_gone, run_seconds, run_utc
from xetrack._spec.assets import Asset, AssetInfo, AssetStore, Serializer
from xetrack._spec.cache import Claim, ResultCache
from xetrack._spec.changes import Batch, Changes
from xetrack._spec.content import content_digest, content_hash
from xetrack._spec.engine import Engine, run_key
from xetrack._spec.hooks import Plugin, RunInfo, hookimpl
from xetrack._spec.monitors import Gauge, Monitor
from xetrack._spec.provider import API_VERSION, Context, Provider, Terminal
from xetrack._spec.sinks import LogSink, Sink
from xetrack._spec.sql_tables import SqlTables
from xetrack._spec.types import BigInt, Buffer, Columns, Json, Row, Run, SurrogateText, Value
from xetrack._sqlite.cells import (
    check_table,
    declared_type,
    fits,
    load_extra,
    normal_type,
    pack,
    quote,
    restore,
    restore_rows,
    split,
    type_fits,
    unpack,
)
from xetrack._sqlite.dialect import Dialect, EventTable
from xetrack._util.arguments import (
    flag,
    integer,
    local_path,
    place,
    refused,
    text,
    writable_file,
    writable_folder,
)
from xetrack._util.clock import Clock
from xetrack._util.environment import safe_mode
from xetrack._util.forksafe import HeldAtFork, new_lock
from xetrack._util.gc_pause import paused_gc
from xetrack._util.offsets import dump_offsets, load_offsets, merge_offsets
from xetrack._util.safe_pickle import check_memory
from xetrack._util.text import did_you_mean, escaped, explain, is_utf8, safe_text

__all__ = [
    "API_VERSION",
    "EXTRA",
    "IDENTITY",
    "Asset",
    "AssetInfo",
    "AssetStore",
    "Batch",
    "BigInt",
    "Buffer",
    "Changes",
    "Claim",
    "Clock",
    "Columns",
    "Context",
    "Dialect",
    "Engine",
    "EventTable",
    "Filter",
    "Gauge",
    "HeldAtFork",
    "Json",
    "LogSink",
    "MemoryEngine",
    "Monitor",
    "Normaliser",
    "Plugin",
    "Provider",
    "ResultCache",
    "Row",
    "Run",
    "RunInfo",
    "Serializer",
    "Sink",
    "SqlTables",
    "SurrogateText",
    "Terminal",
    "Value",
    "check_key",
    "check_memory",
    "check_table",
    "content_digest",
    "content_hash",
    "declared_type",
    "decode",
    "describe",
    "did_you_mean",
    "dump_offsets",
    "escaped",
    "explain",
    "fits",
    "flag",
    "hashes_in",
    "hookimpl",
    "integer",
    "is_utf8",
    "load_extra",
    "load_offsets",
    "local_path",
    "merge_offsets",
    "new_lock",
    "normal_type",
    "pack",
    "parse_filter",
    "paused_gc",
    "place",
    "process_is_gone",
    "quote",
    "redact_error",
    "redacted",
    "refused",
    "restore",
    "restore_rows",
    "run_key",
    "run_seconds",
    "run_utc",
    "safe_mode",
    "safe_text",
    "split",
    "text",
    "to_arrow",
    "to_pandas",
    "to_rows",
    "type_fits",
    "unpack",
    "writable_file",
    "writable_folder",
    "write_parquet",
]
