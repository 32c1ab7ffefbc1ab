"""Which distribution brings what: so that an error can say exactly what to install."""

__all__ = ["OPTIONS", "PROVIDERS"]

OPTIONS: dict[str, str] = {
    "assets": "xetrack-assets",
    "compress": "xetrack-assets",
    "serializer": "xetrack-assets",
    "cache": "xetrack-cache",
    "cache_args": "xetrack-cache",
    "cache_size_limit": "xetrack-cache",
    "cache_version": "xetrack-cache",
    "jsonl": "xetrack-sinks",
    "jsonl_max_bytes": "xetrack-sinks",
    "logs_path": "xetrack-sinks",
    "logs_stdout": "xetrack-sinks",
    "logs_file_format": "xetrack-sinks",
    "log_system_params": "xetrack-monitors",
    "log_network_params": "xetrack-monitors",
    "measurement_interval": "xetrack-monitors",
    "duckdb_cache": "xetrack-duckdb",
    "memory_limit": "xetrack-duckdb",
    "temp_directory": "xetrack-duckdb",
}
"""Options of `Tracker` that a package of ours claims."""

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
"""Kind and name of the providers that our packages register."""
