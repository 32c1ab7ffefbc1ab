"""Distributions with one fault each, installed into a temporary folder."""

import sys
from typing import ClassVar

import pytest
from proving import broken

from xetrack.registry import scan
from xetrack_testing import PackagingContract

CODE = """
from dataclasses import dataclass
from xetrack import Provider, hookimpl
from xetrack.plugin import check_key

xetrack_api = 1

@dataclass
class Options:
    {module}_file: str = ""

@hookimpl
def xetrack_sinks():
    return [Provider("{module}", lambda options, context: None, Options)]
"""
METADATA = """Metadata-Version: 2.1
Name: {module}
Version: 1.0
Summary: A sink
License: MIT
Requires-Python: >=3.11
Requires-Dist: xetrack-core<1.1,>=1.0
Requires-Dist: coolname
Requires-Dist: xetrack_Friend>=1; extra == "friend"

# A sink
"""
INSIDE = """
from {module} import Options
from . import Options

def late():
    from xetrack_friend.rows import read
    import xetrack_friend
"""


def right(files):
    """Change nothing."""


class Right(PackagingContract):
    made = staticmethod(right)
    every: ClassVar = []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.distribution = cls.__name__.lower()
        cls.every.append(cls)


@pytest.fixture(autouse=True, scope="module")
def site(tmp_path_factory):
    """A folder on `sys.path` with all distributions."""
    site = tmp_path_factory.mktemp("site")
    for each in Right.every:
        install(site, each.distribution, each.made)
    (site / "mlflow.py").touch()
    sys.path.append(str(site))
    scan.cache_clear()
    yield
    sys.path.remove(str(site))
    scan.cache_clear()


def install(site, name, change):
    files = {
        "__init__.py": CODE,
        "inside.py": INSIDE,
        "py.typed": "",
        "METADATA": METADATA,
        "entry_points.txt": "[xetrack]\nit = {module}\n",
    }
    change(files)
    for folder in (site / name, site / f"{name}-1.0.dist-info"):
        folder.mkdir()
        for file, text in files.items():
            if (file in {"METADATA", "entry_points.txt"}) == folder.name.endswith("info"):
                (folder / file).write_text(text.replace("{module}", name))


class TestRight(Right):
    pass


@broken(Right, "test_it_has_an_entry_point")
def without_entry_point(files):
    files["entry_points.txt"] = ""


@broken(Right, "test_its_plugins_load")
def broken_import(files):
    files["__init__.py"] += "import no_such_module\n"


@broken(Right, "test_it_states_the_version_of_the_plugin_api")
def without_api(files):
    files["__init__.py"] = CODE.replace("xetrack_api = 1", "")


@broken(Right, "test_its_hooks_fit")
def misspelt(files):
    files["__init__.py"] = CODE.replace("xetrack_sinks", "xetrack_sink")


@broken(Right, "test_its_hooks_fit")
def without_hooks(files):
    files["__init__.py"] = CODE.replace("@hookimpl", "")


@broken(Right, "test_its_hooks_fit")
def hook_raises(files):
    files["__init__.py"] = CODE.replace("    return", "    raise OSError('no disk')\n    return")


@broken(Right, "test_its_provider_names_are_unique")
def second_sqlite(files):
    files["__init__.py"] = CODE.replace("xetrack_sinks", "xetrack_engines").replace('"{module}"', '"sqlite"')


@broken(Right, "test_its_provider_names_are_unique")
def takes_table(files):
    files["__init__.py"] = CODE.replace("{module}_file", "table")


@broken(Right, "test_loading_imports_nothing_heavy")
def imports_mlflow(files):
    files["__init__.py"] += "import mlflow\n"


@broken(Right, "test_loading_imports_nothing_heavy")
def imports_what_it_requires(files):
    files["__init__.py"] += "import coolname\n"


@broken(Right, "test_loading_imports_nothing_heavy")
def imports_in_the_hook(files):
    files["__init__.py"] = CODE.replace("    return", "    import coolname\n    return")


GREEDY = {
    "handles_signals": "import signal; signal.signal(signal.SIGTERM, lambda *_: None)",
    "filters_warnings": "import warnings; warnings.simplefilter('ignore')",
    "configures_logging": "import logging; logging.basicConfig()",
    "chooses_spawn": "import multiprocessing; multiprocessing.set_start_method('spawn')",
    "finds_modules": "import sys; sys.path.insert(0, '/')",
    "sets_the_environment": "import os; os.environ['OMP_NUM_THREADS'] = '1'",
    "moves": "import os; os.chdir('/')",
    "seeds": "import random; random.seed(0)",
    "catches_all": "import sys; sys.excepthook = print",
    "starts_a_thread": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
}


def greedy(name, code):
    def change(files):
        files["__init__.py"] += f"{code}\n"

    change.__name__ = name
    broken(Right, "test_loading_changes_nothing_global")(change)


for name, code in GREEDY.items():
    greedy(name, code)


def without_line(name, start):
    def change(files):
        files["METADATA"] = "\n".join(line for line in METADATA.split("\n") if not line.startswith(start))

    change.__name__ = name
    broken(Right, "test_its_metadata_are_complete")(change)


for name, start in {"unlicensed": "License", "for_any_python": "Requires-Python", "without_readme": "# A"}.items():
    without_line(name, start)


@broken(Right, "test_it_is_typed")
def untyped(files):
    del files["py.typed"]


@broken(Right, "test_it_pins_the_core")
def pins_nothing(files):
    files["METADATA"] = METADATA.replace("xetrack-core<1.1,>=1.0", "xetrack-core")


@broken(Right, "test_it_pins_the_core")
def without_upper_bound(files):
    files["METADATA"] = METADATA.replace("<1.1,", "")


@broken(Right, "test_it_pins_the_core")
def requires_no_core(files):
    files["METADATA"] = METADATA.replace("Requires-Dist: xetrack-core<1.1,>=1.0\n", "")


PRIVATE = {
    "from_private_room": "from xetrack._rows.normalize import Normaliser\n",
    "import_of_private_room": "import xetrack._rows.normalize\n",
    "private_room_from_xetrack": "from xetrack import _rows\n",
    "from_private_name": "from xetrack.reader import _status\n",
    "from_unexported_name": "from xetrack.reader import dataclasses\n",
    "through_attribute": "from xetrack import reader\nreader._status\n",
    "through_alias": "import xetrack.reader as own\nown._status\n",
    "through_path": "import xetrack.reader\nxetrack.reader._status\n",
}


def private(name, code):
    def change(files):
        files["inside.py"] = code

    change.__name__ = name
    broken(Right, "test_it_uses_public_names_only")(change)


for name, code in PRIVATE.items():
    private(name, code)


IMPORTS = {
    "imports_a_stranger": "def late():\n    import xetrack_stranger.rows\n",
    "imports_from_a_stranger": "from xetrack_stranger import rows\n",
    "imports_an_installed_plugin": "import testright\n",
    "imports_a_private_module": "from xetrack_friend._rows import read\n",
    "imports_a_private_name": "from xetrack_friend.rows import _read\n",
}


def importing(name, code):
    def change(files):
        files["inside.py"] += code

    change.__name__ = name
    broken(Right, "test_it_declares_the_plugins_that_it_imports")(change)


for name, code in IMPORTS.items():
    importing(name, code)
