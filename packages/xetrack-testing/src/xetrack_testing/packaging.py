"""What every distribution of plugins promises: installing it is enough, and costs others nothing."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import importlib_metadata
import pytest

from xetrack.plugin import API_VERSION
from xetrack.registry import TRACKER_OPTIONS, Found, installed
from xetrack_testing.contract import Contract
from xetrack_testing.plugin_imports import normal_name, wrong_imports
from xetrack_testing.private_names import PUBLIC_MODULES, private_names

__all__ = ["HEAVY", "PackagingContract"]

HEAVY = frozenset({
    "IPython", "aiohttp", "altair", "arrow", "boto3", "bokeh", "botocore", "catboost", "click", "cloudpickle",
    "dask", "diskcache", "django", "duckdb", "fastapi", "flask", "fsspec", "gcsfs", "google", "httpx", "hypothesis",
    "ibis", "jax", "joblib", "keras", "lightgbm", "lightning", "loguru", "matplotlib", "mlflow", "numba", "numpy",
    "onnx", "onnxruntime", "opentelemetry", "orjson", "pandas", "plotext", "plotly", "polars", "psutil", "psycopg",
    "pyarrow", "pydantic", "pymongo", "pymysql", "pynvml", "pyspark", "pytest", "redis", "requests", "rich", "s3fs",
    "scipy", "seaborn", "sentry_sdk", "setuptools", "sklearn", "sqlalchemy", "sqlitedict", "statsmodels", "sympy",
    "tensorflow", "torch", "torchvision", "tqdm", "transformers", "typer", "urllib3", "wandb", "xarray", "xgboost",
    "yaml",
})  # fmt: skip
"""Libraries that take long to import. A plugin imports them in the function that opens what needs them."""


class PackagingContract(Contract):
    """Subclass it as `Test...`, set `distribution`, and run pytest where the distribution is installed.

    ```python
    class TestPackaging(PackagingContract):
        distribution = "my-xetrack-plugin"
    ```

    Loading a plugin must import no module in `HEAVY`, no dependency of the distribution, and no module in `heavy`.
    Modules in `light` are exempt.
    """

    distribution: ClassVar[str]
    heavy: ClassVar[Collection[str]] = ()
    light: ClassVar[Collection[str]] = ()

    @pytest.fixture
    def metadata(self) -> Any:
        """The metadata of the distribution."""
        return importlib_metadata.metadata(self.distribution)

    @pytest.fixture
    def plugins(self) -> list[Found]:
        """The distribution's plugins, discovered as xetrack does."""
        return [found for found in installed() if normal_name(found.distribution) == normal_name(self.distribution)]

    def test_it_has_an_entry_point(self, plugins: list[Found]) -> None:
        """In the group `xetrack`, so that installing it is enough."""
        assert plugins, f"{self.distribution} has no entry point in the group 'xetrack', or is not installed"

    def test_its_plugins_load(self, plugins: list[Found]) -> None:
        """Each in a fresh process."""
        assert [loaded(found.target)["failed"] for found in plugins] == [""] * len(plugins)

    def test_it_states_the_version_of_the_plugin_api(self, plugins: list[Found]) -> None:
        """`xetrack_api = 1`, so that later versions of xetrack detect a mismatch."""
        assert {found.name: loaded(found.target).get("api") for found in plugins} == {
            found.name: API_VERSION for found in plugins
        }

    def test_its_hooks_fit(self, plugins: list[Found]) -> None:
        """There is at least one; all are known, and all return providers."""
        assert [loaded(found.target).get("broken") for found in plugins] == [""] * len(plugins)

    def test_its_provider_names_are_unique(self, plugins: list[Found]) -> None:
        """No other plugin has a provider of that kind and name, and no option is an argument of `Tracker`."""
        targets = [found.target for found in installed() if not found.disabled]
        providers = {
            target: report.get("providers", []) for target, report in zip(targets, _loaded((*targets,)), strict=True)
        }
        mine = [provider for found in plugins for provider in providers.pop(found.target, [])]
        others = {(kind, name) for report in providers.values() for kind, name, _ in report}
        others |= {("engines", name) for name in ("sqlite", "memory", "none")}
        names = [(kind, name) for kind, name, _ in mine]
        assert len(set(names)) == len(names)
        assert set(names) & others == set()
        assert {option for *_, options in mine for option in options} & set(TRACKER_OPTIONS) == set()

    def test_loading_imports_nothing_heavy(self, plugins: list[Found], metadata: Any) -> None:
        """Everyone who creates a tracker waits for these imports."""
        heavy = ({*HEAVY, *self.heavy} | _modules_of(_requires(metadata))) - {*self.light, "xetrack"}
        for found in plugins:
            imported = {name.partition(".")[0] for name in loaded(found.target).get("imported", [])}
            assert imported & heavy == set(), (
                f"loading {found.target} imports slow modules: import them in the provider's open"
            )

    def test_loading_changes_nothing_global(self, plugins: list[Found]) -> None:
        """Signal handlers, warnings filters, logging, random numbers and the like belong to the application."""
        assert {found.name: loaded(found.target).get("changed") for found in plugins} == {
            found.name: [] for found in plugins
        }

    def test_its_metadata_are_complete(self, metadata: Any) -> None:
        """Name, version, summary, Python versions, license and readme."""
        found = {key.lower() for key in metadata if str(metadata[key]).strip()}
        licensed = found & {"license", "license-expression", "license-file"}
        licensed |= {each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")}
        assert {"name", "version", "summary", "requires-python"} - found == set()
        assert licensed, "the metadata have no license"
        assert (metadata.get_payload() or metadata.get("Description") or "").strip(), "the metadata have no readme"

    def test_it_is_typed(self, plugins: list[Found]) -> None:
        """Its package has a file `py.typed`, so that type checkers use its annotations."""
        for found in plugins:
            (root,) = {_root(found.target)}
            assert (root / "py.typed").is_file(), f"{root} has no py.typed"

    def test_it_pins_the_core(self, metadata: Any) -> None:
        """With a lower bound and an upper one, because the next minor release may change what plugins use."""
        bounds = [bound for name, bound in _requires(metadata).items() if normal_name(name) == "xetrack-core"]
        assert bounds, "the distribution does not require xetrack-core"
        assert re.search(r">=|~=|==", bounds[0]), f"{bounds[0]!r} has no lower bound"
        assert re.search(r"<|~=|==", bounds[0]), f"{bounds[0]!r} has no upper bound"

    def test_it_uses_public_names_only(self, plugins: list[Found]) -> None:
        """Public modules of xetrack, and the names in their `__all__`. Others may change in any release."""
        files = _files(plugins)
        found = [f"{file.name}: {name}" for file in files for name in private_names(file.read_text("utf-8"))]
        assert not found, (
            f"private names of xetrack, which may change in any release: {'; '.join(found)}. Use public names only: "
            f"those in `__all__` of {', '.join(PUBLIC_MODULES)}."
        )

    def test_it_declares_the_plugins_that_it_imports(self, plugins: list[Found], metadata: Any) -> None:
        """As requirements or in an extra, also where it imports them lazily. It uses their public names only."""
        lines = metadata.get_all("Requires-Dist") or []
        declared = [match[0] for line in lines if (match := re.match(r"[\w.-]+", line.strip()))]
        wrong = [
            f"{file.name}: {problem}"
            for file in _files(plugins)
            for problem in wrong_imports(file.read_text("utf-8"), self.distribution, declared)
        ]
        assert not wrong, f"imports of other plugins: {'; '.join(wrong)}."


def loaded(target: str) -> Mapping[str, Any]:
    """Load a plugin in a fresh process, and return the report of `load_probe`. `failed` is the error, if any."""
    (report,) = _loaded((target,))
    return report


@lru_cache(maxsize=64)
def _loaded(targets: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Load several plugins in one fresh process with the `sys.path` of the tests."""
    program = str(Path(__file__).with_name("load_probe.py"))
    code = f"import sys, runpy; sys.path[:] = {sys.path!r}; runpy.run_path({program!r}, run_name='__main__')"
    command = [sys.executable, "-c", code, *targets]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        return [{"failed": f"{targets} cannot be loaded: {done.stderr}"}] * len(targets)
    report: list[Mapping[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return report


def _requires(metadata: Any) -> dict[str, str]:
    """Return the requirements of a distribution without extras, with their version specifiers."""
    lines = [line for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    found = [re.match(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def _modules_of(names: Collection[str]) -> set[str]:
    """Return the top-level modules of distributions, except the core."""
    wanted = {normal_name(name) for name in names} - {"xetrack-core"}
    known = importlib_metadata.packages_distributions()
    return {module for module, owners in known.items() if wanted & set(map(normal_name, owners))}


def _files(plugins: Collection[Found]) -> list[Path]:
    """Return the modules of the packages of plugins."""
    roots = {_root(found.target) for found in plugins}
    return sorted(file for root in roots for file in (root.rglob("*.py") if root.is_dir() else [root]))


def _root(target: str) -> Path:
    """Return the folder of an entry point's package, or the file of its module."""
    spec = importlib.util.find_spec(target.partition(":")[0].partition(".")[0])
    assert spec is not None, f"{target} does not exist"
    return Path(next(iter(spec.submodule_search_locations or [spec.origin or ""])))
