"""What is plugged in: providers by kind and name, who claims which option, and what went wrong.

The only user of pluggy's manager. A plugin that fails is set aside with its error; the error is raised when somebody
asks for what the plugin brings, and otherwise warned of once.
"""

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import Any

import pluggy

from xetrack import _memory
from xetrack._plugins import known
from xetrack._plugins.discovery import Found, installed, load
from xetrack._spec import hooks
from xetrack._spec.provider import Context, Provider
from xetrack._sqlite import engine as sqlite_engine
from xetrack._util.arguments import flag
from xetrack._util.environment import strict
from xetrack._util.text import did_you_mean, explain, safe_text
from xetrack.errors import (
    OptionError,
    PluginBrokenError,
    PluginConflictError,
    PluginDisabledError,
    PluginError,
    PluginNotInstalledError,
    XetrackError,
    XetrackWarning,
    outer_level,
)

__all__ = ["KINDS", "OPENED_BY_OPTION", "TRACKER_OPTIONS", "Offer", "Plugins", "discovered"]

KINDS = ("engines", "serializers", "asset_stores", "caches", "sinks", "monitors", "commands")
"""The kinds of providers."""

TRACKER_OPTIONS = (
    "db",
    "params",
    "table",
    "engine",
    "track_id",
    "reset",
    "raise_on_error",
    "warnings",
    "git_root",
    "plugins",
    "trusted",
)
"""Options of the tracker itself: a misspelt one is found here."""

_OPTIONAL_FLAGS: tuple[Any, ...] = (bool | None, "bool | None", "Optional[bool]")
_FLAGS = (bool, "bool", *_OPTIONAL_FLAGS)
"""How a field of options is declared that is a boolean; as text where annotations are not evaluated."""

_SHOWN = 500  # characters of options in an error
_PREFIX = f"{hooks.PROJECT}_"
_HOOKS = tuple(name.removeprefix(_PREFIX) for name in vars(hooks.Plugin) if name.startswith(_PREFIX))

OPENED_BY_OPTION = ("asset_stores", "caches", "sinks", "monitors")
"""Kinds whose providers open when one of their options is given."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider of some kind, and who registered it. One handed in with `plugins=` is asked for by that alone."""

    kind: str
    provider: Provider[Any]
    owner: str
    handed_in: bool = False

    @property
    def options(self) -> frozenset[str]:
        """The options it claims."""
        return frozenset(each.name for each in fields(self.provider.options)) if self.provider.options else frozenset()

    def checked(self, option: str, value: Any) -> Any:
        """Return the value of an option; where it is declared as a boolean, as one. Raises `OptionError`."""
        types = {each.name: each.type for each in fields(self.provider.options)} if self.provider.options else {}
        declared = types.get(option)
        is_flag = declared in _FLAGS and not (value is None and declared in _OPTIONAL_FLAGS)
        return flag(option, value) if is_flag else value

    def open(self, options: Mapping[str, Any], context: Context) -> Any:
        """Open what it provides. Raises `OptionError` if the options do not fit."""
        chosen = None
        if self.provider.options is not None:
            self._check_needed(options)
            try:
                chosen = self.provider.options(**options)
            except XetrackError:
                raise
            except Exception as error:
                shown = safe_text(dict(options))[:_SHOWN]
                message = (
                    f"{self.provider.name} of {self.owner} cannot use the options {shown}: {safe_text(error, str)}"
                )
                raise OptionError(message) from error
        return self.provider.open(chosen, context)

    def _check_needed(self, options: Mapping[str, Any]) -> None:
        """Raise `OptionError` if options were given, but not one that they need."""
        declared = fields(self.provider.options) if self.provider.options else ()
        needed = [each.name for each in declared if each.default is MISSING and each.default_factory is MISSING]
        missing = [name for name in needed if name not in options]
        if missing and options:
            given, wanted = (", ".join(f"{name}=" for name in names) for names in (options, missing))
            raise OptionError(f"{given} cannot be used without {wanted}. Give both.")


