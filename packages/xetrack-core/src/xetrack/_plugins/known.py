"""Which of our distributions brings what, so that an error can say what to install."""

__all__ = ["OPTIONS", "PROVIDERS", "SCHEMES"]

_OPTIONS = {
    "xetrack-assets": ("assets", "compress", "serializer"),
    "xetrack-cache": ("cache", "cache_args", "cache_size_limit", "cache_version"),
    "xetrack-sinks": ("jsonl", "jsonl_max_bytes", "logs_path", "logs_stdout", "logs_file_format"),
    "xetrack-monitors": ("log_system_params", "log_network_params", "measurement_interval"),
    "xetrack-duckdb": ("duckdb_cache", "memory_limit", "temp_directory"),
}

OPTIONS: dict[str, str] = {option: distribution for distribution, options in _OPTIONS.items() for option in options}
"""Options of `Tracker` that our packages claim, and the distribution of each."""

PROVIDERS: dict[tuple[str, str], str] = {
    ("engines", "duckdb"): "xetrack-duckdb",
    ("asset_stores", "sqlitedict"): "xetrack-assets",
    ("serializers", "arrow"): "xetrack-assets",
    ("serializers", "cloudpickle"): "xetrack-assets",
    ("serializers", "npy"): "xetrack-assets",
    ("caches", "diskcache"): "xetrack-cache",
    ("commands", "assets"): "xetrack-assets",
    ("commands", "cache"): "xetrack-cache",
    ("sinks", "logs"): "xetrack-sinks",
    ("sinks", "jsonl"): "xetrack-sinks",
    ("monitors", "system"): "xetrack-monitors",
}
"""Providers that our packages register, by kind and name, and the distribution of each."""

SCHEMES: dict[str, str] = {
    "postgresql": "xetrack-postgres",
    "postgres": "xetrack-postgres",
    "clickhouse": "xetrack-clickhouse",
}
"""Schemes of URLs that engines of our packages serve, and the distribution of each."""
