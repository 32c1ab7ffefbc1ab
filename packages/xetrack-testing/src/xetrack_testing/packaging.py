"""What every distribution with plugins promises, as tests: that being installed is all it takes, and costs nothing."""
# ruff: noqa: S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import ast
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import importlib_metadata
import pytest

from xetrack.plugin import API_VERSION
from xetrack.registry import TRACKER_OPTIONS, Found, installed
from xetrack_testing.contract import Contract

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
"""Libraries that nobody should wait for who only logs: a plugin imports them where it opens what needs them."""


class PackagingContract(Contract):
    """Subclass it as `Test...`, name your distribution, and run pytest where it is installed.

    ```python
    class TestPackaging(PackagingContract):
        distribution = "my-xetrack-plugin"
    ```

    Loading a plugin may import neither what is in `HEAVY`, nor what the distribution requires, nor what is in `heavy`;
    what is in `light` may be imported all the same. All three are names of modules.
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
        """The plugins of the distribution, found as xetrack finds them. Others with nothing are no plugins."""
        return [found for found in installed() if _normal(found.distribution) == _normal(self.distribution)]

    def test_it_has_an_entry_point(self, plugins: list[Found]) -> None:
        """In the group `xetrack`: it is found by being installed."""
        assert plugins, f"{self.distribution} has no entry point in the group 'xetrack', or is not installed"

    def test_its_plugins_load(self, plugins: list[Found]) -> None:
        """In a fresh process, each."""
        assert [loaded(found.target)["failed"] for found in plugins] == [""] * len(plugins)

    def test_it_states_the_version_of_the_plugin_api(self, plugins: list[Found]) -> None:
        """`xetrack_api = 1`: a later xetrack can tell that it was made for another one."""
        assert {found.name: loaded(found.target).get("api") for found in plugins} == {
            found.name: API_VERSION for found in plugins
        }

    def test_its_hooks_fit(self, plugins: list[Found]) -> None:
        """There are some, all are known, and all return providers."""
        assert [loaded(found.target).get("broken") for found in plugins] == [""] * len(plugins)

    def test_its_providers_are_nobody_elses(self, plugins: list[Found]) -> None:
        """Each has a name of its kind for itself, and its options are no arguments of the tracker's own."""
        targets = [found.target for found in installed() if not found.disabled]
        providers = {
            target: told.get("providers", []) for target, told in zip(targets, _loaded((*targets,)), strict=True)
        }
        mine = [provider for found in plugins for provider in providers.pop(found.target, [])]
        others = {(kind, name) for told in providers.values() for kind, name, _ in told}
        others |= {("engines", name) for name in ("sqlite", "memory", "none")}
        names = [(kind, name) for kind, name, _ in mine]
        assert len(set(names)) == len(names)
        assert set(names) & others == set()
        assert {option for *_, options in mine for option in options} & set(TRACKER_OPTIONS) == set()

    def test_loading_imports_nothing_heavy(self, plugins: list[Found], metadata: Any) -> None:
        """Everybody waits for it who makes a tracker, whether they use it or not."""
        heavy = ({*HEAVY, *self.heavy} | _modules_of(_requires(metadata))) - {*self.light, "xetrack"}
        for found in plugins:
            imported = {name.partition(".")[0] for name in loaded(found.target).get("imported", [])}
            assert imported & heavy == set(), f"{found.target} imports what it could import where it opens something"

    def test_loading_changes_nothing_global(self, plugins: list[Found]) -> None:
        """Signal handlers, warnings filters, logging, random numbers and the like are the application's."""
        assert {found.name: loaded(found.target).get("changed") for found in plugins} == {
            found.name: [] for found in plugins
        }

    def test_its_metadata_are_complete(self, metadata: Any) -> None:
        """Name, version, what it is, for which Python, and under which licence."""
        found = {key.lower() for key in metadata if str(metadata[key]).strip()}
        licensed = found & {"license", "license-expression", "license-file"}
        licensed |= {each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")}
        assert {"name", "version", "summary", "requires-python"} - found == set()
        assert licensed, "say under which licence it may be used"
        assert (metadata.get_payload() or metadata.get("Description") or "").strip(), "it has no readme"

    def test_it_is_typed(self, plugins: list[Found]) -> None:
        """Its package has a file `py.typed`, so that users' type checkers look into it."""
        for found in plugins:
            (root,) = {_root(found.target)}
            assert (root / "py.typed").is_file(), f"{root} has no py.typed"

    def test_it_pins_the_core(self, metadata: Any) -> None:
        """From the release it was made for, up to the next one that may change what plugins use."""
        bounds = [bound for name, bound in _requires(metadata).items() if _normal(name) == "xetrack-core"]
        assert bounds, "it does not require xetrack-core"
        assert re.search(r">=|~=|==", bounds[0]), f"{bounds[0]!r} has no lower bound"
        assert re.search(r"<|~=|==", bounds[0]), f"{bounds[0]!r} has no upper bound"

    def test_it_uses_public_names_only(self, plugins: list[Found]) -> None:
        """Modules of xetrack and what they export in `__all__`: nothing else is promised to stay."""
        roots = {_root(found.target) for found in plugins}
        files = sorted(file for root in roots for file in (root.rglob("*.py") if root.is_dir() else [root]))
        assert [f"{file.name}: {name}" for file in files for name in private_names(file.read_text("utf-8"))] == []


def loaded(target: str) -> Mapping[str, Any]:
    """What loading a plugin does to a fresh process: see `xetrack_testing.freshly`. `failed` tells why it did not."""
    (told,) = _loaded((target,))
    return told


@lru_cache(maxsize=64)
def _loaded(targets: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """The same for several, one after the other in one process, asked once. Its `sys.path` is that of the tests."""
    program = str(Path(__file__).with_name("freshly.py"))
    code = f"import sys, runpy; sys.path[:] = {sys.path!r}; runpy.run_path({program!r}, run_name='__main__')"
    command = [sys.executable, "-c", code, *targets]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ours
    if done.returncode:
        return [{"failed": f"{targets} cannot be loaded: {done.stderr}"}] * len(targets)
    told: list[Mapping[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


def _normal(name: str) -> str:
    """The name of a distribution as package indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requires(metadata: Any) -> dict[str, str]:
    """What a distribution requires without any extra, and in which versions."""
    lines = [line for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    found = [re.match(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def _modules_of(names: Collection[str]) -> set[str]:
    """The modules that distributions bring, the core's aside."""
    wanted = {_normal(name) for name in names} - {"xetrack-core"}
    known = importlib_metadata.packages_distributions()
    return {module for module, owners in known.items() if wanted & set(map(_normal, owners))}


def _root(target: str) -> Path:
    """The folder of the package that an entry point leads into, or its only file."""
    spec = importlib.util.find_spec(target.partition(":")[0].partition(".")[0])
    assert spec is not None, f"{target} is not there"
    return Path(next(iter(spec.submodule_search_locations or [spec.origin or ""])))


def private_names(source: str) -> Iterator[str]:
    """The names of xetrack's that a module uses, and that are not promised to stay."""
    tree = ast.parse(source)
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {each.asname or each.name: each.name for each in node.names if _is_ours(each.name)}
            yield from (each.name for each in node.names if _is_ours(each.name) and _is_private(each.name))
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
            for each in node.names:
                name = f"{node.module}.{each.name}"
                if _is_private(name):
                    yield name
                elif _is_module(name):
                    modules[each.asname or each.name] = name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = f"{modules.get(ast.unparse(node.value), '')}.{node.attr}"
            if _is_ours(name) and _is_private(name):
                yield name


def _is_ours(name: str) -> bool:
    return name == "xetrack" or name.startswith("xetrack.")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _is_private(name: str) -> bool:
    """Whether it is neither a module without an underscore, nor exported by one."""
    if any(part.startswith("_") and not part.startswith("__") for part in name.split(".")):
        return True
    if _is_module(name):
        return False
    module, _, attribute = name.rpartition(".")
    return attribute not in {*getattr(importlib.import_module(module), "__all__", ()), "__version__", "*"}
