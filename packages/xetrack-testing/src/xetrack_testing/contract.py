"""What all contracts have in common: waivers, capabilities, and trackers that use the thing under test."""

import difflib
from abc import ABC
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from xetrack.plugin import Context, Plugin, Provider

__all__ = ["Contract", "plugged"]


class Contract(ABC):  # noqa: B024 - each kind has methods of its own
    """A class to subclass as `Test...`. Each of its tests is a promise of `xetrack.plugin`.

    What is not declared, or not told how to do, is skipped, and pytest shows that. `waivers` name the tests that the
    thing cannot pass, each with the reason: `{"test_a_fork_goes_on": "the library has threads of its own"}`, or one of
    a test's cases, `"test_a_key_comes_back_as_it_was['']"`. A waived test that passes all the same is a failure, and so
    is a waiver of an unknown test or without a reason.
    """

    waivers: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Raise `TypeError` for a waiver that waives nothing."""
        super().__init_subclass__(**options)
        for name, reason in cls.waivers.items():
            test = name.partition("[")[0]
            if not (test.startswith("test_") and callable(getattr(cls, test, None))):
                close = difflib.get_close_matches(test, [each for each in dir(cls) if each.startswith("test_")], n=1)
                guess = f" Did you mean {close[0]!r}?" if close else ""
                raise TypeError(f"waivers of {cls.__name__}: there is no test {test!r}.{guess}")
            if not reason.strip():
                raise TypeError(f"waivers of {cls.__name__}: {name!r} is waived without a reason.")

    @pytest.fixture(autouse=True)
    def waiver(self, request: pytest.FixtureRequest) -> None:
        """Expects a test that is waived to fail."""
        names = (request.node.name, request.node.originalname)
        for reason in (self.waivers[name] for name in names if name in self.waivers):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def require(self, capability: str) -> None:
        """Skip the test unless `capability` is declared."""
        if not getattr(self, capability):
            pytest.skip(f"{type(self).__name__} does not declare {capability!r}")

    def untold(self, what: str) -> Any:
        """Skip the test, as the class does not say how to do `what`."""
        pytest.skip(f"{type(self).__name__} has no method {what}()")


def plugged(kind: str, opens: Callable[[Context], Any], name: str = "under-test") -> Plugin:
    """A plugin with one provider, whose `open` is `opens`: to be handed to `Tracker(plugins=[...])`."""

    def register(_: Plugin) -> list[Provider[Any]]:
        return [Provider(name, lambda _, context: opens(context))]

    made: Plugin = type("UnderTest", (Plugin,), {f"xetrack_{kind}": register})()
    return made
