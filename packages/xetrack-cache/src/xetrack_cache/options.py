"""Options for `Tracker` that xetrack-cache adds."""

import os
from dataclasses import dataclass

from xetrack.plugin import integer, local_path

__all__ = ["CacheOptions"]


@dataclass(frozen=True)
class CacheOptions:
    """Options for `Tracker` that xetrack-cache adds.

    Attributes:
        cache: folder of the cache, created if it does not exist. Must be on a local file system.
        cache_version: `"code"` computes a function again after its code was edited. `"none"` goes by its name only.
            Any other text replaces the code: change the text to compute everything again.
        cache_args: `"hashable"` does not cache calls with unhashable arguments (lists, dicts, arrays). `"content"`
            compares such arguments by their whole content.
        cache_size_limit: limit in bytes, above which the oldest entries are deleted. None keeps everything.
    """

    cache: str | os.PathLike[str]
    cache_version: str = "code"
    cache_args: str = "hashable"
    cache_size_limit: int | None = None

    def __post_init__(self) -> None:
        """Check the options. Raises `ValueError` or `TypeError`."""
        if not local_path("cache", self.cache):
            raise ValueError("cache= is empty. Pass the path of a folder.")
        version: object = self.cache_version
        if not (isinstance(version, str) and version):
            raise ValueError(f'cache_version={version!r}: use "code", "none" or any other non-empty text.')
        if self.cache_args not in {"hashable", "content"}:
            raise ValueError(f'cache_args={self.cache_args!r}: use "hashable" or "content".')
        limit = self.cache_size_limit
        if limit is not None and integer("cache_size_limit", limit) < 1:
            raise ValueError(f"cache_size_limit={limit}: use a number of bytes above 0, or None for no limit.")
