"""Try every package as its users get it: built into a wheel, and installed outside the workspace.

- Its wheel and its sdist are complete, and hold nothing else: see artifacts.py.
- Alone, with each extra, and beside others, it brings exactly what it declares: see a_la_carte.py.
- Its tests pass with nothing else installed, at the newest versions of what it declares and at the lowest. The newest
  are those of the lock, so that a release of somebody else's breaks `just lock` and no other change.

    python3 scripts/check_wheels.py            # all of it
    python3 scripts/check_wheels.py lowest     # tests at the lowest only: the workspace's own tests run at the newest

These are many jobs that wait for nothing from each other, so each core does one at a time, the longest first.
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
    """The versions in the lock, as constraints for `uv pip install`."""
    constraints = folder / "newest.txt"
    options = ("--quiet", "--all-packages", "--no-emit-workspace", "--no-hashes", "--no-annotate")
    run("uv", "export", *options, "--output-file", constraints, cwd=ROOT)
    return constraints


def tested(one: Package, wheels: Path, folder: Path, *how: str | Path) -> str:
    """Install a wheel with what its tests need, and run these; what pytest printed."""
    python = environment(folder)
    pyproject = one.folder / "pyproject.toml"
    # What the file names, and then the wheel alone: of what a wheel names, "lowest-direct" would take the newest.
    install(python, wheels, *how, "--requirements", pyproject, "--group", f"{pyproject}:test")
    install(python, wheels, "--no-deps", one.wheel(wheels))
    both_tiers = ("-m", "")
    command: list[str | Path] = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *both_tiers, one.tests]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout)
    return str(done.stdout.strip().splitlines()[-1])


def jobs(wheels: Path, folder: Path, ways: list[str]) -> dict[str, Job]:
    """Everything to do, by name, the longest first: as far as the size of its tests tells."""
    lock = ("--constraint", newest(folder))
    how_of: dict[str, tuple[str | Path, ...]] = {"newest": lock, "lowest": ("--resolution", "lowest-direct")}
    todo = {}
    for one in sorted((one for one in packages() if one.tests.is_dir()), key=size_of_tests, reverse=True):
        for way in ways:
            place = folder / f"{one.name}-{way}"
            todo[f"{one.name}, tests at the {way}"] = partial(tested, one, wheels, place, *how_of[way])
    return {"à la carte": partial(check_combinations, wheels, folder, *lock), **todo}


def size_of_tests(one: Package) -> int:
    """In bytes."""
    return sum(file.stat().st_size for file in one.tests.rglob("*.py"))


def timed(job: Job) -> tuple[str, float]:
    """What a job tells, and how many seconds it took."""
    start = time.monotonic()
    return job(), time.monotonic() - start


def work(todo: dict[str, Job]) -> list[str]:
    """Do jobs, as many at a time as there are cores; what failed. What each tells is printed when it is done."""
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        names = {pool.submit(timed, job): name for name, job in todo.items()}
        for done in as_completed(names):
            error = done.exception()
            if error is None:
                told, seconds = done.result()
                print(f"{names[done]}, {seconds:.0f} s: {told}", flush=True)
            else:
                print(f"{names[done]} FAILED\n{error}", flush=True)
                failed.append(names[done])
    return failed


def main(ways: list[str]) -> None:
    """Build every package and check it in all ways, its tests at the versions that are named."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(ROOT, folder / "dist")
        check_files(ROOT, folder / "dist")
        failed = work(jobs(folder / "dist", folder, ways))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["newest", "lowest"])
