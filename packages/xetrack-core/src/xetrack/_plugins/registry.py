"""The plugins in use: their providers by kind and name, and the errors of those that do not work.

Only this module uses pluggy's manager. A plugin that fails is set aside with its error. The error is raised when
somebody asks for what the plugin brings; otherwise it becomes one warning.
"""

import sys
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pluggy

from xetrack import _memory
from xetrack._plugins import known
from xetrack._plugins.discovery import Found, installed, load
from xetrack._plugins.offer import Offer
from xetrack._spec import hooks
from xetrack._sqlite import engine as sqlite_engine
from xetrack._util.environment import strict
from xetrack._util.text import did_you_mean, explain
from xetrack.errors import (
    OptionError,
    PluginBrokenError,
    PluginConflictError,
    PluginDisabledError,
    PluginError,
    PluginNotInstalledError,
    XetrackWarning,
    outer_level,
)

__all__ = ["KINDS", "OPENED_BY_OPTION", "TRACKER_OPTIONS", "Offer", "Plugins", "discovered"]

KINDS = ("engines", "serializers", "asset_stores", "caches", "sinks", "monitors", "commands")
"""The kinds of providers. Each has a hook, `xetrack_<kind>`."""

OPENED_BY_OPTION = ("asset_stores", "caches", "sinks", "monitors")
"""The kinds whose providers open when one of their options is given."""

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
"""The options of `Tracker` itself, which no provider may claim. A misspelled option is compared with them, too."""

_PREFIX = f"{hooks.PROJECT}_"
_HOOKS = {name for name in vars(hooks.Plugin) if name.startswith(_PREFIX)}


