"""Test every package as its users get it: built into a wheel, and installed outside the workspace.

- Its wheel and sdist are complete and contain nothing else: see artifacts.py.
- Alone, with each extra, and with other packages, it installs exactly what it declares: see a_la_carte.py.
- Its tests pass with nothing else installed, at the newest and at the lowest versions that it declares. The newest are
  those of the lock, so that a release of a dependency breaks only `just lock`. Of this workspace, the wheels are used.

    python3 scripts/check_wheels.py            # everything
    python3 scripts/check_wheels.py lowest     # tests at the lowest versions only

The jobs are independent. Each core runs one at a time, the longest first.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from a_la_carte import check_combinations
from artifacts import build, check_files
from workspace import ROOT, Package, environment, install, packages, run

Job = Callable[[], str]


def newest(folder: Path) -> Path:
    """Return the locked versions as a constraints file for `uv pip install`."""
    constraints = folder / "newest.txt"
    options = ("--quiet", "--all-packages", "--no-emit-workspace", "--no-hashes", "--no-annotate")
    run("uv", "export", *options, "--output-file", constraints, cwd=ROOT)
    return constraints


def tested(one: Package, wheels: Path, folder: Path, *how: str | Path) -> str:
    """Install a wheel and the dependencies of its tests, run the tests, and return the summary."""
    python = environment(folder)
    pyproject = one.folder / "pyproject.toml"
    # The wheel comes second and alone: "lowest-direct" takes the newest versions of what a wheel requires.
    install(python, wheels, *how, "--requirements", pyproject, "--group", f"{pyproject}:test")
    install(python, wheels, "--no-deps", one.wheel(wheels))
    both_tiers = ("-m", "")
    command: list[str | Path] = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *both_tiers, one.tests]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout)
    return str(done.stdout.strip().splitlines()[-1])


def jobs(wheels: Path, folder: Path, ways: list[str]) -> dict[str, Job]:
    """Return all jobs by name, the longest first, estimated by the size of the tests."""
    lock = ("--constraint", newest(folder))
    how_of: dict[str, tuple[str | Path, ...]] = {"newest": lock, "lowest": ("--resolution", "lowest-direct")}
    todo = {}
    for one in sorted((one for one in packages() if one.tests.is_dir()), key=size_of_tests, reverse=True):
        for way in ways:
            place = folder / f"{one.name}-{way}"
            todo[f"{one.name}, tests at the {way}"] = partial(tested, one, wheels, place, *how_of[way])
    return {"à la carte": partial(check_combinations, wheels, folder, *lock), **todo}


def size_of_tests(one: Package) -> int:
    """Return the size of a package's tests in bytes."""
    return sum(file.stat().st_size for file in one.tests.rglob("*.py"))


def timed(job: Job) -> tuple[str, float]:
    """Run a job, and return its result and its duration in seconds."""
    start = time.monotonic()
    return job(), time.monotonic() - start


def work(todo: dict[str, Job]) -> list[str]:
    """Run jobs on all cores, print their results, and return the names of those that failed."""
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        names = {pool.submit(timed, job): name for name, job in todo.items()}
        for done in as_completed(names):
            error = done.exception()
            if error is None:
                result, seconds = done.result()
                print(f"{names[done]}, {seconds:.0f} s: {result}", flush=True)
            else:
                print(f"{names[done]} FAILED\n{error}", flush=True)
                failed.append(names[done])
    return failed


def main(ways: list[str]) -> None:
    """Build and check every package, with its tests at the given versions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(ROOT, folder / "dist")
        check_files(ROOT, folder / "dist")
        failed = work(jobs(folder / "dist", folder, ways))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["newest", "lowest"])
