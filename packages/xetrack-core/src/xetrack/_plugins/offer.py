"""A provider together with the plugin that registered it."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from xetrack._redact import HIDDEN, is_secret
from xetrack._spec.provider import Context, Provider
from xetrack._util.arguments import flag
from xetrack._util.text import clipped, safe_text
from xetrack.errors import OptionError, XetrackError

__all__ = ["Offer"]

_SHOWN = 500  # characters of options in an error
# Types are text in modules with `from __future__ import annotations`.
_FLAGS = {str(bool), "bool", "bool | None", "Optional[bool]", "typing.Optional[bool]"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider, its kind, and the plugin that registered it.

    Attributes:
        kind: one of `KINDS`.
        provider: what the plugin registered.
        owner: the distribution, or the class of an object passed as `plugins=`.
        handed_in: whether it came with `plugins=`. Such a provider opens even if none of its options is given.
    """

    kind: str
    provider: Provider[Any]
    owner: str
    handed_in: bool = False

    @property
    def options(self) -> frozenset[str]:
        """The names of the `Tracker` options that it claims."""
        return frozenset(each.name for each in self._fields())

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes of the URLs that an engine or a cache serves."""
        return tuple(self.provider.schemes or ())

    def _fields(self) -> tuple[Any, ...]:
        return fields(self.provider.options) if self.provider.options else ()

    def checked(self, option: str, value: Any) -> Any:
        """Return the value of an option, as a bool if the option is declared as one.

        Raises:
            OptionError: the option is a bool, and the value cannot be one.
        """
        declared = {each.name: str(each.type) for each in self._fields()}
        return flag(option, value) if value is not None and declared.get(option) in _FLAGS else value

    def open(self, options: Mapping[str, Any], context: Context) -> Any:
        """Open what the provider offers.

        Args:
            options: the options that it claims and the user gave.
            context: where it is opened.

        Raises:
            OptionError: an option is missing, or the provider refuses a value.
        """
        if self.provider.options is None:
            return self.provider.open(None, context)
        needed = (each.name for each in self._fields() if each.default is each.default_factory is MISSING)
        if options and (missing := [f"{name}=" for name in needed if name not in options]):
            given = ", ".join(f"{name}=" for name in options)
            raise OptionError(f"{given} cannot be used without {', '.join(missing)}. Give both.")
        try:
            chosen = self.provider.options(**options)
        except XetrackError:
            raise
        except Exception as error:
            shown = clipped(_public(options), _SHOWN)
            reason = safe_text(error, str)
            raise OptionError(
                f"{self.provider.name} of {self.owner} cannot use the options {shown}: {reason}"
            ) from error
        return self.provider.open(chosen, context)


def _public(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options for an error, without passwords."""
    return {name: HIDDEN if is_secret(name) else value for name, value in options.items()}
