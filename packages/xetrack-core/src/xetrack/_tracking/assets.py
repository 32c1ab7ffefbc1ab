"""Objects in rows: open the asset store, replace objects by their hashes, and find them again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xetrack._plugins.registry import Offer, Plugins
from xetrack._rows.normalize import describe
from xetrack._spec.assets import Asset, AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Value
from xetrack.errors import InvalidValueError, OptionError, PluginNotInstalledError

__all__ = [
    "Keeper",
    "Objects",
    "find_object",
    "open_store",
    "store_needed",
]


def open_store(
    plugins: Plugins, routed: Sequence[tuple[Offer, Mapping[str, Any]]], context: Context
) -> AssetStore | None:
    """Open the asset store whose options were given, or the only one that serves this engine. None without any."""
    chosen = [(offer, given) for offer, given in routed if offer.kind == "asset_stores"]
    chosen = chosen or [(offer, {}) for offer in plugins.offers("asset_stores")]
    serializers = {offer.provider.name: offer.open({}, context) for offer in plugins.offers("serializers")}
    context = replace(context, serializers=serializers)
    opened = [(offer, store) for offer, given in chosen if (store := offer.open(given, context)) is not None]
    if len(opened) > 1:
        names = ", ".join(offer.provider.name for offer, _ in opened)
        message = f"Several asset stores are installed ({names}). Choose one by setting one of its options."
        raise OptionError(message)
    return opened[0][1] if opened else None


def store_needed(plugins: Plugins, what: str, otherwise: str = "") -> Exception:
    """Return the error for `what` needing an asset store where none opened. `otherwise` is an alternative."""
    if plugins.offers("asset_stores"):
        return OptionError(f"{what} needs an asset store that supports this engine. {otherwise}".rstrip())
    return PluginNotInstalledError(f"{what} needs xetrack-assets: pip install xetrack-assets. {otherwise}".rstrip(". "))


def find_object(store: AssetStore, engine: Engine, table: str, key: str) -> object | None:
    """Return the object with this hash, or the one last logged under this key in any run of the table.

    A name in the store stands for the latest object that was logged itself. If a run has logged the hash of an older
    object since, the last values of the runs decide.
    """
    if key in store:
        return store.get(key)
    last = dict.fromkeys(value for run in engine.runs(table) if type(value := run.values.get(key)) is str)
    hashes = [value for value in last if value in store]
    if not hashes or store.names().get(key) in hashes:
        return store.get(key)
    return store.get(hashes[0])


class Objects:
    """Replaces objects in rows by their hashes, and prepares them for the store.

    Guarded by the lock of the run: what one call prepared is stored, or dropped, before the next one begins.
    """

    def __init__(self, open_store: Callable[[], AssetStore | None], warn: Callable[[str, str], None]) -> None:
        self.prepared: list[tuple[str, Asset]] = []
        """Objects of the call in progress, each with its key in the event."""
        self._open_store = open_store
        self._warn = warn
        self._store: AssetStore | None = None

    def store(self) -> AssetStore | None:
        """The asset store, opened when first asked for."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def claims(self, value: object) -> bool:
        """Whether a specific serializer takes `value`. A config is then stored as an object."""
        claims = getattr(self.store(), "claims", None)
        return claims is not None and bool(claims(value))

    def keep(self, key: str, value: Any, objects: Sequence[str] = ()) -> Value:
        """Return the hash that replaces an object in its row, or its repr if there is no asset store.

        Args:
            key: the key of the event.
            value: the object, or a list or dict that holds objects.
            objects: paths of the objects in a list or dict, such as `config['callback']`.
        """
        store = self.store()
        if store is None:
            where = objects[0] if objects else key
            message = f"Only the repr of {where} is logged. Objects need a database file and xetrack-assets"
            self._warn("assets", f"{message} (pip install xetrack-assets).")
            return describe(key, value, objects)
        asset = store.prepare(value)
        self.prepared.append((key, asset))
        if len(objects) == 1:  # a config with a stray object; a checkpoint has many
            kind = type(value).__qualname__
            message = f"JSON cannot hold {objects[0]}, so the whole {kind} {key!r} is stored as one object."
            cure = f"Log {objects[0]} as text to keep the {kind} readable in the row."
            self._warn(f"stored whole {key}", f"{message} {cure}")
        return asset.hash

    def keep_or_describe(self, key: str, value: Any, objects: Sequence[str] = ()) -> Value:
        """Do the same as `keep`, but replace an object that cannot be serialized by its repr, with a warning."""
        try:
            return self.keep(key, value, objects)
        except InvalidValueError as error:
            self._warn(f"object {key}", f"the value of {key!r} {error} Only its repr is logged.")
            return describe(key, value, objects)


class Keeper:
    """What a normaliser hands objects to: see `Keep` in `_rows.normalize`."""

    def __init__(self, keep: Callable[..., Value], claims: Callable[[object], bool]) -> None:
        self._keep = keep
        self.claims = claims

    def __call__(self, key: str, value: Any, objects: Sequence[str] = (), /) -> Value:
        """Return what the row holds instead."""
        return self._keep(key, value, objects)