class Plugins:
    """The plugins of the environment, and those handed to one tracker."""

    def __init__(self, handed_in: Sequence[object] = (), base: "Plugins | None" = None) -> None:
        self._manager = pluggy.PluginManager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks.Plugin)
        self.owners: dict[str, str] = {}
        self._handed_in: set[str] = set()
        self.failures: dict[str, PluginError] = dict(base.failures) if base else {}
        self.warned: set[str] = base.warned if base else set()
        self._offers: dict[str, dict[str, list[Offer]]] = {kind: {} for kind in KINDS}
        if base is not None:
            for name, plugin in base.registered():
                self._register(plugin, name, base.owners[name])
            for offer in base.all_offers():
                self._add(offer)
        for index, plugin in enumerate(handed_in):
            self._hand_in(plugin, f"plugins[{index}]")
        self._collect(self._handed_in)
        for offers in self._clashes().values():
            if any(offer.handed_in for offer in offers):
                raise _name_clash(offers)

    @classmethod
    def of_environment(cls) -> "Plugins":
        """The built-in engines and every installed plugin that works."""
        return cls.of(installed())

    @classmethod
    def of(cls, chosen: Iterable[Found]) -> "Plugins":
        """The built-in engines and those of the `chosen` that work. What ails the others is in `failures`."""
        plugins = cls()
        for module in (sqlite_engine, _memory):
            plugins._register(module, module.__name__, "xetrack-core")
        for found in chosen:
            name = f"{found.distribution}:{found.name}"
            try:
                plugins._register(load(found), name, found.distribution)
            except PluginError as error:
                plugins.failures[name] = error
        plugins._collect(plugins.owners.keys())
        return plugins

    def registered(self) -> list[tuple[str, Any]]:
        """Each plugin with its name, in the order of registration."""
        return [(name, plugin) for name, plugin in self._manager.list_name_plugin() if plugin is not None]

    def hooks_of(self, plugin: object) -> list[str]:
        """The names of the hooks that a registered plugin implements, sorted."""
        return sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ())

    def having(self, handed_in: Sequence[object]) -> "Plugins":
        """These plugins, and some more for one tracker."""
        return Plugins(handed_in, self) if handed_in else self

    def _register(self, plugin: object, name: str, owner: str) -> None:
        try:
            self._manager.register(plugin, name)
            self._check_names(plugin)
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            message = f"the plugin {name!r} does not fit the hooks of xetrack: {error}"
            raise PluginBrokenError(message) from error
        self.owners[name] = owner

    def _check_names(self, plugin: object) -> None:
        """Refuse a method that is meant as a hook but would never be called: misspelled, or not marked."""
        implemented = {each.removeprefix(_PREFIX) for each in self.hooks_of(plugin)} & set(_HOOKS)
        for name in dir(plugin):
            word = name.removeprefix(_PREFIX)
            if not name.startswith(_PREFIX) or word in implemented:
                continue
            method = getattr(plugin, name)
            if not callable(method) or hasattr(method, f"{hooks.PROJECT}_spec"):  # inherited from Plugin
                continue
            meant = _closest(word, _HOOKS)
            if meant is None or meant in implemented:  # a helper of the plugin's own
                continue
            cure = f"is not a hook. Did you mean {_PREFIX}{meant}?" if meant != word else "lacks @xetrack.hookimpl."
            raise pluggy.PluginValidationError(plugin, f"{name}() {cure}")

    def _hand_in(self, plugin: object, name: str) -> None:
        made = plugin() if isinstance(plugin, type) else plugin
        self._register(made, name, f"{type(made).__qualname__} in plugins=")
        if not self._manager.get_hookcallers(made):
            message = (
                f"{made!r} in plugins= implements no hook. Give it a method such as xetrack_sinks(self), "
                "marked with @xetrack.hookimpl, that returns providers."
            )
            raise PluginBrokenError(message)
        self._handed_in.add(name)

    def _collect(self, names: Collection[str]) -> None:
        """Ask the plugins of these names for their providers of every kind."""
        for kind in KINDS:
            for implementation in getattr(self._manager.hook, f"xetrack_{kind}").get_hookimpls():
                if implementation.plugin_name in names:
                    self._ask(implementation, kind)

    def _ask(self, implementation: Any, kind: str) -> None:
        name = implementation.plugin_name
        try:
            for provider in implementation.function() or ():
                offer = Offer(kind, provider, self.owners[name], name in self._handed_in)
                if offer.options is not None:  # fails here if the options are no dataclass
                    self._add(offer)
        except (Exception, SystemExit) as error:
            message = f"xetrack_{kind}() of {self.owners[name]} failed: {explain(error)}"
            broken = PluginBrokenError(message)
            broken.__cause__ = error
            if name in self._handed_in:
                raise broken from error
            self.failures[name] = broken

    def _add(self, offer: Offer) -> None:
        self._offers[offer.kind].setdefault(offer.provider.name, []).append(offer)

    # Choosing

    def offers(self, kind: str) -> list[Offer]:
        """Every provider of a kind whose name is its own."""
        return [offers[0] for offers in self._offers[kind].values() if len(offers) == 1]

    def all_offers(self) -> list[Offer]:
        """Every provider of every kind, those too whose name another one has."""
        return [offer for named in self._offers.values() for offers in named.values() for offer in offers]

    def pick(self, kind: str, name: str) -> Offer:
        """The provider of that name. Raises a `PluginError` that says how to get it."""
        found = self._offers[kind].get(name, [])
        if len(found) > 1:
            raise _name_clash(found)
        if found:
            return found[0]
        what = f"{_singular(kind)} {name!r}"
        raise self._missing(what, known.PROVIDERS.get((kind, name)), name, list(self._offers[kind]))

    def route(self, options: Mapping[str, Any], engine: Offer) -> list[tuple[Offer, dict[str, Any]]]:
        """Each provider to open, the engine first, with the options it claims.

        Raises `OptionError` for an option that nobody claims, or a `PluginError` if the plugin that would is missing.
        """
        candidates = [engine, *(offer for kind in OPENED_BY_OPTION for offer in self.offers(kind))]
        given: list[dict[str, Any]] = [{} for _ in candidates]
        for option, value in options.items():
            claimants = [index for index, offer in enumerate(candidates) if option in offer.options]
            if not claimants:
                raise self._unclaimed(option, candidates)
            if len(claimants) > 1:
                raise PluginConflictError(_two_of(f"the option {option!r}", [candidates[index] for index in claimants]))
            given[claimants[0]][option] = candidates[claimants[0]].checked(option, value)
        routed = zip(candidates, given, strict=True)
        return [(offer, chosen) for offer, chosen in routed if chosen or offer is engine or offer.handed_in]

    def _unclaimed(self, option: str, candidates: Sequence[Offer]) -> Exception:
        """The error for an option that no candidate claims."""
        for offers in self._clashes().values():
            if any(option in offer.options for offer in offers):
                return _name_clash(offers)
        for offer in self.offers("engines"):
            if option in offer.options:
                name = offer.provider.name
                return OptionError(f"{option}= belongs to the engine {name!r}: choose it with engine={name!r}.")
        if option == "config":
            return OptionError(
                "a tracker has no option config=. For a config whose fields join every row: params=config."
            )
        if option in known.OPTIONS:
            return self._missing(f"{option}=", known.OPTIONS[option], option, [])
        names = sorted({*known.OPTIONS, *TRACKER_OPTIONS, *(name for offer in candidates for name in offer.options)})
        message = f"no installed plugin knows the option {option}=.{did_you_mean(option, names)}{self._set_aside()}"
        return OptionError(message)

    def _missing(self, what: str, distribution: str | None, name: str, known: Sequence[str]) -> Exception:
        """Why `what` is not there: its plugin failed, or is not installed, or nobody ever heard of it."""
        for owner, failure in self.failures.items():
            if owner.partition(":")[0] == distribution or owner.partition(":")[2] == name:
                return failure
        if distribution is not None:
            return PluginNotInstalledError(f"{what} needs {distribution}: pip install {distribution}")
        message = f"there is no {what}.{did_you_mean(name, known)} Known: {', '.join(known)}.{self._set_aside()}"
        return PluginNotInstalledError(message)

    def _set_aside(self) -> str:
        """The plugins that do not work, and why: what is not found may be theirs."""
        if not self.failures:
            return ""
        off = [name for name, failure in self.failures.items() if isinstance(failure, PluginDisabledError)]
        reasons = [str(failure) for name, failure in self.failures.items() if name not in off]
        if off:
            reasons.append(f"switched off by XETRACK_DISABLE_PLUGINS: {', '.join(off)}.")
        return "\n- ".join([" It may belong to a plugin that does not work:", *reasons])

    def warn_of_failures(self) -> None:
        """Warn, once a process, of what was found but does not work; in strict mode raise it."""
        for name, failure in self._troubles().items():
            if strict():
                raise failure
            if name not in self.warned:
                self.warned.add(name)
                warnings.warn(f"{failure} It is left out; the run goes on.", XetrackWarning, stacklevel=outer_level())

    def _troubles(self) -> dict[str, PluginError]:
        # a plugin that was switched off is no trouble
        failed = {name: each for name, each in self.failures.items() if not isinstance(each, PluginDisabledError)}
        return failed | {name: _name_clash(offers) for name, offers in self._clashes().items()}

    def _clashes(self) -> dict[str, list[Offer]]:
        """Providers of one kind and name, where there are several."""
        return {
            f"{kind}:{name}": offers
            for kind, named in self._offers.items()
            for name, offers in named.items()
            if len(offers) > 1
        }

    # Lifecycle

    def fire(self, hook: str, **arguments: Any) -> list[str]:
        """Call a lifecycle hook of every plugin, each on its own; return what failed."""
        failed = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception as error:
                failed.append(f"{hook}() of {self.owners[implementation.plugin_name]} failed: {explain(error)}")
        return failed


def _singular(kind: str) -> str:
    return kind.removesuffix("s").replace("_", " ")


def _name_clash(offers: Sequence[Offer]) -> PluginConflictError:
    return PluginConflictError(_two_of(f"the name {offers[0].provider.name!r} among {offers[0].kind}", offers))


def _two_of(what: str, offers: Sequence[Offer]) -> str:
    owners = " and ".join(offer.owner for offer in offers)
    return f"{what} is claimed by both {owners}. Uninstall one, or switch it off with XETRACK_DISABLE_PLUGINS."


def _closest(word: str, known: Sequence[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(word, known, n=1)), None)


@lru_cache(maxsize=1)
def discovered() -> Plugins:
    """The plugins of this environment, looked for once a process."""
    return Plugins.of_environment()
