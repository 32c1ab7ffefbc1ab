"""Copies bring stored rows up to date, and keep what they need to know beside them."""

import pytest

from xetrack.plugin import Engine, run_key
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.rows import AWKWARD_VALUES, TABLE, exact, make_row, rows_of

__all__ = ["CopiesContract"]


class CopiesContract(EngineFixtures):
    """`amend`, `metadata` and `set_metadata`."""

    def test_amending_sets_keys_of_stored_rows(self, engine: Engine) -> None:
        """Other keys stay, rows that are not stored are skipped, and the keys that differed are returned."""
        engine.append(TABLE, [make_row(number, {"n": number, "mine": True, "same": 1}) for number in range(3)])
        wanted = [make_row(0, {"n": 0}), make_row(1, {"n": 7, "same": 1, "new": "x"}), make_row(5, {"n": 5})]
        assert exact(engine.amend(TABLE, wanted)) == exact([make_row(1, {"n": 7, "new": "x"})])
        assert exact(rows_of(engine.read(TABLE))) == exact(
            [
                make_row(0, {"n": 0, "mine": True, "same": 1}),
                make_row(1, {"n": 7, "mine": True, "same": 1, "new": "x"}),
                make_row(2, {"n": 2, "mine": True, "same": 1}),
            ]
        )
        assert engine.amend(TABLE, wanted) == []
        assert engine.amend("none", wanted) == []

    def test_an_amended_value_is_exact(self, engine: Engine) -> None:
        """Whatever was there before, and it differs only if the stored value does."""
        for value in AWKWARD_VALUES:
            engine.append("each", [make_row(0, {"x": value})])
            with engine.transaction(["each"]):
                for other in AWKWARD_VALUES:
                    wanted = [make_row(0, {"x": other})]
                    before = exact(rows_of(engine.read("each")))
                    assert exact(engine.amend("each", wanted)) == ([] if before == exact(wanted) else exact(wanted))
                    assert exact(rows_of(engine.read("each"))) == exact(wanted)
            engine.drop("each")

    def test_metadata_is_text_by_key(self, engine: Engine) -> None:
        """None removes a key, and keys without a text are left out."""
        engine.set_metadata({"a/日本": "1", "b": '"', "c": ""})
        engine.set_metadata({"a/日本": "2", "b": None, "x": None})
        assert engine.metadata(["a/日本", "b", "c", "x"]) == {"a/日本": "2", "c": ""}
        assert engine.metadata([]) == {}

    def test_metadata_of_a_run_goes_with_the_run(self, engine: Engine) -> None:
        """Its keys begin with `run_key(table, track_id)`. A dropped table takes that of all of its runs."""
        runs = ["a", "a/b", "é%", "A"]
        for number, run in enumerate(runs):
            engine.append(TABLE, [make_row(number, run=run)])
            engine.append("other", [make_row(number, run=run)])
        keys = {(table, run): f"{run_key(table, run)}note" for table in (TABLE, "other") for run in runs}
        engine.set_metadata(dict.fromkeys([*keys.values(), "note"], "x"))
        engine.delete(TABLE, "a")
        assert engine.metadata(list(keys.values())).keys() == set(keys.values()) - {keys[TABLE, "a"]}
        engine.drop(TABLE)
        assert engine.metadata([*keys.values(), "note"]).keys() == {"note", *(keys["other", run] for run in runs)}

    def test_metadata_belongs_to_the_transaction(self, engine: Engine) -> None:
        """It is committed with the rows, or not at all."""
        engine.set_metadata({"a": "1"})
        with pytest.raises(ZeroDivisionError), engine.transaction():
            engine.append(TABLE, [make_row(0)])
            engine.set_metadata({"a": "2", "b": "1"})
            raise ZeroDivisionError
        assert engine.metadata(["a", "b"]) == {"a": "1"}
        assert engine.count(TABLE) == 0

    def test_a_store_names_itself(self, engine: Engine) -> None:
        """The id is there once the store has a row."""
        engine.append(TABLE, [make_row(0)])
        named = engine.metadata(["id"])
        assert named["id"]
        engine.drop(TABLE)
        assert engine.metadata(["id"]) == named
