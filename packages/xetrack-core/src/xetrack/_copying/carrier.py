"""Copy logged objects from one store to another, as bytes."""

from collections.abc import Iterable, Sequence

from xetrack._plugins.registry import discovered
from xetrack._rows.hashes import uses_in
from xetrack._spec.assets import AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Row
from xetrack._tracking.assets import open_store, store_needed
from xetrack._util.environment import safe_mode

__all__ = ["Carrier", "object_store"]


def object_store(engine: Engine, db: str, *, read_only: bool = False) -> AssetStore:
    """Open the store of objects in a database. Raises `PluginNotInstalledError` if there is no package for it."""
    context = Context(db, read_only=read_only, engine=engine, trusted=not safe_mode())
    store = open_store(discovered(), [], context)
    if store is None:
        raise store_needed(discovered(), "copying logged objects", "To copy the rows alone: assets=False")
    return store


class Carrier:
    """Copies objects and their names from one store to another."""

    def __init__(self, source: AssetStore, target: AssetStore) -> None:
        self._source = source
        self._target = target
        self._known = set(source.keys())
        # The names of each object that are still to be copied.
        self._names: dict[str, list[str]] = {}
        for name, key in source.names().items():
            if key in self._known:
                self._names.setdefault(key, []).append(name)

    def carry(self, rows: Iterable[Row]) -> None:
        """Copy the objects that new cells name, with their names, as if they were logged now; add to their uses."""
        uses = uses_in([row.values() for row in rows], self._known)
        for key in [key for key in uses if key in self._names or key not in self._target]:
            self._put(key, uses.pop(key), self._names.pop(key, []))
        self._target.recount(uses)

    def carry_rest(self) -> None:
        """Copy the objects that no row names. Names that the target has already keep their meaning."""
        taken = self._target.names()
        for key in self._source:
            names = [name for name in self._names.get(key, []) if name not in taken]
            missing = key not in self._target
            if names or missing:
                told = self._source.info(key) if missing else None
                self._put(key, told.uses if told else 0, names)

    def _put(self, key: str, uses: int, names: Sequence[str]) -> None:
        asset = self._source.raw(key)
        self._target.put(asset, next(iter(names), None), uses)
        for name in names[1:]:
            self._target.put(asset, name, 0)
