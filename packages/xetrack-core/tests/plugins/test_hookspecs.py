"""No hook without a docstring that says when it fires, and a test that makes it fire."""

import inspect
from pathlib import Path

import pytest

from xetrack import Plugin, Tracker
from xetrack.plugin import RunInfo
from xetrack.registry import KINDS

EXERCISED = {
    "xetrack_engines": ("test_handed_in.py", "test_an_engine_is_chosen_by_its_name"),
    "xetrack_serializers": ("test_handed_in.py", "test_providers_of_every_kind_are_found_by_kind_and_name"),
    "xetrack_asset_stores": ("test_handed_in.py", "test_an_asset_store_keeps_objects"),
    "xetrack_caches": ("test_handed_in.py", "test_providers_of_every_kind_are_found_by_kind_and_name"),
    "xetrack_sinks": ("test_handed_in.py", "test_a_sink_opens_without_options"),
    "xetrack_monitors": ("test_handed_in.py", "test_a_monitor_opens_without_options"),
    "xetrack_commands": ("test_handed_in.py", "test_providers_of_every_kind_are_found_by_kind_and_name"),
    "xetrack_run_started": ("test_handed_in.py", "test_a_run_starts_with_its_first_row_and_finishes_with_close"),
    "xetrack_run_finished": ("test_handed_in.py", "test_a_run_left_by_an_exception_failed"),
}
HOOKS = {name: hook for name, hook in vars(Plugin).items() if hasattr(hook, "xetrack_spec")}


def test_the_table_knows_every_hook():
    assert HOOKS.keys() == EXERCISED.keys()


def test_there_is_one_hook_for_each_kind_of_provider():
    assert {name for name in HOOKS if "_run_" not in name} == {f"xetrack_{kind}" for kind in KINDS}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_when_it_is_called_and_is_typed(name):
    documented, signature = inspect.getdoc(HOOKS[name]), inspect.signature(getattr(Plugin(), name))

    assert "Called once per" in documented
    assert signature.return_annotation is not signature.empty
    assert all(each.annotation is not each.empty for each in signature.parameters.values())


@pytest.mark.parametrize(("name", "test"), EXERCISED.items())
def test_the_test_that_makes_a_hook_fire_exists(name, test):
    text = (Path(__file__).parent / test[0]).read_text()

    assert f"def {test[1]}(" in text
    assert f"def {name}(" in text


@pytest.mark.parametrize("name", HOOKS)
def test_a_run_fires_every_hook_once_with_the_arguments_of_its_spec(name):
    fired = []
    expected = list(inspect.signature(getattr(Plugin(), name)).parameters)
    namespace = {"fired": fired}
    exec(f"def {name}({', '.join(['self', *expected])}): fired.append([{', '.join(expected)}])", namespace)  # noqa: S102 - ours

    with Tracker(
        ":memory:", {"model": "resnet"}, plugins=[type("Recorder", (Plugin,), {name: namespace[name]})]
    ) as tracker:
        tracker.log({"x": 1})
        tracker.log({"x": 2})

    (given,) = fired
    by_name = dict(zip(expected, given, strict=True))
    if "run" in by_name:
        info = by_name["run"]
        assert isinstance(info, RunInfo)
        assert (info.track_id, info.table, info.db) == (tracker.track_id, "events", ":memory:")
        assert info.params == {"model": "resnet"}
        assert info.rows == (2 if "status" in by_name else 1)
    if "status" in by_name:
        assert by_name["status"] == "finished"
