"""What all contracts share: waivers, capabilities, and plugins that open the thing under test."""

import difflib
from abc import ABC
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from xetrack.plugin import Context, Plugin, Provider

__all__ = ["Contract", "plugin_with"]


class Contract(ABC):  # noqa: B024 - each kind has abstract methods of its own
    """Base class of all contracts. Subclass one as `Test...`; each of its tests is a promise of `xetrack.plugin`.

    Tests of capabilities that the subclass does not declare, or that need a method it does not define, are skipped.

    `waivers` maps tests that the plugin cannot pass to the reason:
    `{"test_threads_share_an_engine": "one session per thread"}`. A single case of a parametrized test is named with its
    brackets: `"test_a_key_comes_back_as_it_was['']"`. A waived test that passes is a failure. So is a waiver without a
    reason, or for a test that does not exist.
    """

    waivers: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Raise `TypeError` for an invalid waiver."""
        super().__init_subclass__(**options)
        for name, reason in cls.waivers.items():
            test = name.partition("[")[0]
            if not (test.startswith("test_") and callable(getattr(cls, test, None))):
                close = difflib.get_close_matches(test, [each for each in dir(cls) if each.startswith("test_")], n=1)
                guess = f" Did you mean {close[0]!r}?" if close else ""
                raise TypeError(f"waivers of {cls.__name__}: there is no test {test!r}.{guess}")
            if not reason.strip():
                raise TypeError(f"waivers of {cls.__name__}: {name!r} needs a reason.")

    @pytest.fixture(autouse=True)
    def waiver(self, request: pytest.FixtureRequest) -> None:
        """Mark a waived test as a strict expected failure."""
        names = (request.node.name, request.node.originalname)
        for reason in (self.waivers[name] for name in names if name in self.waivers):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def require(self, capability: str) -> None:
        """Skip the test unless the class declares `capability`."""
        if not getattr(self, capability):
            pytest.skip(f"{type(self).__name__} does not declare {capability!r}")

    def skip_without(self, method: str) -> Any:
        """Skip the test, because the class does not define `method`."""
        pytest.skip(f"{type(self).__name__} does not define {method}()")


def plugin_with(kind: str, open_it: Callable[[Context], Any]) -> Plugin:
    """Return a plugin with one provider of a kind such as `"sinks"`, for `Tracker(plugins=[...])`."""

    def register(_: Plugin) -> list[Provider[Any]]:
        return [Provider("under-test", lambda _, context: open_it(context))]

    made: Plugin = type("UnderTest", (Plugin,), {f"xetrack_{kind}": register})()
    return made