class Plugins:
    """The plugins of the environment, and those passed to one tracker.

    Attributes:
        owners: the distribution, or class, of each registered plugin, by the plugin's name.
        failures: the errors of plugins that do not work, by the plugin's name.
    """

    def __init__(self, handed_in: Sequence[object] = (), base: "Plugins | None" = None) -> None:
        self._manager = pluggy.PluginManager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks.Plugin)
        self._base = base
        self.owners: dict[str, str] = {}
        self.failures: dict[str, PluginError] = dict(base.failures) if base else {}
        self.warned: set[str] = base.warned if base else set()
        self._offers: list[Offer] = base.all_offers() if base else []
        for index, plugin in enumerate(handed_in):
            self._hand_in(plugin, f"plugins[{index}]")
        self._collect(self.owners, handed_in=True)
        for offers in self._clashes().values():
            if any(offer.handed_in for offer in offers):
                raise _name_clash(offers)
        for (_, scheme), offers in self._scheme_clashes().items():
            if any(offer.handed_in for offer in offers):
                raise _scheme_clash(scheme, offers)

    @classmethod
    def of_environment(cls) -> "Plugins":
        """Return the built-in engines and every installed plugin that works."""
        return cls.of(installed())

    @classmethod
    def of(cls, chosen: Iterable[Found]) -> "Plugins":
        """Return the built-in engines and the `chosen` plugins. `failures` has the errors of those that do not work."""
        plugins = cls()
        for module in (sqlite_engine, _memory):
            plugins._register(module, module.__name__, "xetrack-core")
        for found in chosen:
            name = f"{found.distribution}:{found.name}"
            try:
                plugins._register(load(found), name, found.distribution)
            except PluginError as error:
                plugins.failures[name] = error
        plugins._collect(plugins.owners)
        return plugins

    def registered(self) -> list[tuple[str, Any]]:
        """Return each plugin with its name, in the order of registration."""
        return [(name, plugin) for name, plugin in self._manager.list_name_plugin() if plugin is not None]

    def hooks_of(self, plugin: object) -> list[str]:
        """Return the names of the hooks that a registered plugin implements, sorted."""
        return sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ())

    def having(self, handed_in: Sequence[object]) -> "Plugins":
        """Return these plugins and some more, for one tracker."""
        return Plugins(handed_in, self) if handed_in else self

    def _register(self, plugin: object, name: str, owner: str) -> None:
        try:
            self._manager.register(plugin, name)
            self._check_names(plugin)
        except (pluggy.PluginValidationError, ValueError) as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise PluginBrokenError(f"the plugin {name!r} does not fit the hooks of xetrack: {error}") from error
        self.owners[name] = owner

    def _check_names(self, plugin: object) -> None:
        """Refuse functions that look like hooks but would never be called: misspelled, or not marked."""
        implemented = _HOOKS.intersection(self.hooks_of(plugin))
        for name in dir(plugin):
            if not name.startswith(_PREFIX) or name in implemented:
                continue
            function = getattr(plugin, name)
            # A hook specification is inherited from `Plugin`.
            if callable(function) and not hasattr(function, f"{hooks.PROJECT}_spec"):
                cure = "lacks @xetrack.hookimpl." if name in _HOOKS else f"is not a hook.{did_you_mean(name, _HOOKS)}"
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

    def _collect(self, names: Collection[str], *, handed_in: bool = False) -> None:
        """Ask the plugins of these names for their providers. Raise what fails if they were handed in."""
        for kind in KINDS:
            for implementation in getattr(self._manager.hook, f"{_PREFIX}{kind}").get_hookimpls():
                if implementation.plugin_name in names:
                    self._ask(implementation, kind, handed_in=handed_in)

    def _ask(self, implementation: Any, kind: str, *, handed_in: bool) -> None:
        owner = self.owners[implementation.plugin_name]
        try:
            for provider in implementation.function() or ():
                offer = Offer(kind, provider, owner, handed_in)
                # Reading the options fails here, not later, if they are not a dataclass.
                if offer.options is not None:
                    self._offers.append(offer)
        except (Exception, SystemExit) as error:
            broken = PluginBrokenError(f"{_PREFIX}{kind}() of {owner} failed: {explain(error)}")
            broken.__cause__ = error
            if handed_in:
                raise broken from error
            self.failures[implementation.plugin_name] = broken

    def all_offers(self) -> list[Offer]:
        """Return every provider of every kind, including those that share a name."""
        return list(self._offers)

    def offers(self, kind: str) -> list[Offer]:
        """Return the providers of a kind, without those that share a name."""
        clashes = self._clashes()
        return [each for each in self._offers if each.kind == kind and (kind, each.provider.name) not in clashes]

    def _clashes(self) -> dict[tuple[str, str], list[Offer]]:
        """Return the providers that share their kind and name."""
        named: dict[tuple[str, str], list[Offer]] = {}
        for offer in self._offers:
            named.setdefault((offer.kind, offer.provider.name), []).append(offer)
        return {name: offers for name, offers in named.items() if len(offers) > 1}

    def _scheme_clashes(self) -> dict[tuple[str, str], list[Offer]]:
        """Return the providers of a kind that serve the same scheme, by kind and scheme."""
        claims: dict[tuple[str, str], list[Offer]] = {}
        for offer in self._offers:
            for scheme in offer.schemes:
                claims.setdefault((offer.kind, scheme), []).append(offer)
        return {claim: offers for claim, offers in claims.items() if len(offers) > 1}

    def pick(self, kind: str, name: str) -> Offer:
        """Return the provider of this kind and name.

        Raises:
            PluginError: there is none, or more than one. The message says what to do.
        """
        named = [offer for offer in self._offers if offer.kind == kind]
        found = [offer for offer in named if offer.provider.name == name]
        if len(found) > 1:
            raise _name_clash(found)
        if found:
            return found[0]
        what = f"{kind.removesuffix('s').replace('_', ' ')} {name!r}"
        others = list(dict.fromkeys(offer.provider.name for offer in named))
        raise self._missing(what, known.PROVIDERS.get((kind, name)), name, others)

    def serving(self, scheme: str, kind: str = "engines") -> Offer | None:
        """Return the engine, or another provider, that serves URLs of a scheme; None if there is none.

        Raises:
            PluginConflictError: several claim the scheme.
        """
        found = [offer for offer in self._offers if offer.kind == kind and scheme in offer.schemes]
        if len(found) > 1:
            raise _scheme_clash(scheme, found)
        return found[0] if found else None

    def schemes(self) -> list[str]:
        """Return the schemes of URLs that engines serve, sorted."""
        return sorted({scheme for offer in self._offers if offer.kind == "engines" for scheme in offer.schemes})

    def missing_scheme(self, scheme: str, shown: str) -> Exception:
        """Return why no engine serves a URL: its plugin does not work, is not installed, or does not exist."""
        if distribution := known.SCHEMES.get(scheme):
            return self._missing(f"{scheme}://", distribution, distribution.removeprefix("xetrack-"), [])
        served = sorted({*self.schemes(), *known.SCHEMES})
        message = f"{shown}: no installed plugin serves {scheme}:// URLs.{did_you_mean(scheme, served)}"
        return PluginNotInstalledError(
            f"{message} Pass the path of a file, or install such a plugin.{self._set_aside()}"
        )

    def raised_by_driver(self, error: BaseException) -> bool:
        """Return whether an error is of a kind that the driver of an engine raises, as the engine declares."""
        names = {name for offer in self._offers if offer.kind == "engines" for name in offer.provider.errors}
        return isinstance(error, tuple(kind for name in names if (kind := _imported(name)) is not None))

    def route(self, options: Mapping[str, Any], engine: Offer) -> list[tuple[Offer, dict[str, Any]]]:
        """Return each provider to open, the engine first, with the options it claims.

        Raises:
            OptionError: no provider claims an option.
            PluginError: the plugin that would claim an option is missing or does not work, or two claim it.
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
        for offers in self._clashes().values():
            if any(option in offer.options for offer in offers):
                return _name_clash(offers)
        for offer in self.offers("engines"):
            if option in offer.options:
                name = offer.provider.name
                return OptionError(f"{option}= belongs to the engine {name!r}: choose it with engine={name!r}.")
        if option == "config":
            return OptionError(
                "Tracker has no option config=. To add the fields of a config to every row: params=config."
            )
        if option in known.OPTIONS:
            return self._missing(f"{option}=", known.OPTIONS[option], option, [])
        names = sorted({*known.OPTIONS, *TRACKER_OPTIONS, *(name for offer in candidates for name in offer.options)})
        guess = did_you_mean(option, names) or " Check its spelling, or install the plugin that adds it."
        return OptionError(f"unknown option {option}=.{guess}{self._set_aside()}")

    def _missing(self, what: str, distribution: str | None, name: str, known: Sequence[str]) -> Exception:
        """Return why `what` is missing: its plugin does not work, is not installed, or does not exist."""
        for owner, failure in self.failures.items():
            if owner.partition(":")[0] == distribution or owner.partition(":")[2] == name:
                return failure
        if distribution is not None:
            return PluginNotInstalledError(f"{what} needs {distribution}: pip install {distribution}")
        message = f"there is no {what}.{did_you_mean(name, known)} Known: {', '.join(known)}.{self._set_aside()}"
        return PluginNotInstalledError(message)

    def _set_aside(self) -> str:
        """List the plugins that do not work, each with the reason: what was not found may be theirs."""
        if not self.failures:
            return ""
        off = [name for name, failure in self.failures.items() if isinstance(failure, PluginDisabledError)]
        reasons = [str(failure) for name, failure in self.failures.items() if name not in off]
        if off:
            reasons.append(f"disabled by XETRACK_DISABLE_PLUGINS: {', '.join(off)}.")
        return "\n- ".join([" It may belong to one of these plugins, which were not loaded:", *reasons])

    def warn_of_failures(self) -> None:
        """Warn once per process of each plugin that does not work, unless it was disabled; raise in strict mode."""
        failed = {name: each for name, each in self.failures.items() if not isinstance(each, PluginDisabledError)}
        clashes = {":".join(name): _name_clash(offers) for name, offers in self._clashes().items()}
        schemes = {
            f"{scheme}://": _scheme_clash(scheme, offers)
            for (_, scheme), offers in self._scheme_clashes().items()
            if offers not in self._clashes().values()
        }
        for name, failure in (failed | clashes | schemes).items():
            if strict():
                raise failure
            if name not in self.warned:
                self.warned.add(name)
                warnings.warn(f"{failure} The run continues without it.", XetrackWarning, stacklevel=outer_level())

    def fire(self, hook: str, **arguments: Any) -> list[str]:
        """Call a lifecycle hook of every plugin; return a message for each that failed."""
        failed = self._base.fire(hook, **arguments) if self._base else []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except Exception as error:
                failed.append(f"{hook}() of {self.owners[implementation.plugin_name]} failed: {explain(error)}")
        return failed


def _name_clash(offers: Sequence[Offer]) -> PluginConflictError:
    return PluginConflictError(_two_of(f"the name {offers[0].provider.name!r} among {offers[0].kind}", offers))


def _scheme_clash(scheme: str, offers: Sequence[Offer]) -> PluginConflictError:
    return PluginConflictError(_two_of(f"the URL scheme {scheme}://", offers))


def _imported(name: str) -> type[BaseException] | None:
    """Return the exception of this dotted name; None if its module was not imported, so that it was not raised."""
    module, _, attribute = name.rpartition(".")
    found = getattr(sys.modules.get(module), attribute, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def _two_of(what: str, offers: Sequence[Offer]) -> str:
    owners = " and ".join(offer.owner for offer in offers)
    return f"{what} is claimed by both {owners}. Uninstall one, or disable it with XETRACK_DISABLE_PLUGINS."


@lru_cache(maxsize=1)
def discovered() -> Plugins:
    """Return the plugins of this environment. They are looked for once per process."""
    return Plugins.of_environment()
