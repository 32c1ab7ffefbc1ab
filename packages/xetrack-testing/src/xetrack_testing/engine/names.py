"""Users open the engine by its name or by a URL."""

import contextlib
import importlib.util
import io
import json
import runpy
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import DatabaseNotFoundError
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.remote_call import remote_call

__all__ = ["NamesContract"]

_MODULE = "xetrack_engine_under_test"


class NamesContract(EngineFixtures):
    """`Tracker`, `Reader` and `xt`, each in a process of its own. Requires `name`, `url` and `durable`."""

    def test_a_tracker_and_a_reader_open_it(self, tmp_path: Path) -> None:
        """With its options. The reader has the tracker's rows and run."""
        rows, status, name = self._call(self.track_and_read, tmp_path)
        assert ([row["n"] for row in rows], status) == ([0, 1], "finished")
        assert name == type(self.open_as_user(tmp_path)).__name__

    def track_and_read(self, place: str, folder: str) -> list[Any]:
        """Runs in another process: log, and return the rows and the status of the run."""
        db, chosen = self._prepare(place, folder)
        with Tracker(db, warnings=False, **chosen, **self.options) as tracker:
            for number in range(2):
                tracker.log({"n": number})
        with Reader(db, **chosen, **self.options) as reader:
            (run,) = reader.engine.runs("events")
            return [reader.to_dicts(), run.status, type(reader.engine).__name__]

    def test_a_reader_of_a_missing_store_fails(self, tmp_path: Path) -> None:
        """It raises `DatabaseNotFoundError`, which names the store."""
        assert "not exist" in self._call(self.read_missing, tmp_path)

    def read_missing(self, place: str, folder: str) -> str:
        """Runs in another process: open a reader, and return its error."""
        db, chosen = self._prepare(place, folder)
        try:
            Reader(db, **chosen)
        except DatabaseNotFoundError as error:
            return str(error)
        return "no error"

    def test_each_url_is_a_store_of_its_own(self, tmp_path: Path) -> None:
        """Rows of one are not in the other."""
        try:
            assert self._call(self.track_in_two, tmp_path) == [1, 1]
        finally:
            self.close_store(tmp_path / "other")

    def track_in_two(self, place: str, folder: str) -> list[int]:
        """Runs in another process: log into two stores, and return their numbers of rows."""
        stores = [self._prepare(str(each), folder) for each in (Path(place), Path(place, "other"))]
        for db, chosen in stores:
            with Tracker(db, warnings=False, **chosen, **self.options) as tracker:
                tracker.log({"n": 0})
        counts = []
        for db, chosen in stores:
            with Reader(db, **chosen) as reader:
                counts.append(len(reader))
        return counts

    def test_xt_opens_it(self, tmp_path: Path) -> None:
        """`xt head`, for one. Skipped if xetrack-cli is not installed."""
        if importlib.util.find_spec("xetrack_cli") is None:
            pytest.skip("xetrack-cli is not installed")
        assert [row["n"] for row in self._call(self.track_and_show, tmp_path)] == [0]

    def track_and_show(self, place: str, folder: str) -> Any:
        """Runs in another process: log, and return what `xt head` prints."""
        db, chosen = self._prepare(place, folder)
        with Tracker(db, warnings=False, **chosen, **self.options) as tracker:
            tracker.log({"n": 0})
        option = [word for name, value in chosen.items() for word in (f"--{name}", value)]
        sys.argv = ["xt", "head", db, *option, "--json"]
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            runpy.run_module("xetrack_cli", run_name="__main__")
        return json.loads(shown.getvalue())

    def _call(self, method: Any, place: Path) -> Any:
        for capability in ("name", "durable"):
            self.require(capability)
        folder = place / "installed"
        folder.mkdir()
        return remote_call(method, str(place), str(folder))

    def _prepare(self, place: str, folder: str) -> tuple[str, dict[str, Any]]:
        """Runs in another process: install the plugin, and return what users pass to open the engine."""
        plugin = self.plugin()
        if plugin is not None:
            module: Any = types.ModuleType(_MODULE)
            module.plugin, sys.modules[_MODULE] = plugin, module
            metadata = Path(folder, f"{_MODULE}-1.dist-info")
            metadata.mkdir(exist_ok=True)
            (metadata / "METADATA").write_text(f"Name: {_MODULE}\nVersion: 1\n")
            (metadata / "entry_points.txt").write_text(f"[xetrack]\nunder-test = {_MODULE}:plugin\n")
            if folder not in sys.path:
                sys.path.insert(0, folder)
        return self.url(Path(place)), {} if self.by_scheme else {"engine": self.name}
