"""Objects in rows: the store that keeps them, and what is yet to be kept with the next rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xetrack._plugins.registry import Offer, Plugins
from xetrack._rows.normalize import describe
from xetrack._spec.assets import Asset, AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Value
from xetrack._util.interrupts import block
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
    """The asset store: the one whose options were given, or the only one that serves this engine; None without any."""
    chosen = [(offer, given) for offer, given in routed if offer.kind == "asset_stores"]
    chosen = chosen or [(offer, {}) for offer in plugins.offers("asset_stores")]
    serializers = {offer.provider.name: offer.open({}, context) for offer in plugins.offers("serializers")}
    context = replace(context, serializers=serializers)
    opened = [(offer, store) for offer, given in chosen if (store := offer.open(given, context)) is not None]
    if len(opened) > 1:
        names = ", ".join(offer.provider.name for offer, _ in opened)
        message = f"there are several asset stores ({names}): choose one by giving one of its options."
        raise OptionError(message)
    return opened[0][1] if opened else None


def store_needed(plugins: Plugins, what: str, otherwise: str = "") -> Exception:
    """The error where no store opened: `what` needs one; what can be done `otherwise`."""
    if plugins.offers("asset_stores"):
        return OptionError(f"{what} needs an asset store, and none that is installed serves this engine. {otherwise}")
    return PluginNotInstalledError(f"{what} needs xetrack-assets: pip install xetrack-assets. {otherwise}".rstrip(". "))


def find_object(store: AssetStore, engine: Engine, table: str, key: str) -> object | None:
    """Return the object with this hash, or the one last logged under this key in any run of the table.

    A store's name means the object that was last logged itself. A run may have logged the hash of an older one since:
    then the last values of the runs decide.
    """
    if key in store:
        return store.get(key)
    last = dict.fromkeys(value for run in engine.runs(table) if type(value := run.values.get(key)) is str)
    hashes = [value for value in last if value in store]
    if not hashes or store.names().get(key) in hashes:
        return store.get(key)
    return store.get(hashes[0])


class Objects:
    """The objects of one tracker: those in its params, and those in rows that are about to be stored.

    The tracker's lock guards it: what one call prepares is stored, or let go, before the next one begins.
    """

    def __init__(self, open_store: Callable[[], AssetStore | None], warn: Callable[[str, str], None]) -> None:
        self.pending: list[tuple[str, Asset]] = []
        self.of_params: dict[str, list[Asset]] = {}
        self._open_store = open_store
        self._warn = warn
        self._store: AssetStore | None = None

    def store(self) -> AssetStore | None:
        """The asset store, opened when first asked for."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    @block
    def of_call(self) -> Iterator[None]:
        """Let go at the end of the block of what was prepared in it."""
        try:
            yield
        finally:
            self.pending = []

    def claims(self, value: object) -> bool:
        """Whether a serializer is meant for `value`. Then it is an object, though it may be a config too."""
        claims = getattr(self.store(), "claims", None)
        return claims is not None and bool(claims(value))

    def keep(self, key: str, value: Any, objects: Sequence[str] = ()) -> Value:
        """Return what stands for an object in its row: its hash, or its description without an asset store.

        Args:
            key: the key of the event.
            value: the object, or a list or dict that holds objects.
            objects: where in a list or dict the objects are, such as `config['callback']`.
        """
        store = self.store()
        if store is None:
            where = objects[0] if objects else key
            message = f"Only the repr of {where} is logged. Objects need a database file and xetrack-assets"
            self._warn("assets", f"{message} (pip install xetrack-assets).")
            return describe(key, value, objects)
        asset = store.prepare(value)
        self.pending.append((key, asset))
        if len(objects) == 1:  # a config with a stray object; a checkpoint has many
            kind = type(value).__qualname__
            message = f"JSON cannot hold {objects[0]}, so the whole {kind} {key!r} is stored as one object."
            cure = f"Log {objects[0]} as text to keep the {kind} readable in the row."
            self._warn(f"stored whole {key}", f"{message} {cure}")
        return asset.hash

    def keep_or_describe(self, key: str, value: Any, objects: Sequence[str] = ()) -> Value:
        """As `keep`, but describe an object that cannot be serialized, with a warning."""
        try:
            return self.keep(key, value, objects)
        except InvalidValueError as error:
            self._warn(f"object {key}", f"the value of {key!r} {error} Only its repr is logged.")
            return describe(key, value, objects)

    def put_pending(self, uses: int = 1) -> None:
        """Keep what the rows of this call name. Runs inside the transaction that stores the rows."""
        store = self.store()
        if store is not None:
            for key, asset in self.pending:
                store.put(asset, key, uses)

    def freeze(self, key: str) -> None:
        """What is pending belongs to a param: keep a copy for the rows to come."""
        self.of_params.pop(key, None)
        if self.pending:
            self.of_params[key] = [replace(asset, pieces=(b"".join(asset.pieces),)) for _, asset in self.pending]
            self.pending.clear()

    def join_params(self, event: Mapping[str, Any]) -> None:
        """A row gets the objects of params too, unless the event has its own value there."""
        for key, assets in self.of_params.items():
            if key not in event:
                self.pending.extend((key, asset) for asset in assets)


class Keeper:
    """What a normaliser hands objects to: see `xetrack._rows.normalize.Keep`.

    Arguments:
        objects: those of the tracker.
        strict: refuse objects that cannot be serialized; otherwise describe them.
    """

    def __init__(self, objects: Objects, *, strict: bool) -> None:
        self._keep = objects.keep if strict else objects.keep_or_describe
        self.claims = objects.claims

    def __call__(self, key: str, value: Any, objects: Sequence[str] = (), /) -> Value:
        """Return what the row holds instead."""
        return self._keep(key, value, objects)
