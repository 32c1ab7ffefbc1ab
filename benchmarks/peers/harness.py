"""Peers, workloads and rounds: who does what when, and what came of it."""

import shutil
from dataclasses import asdict
from datetime import date

from benchmarks.peers import measuring
from benchmarks.peers.environments import python_of
from benchmarks.peers.failures import FailedError, MissingError
from benchmarks.peers.processes import Station

LOGGING = {
    "log": measuring.log,
    "batch": measuring.batch,
    "writers": measuring.writers,
    "once": measuring.once,
    "killed": measuring.killed,
    "killed_slowly": measuring.killed_slowly,
}
READING = ("all", "run", "leaderboard")
CACHING = {"cached": measuring.cached}
COSTS = {"imported": measuring.imported, "installed": measuring.installed}
ONCE = {"installed"}  # does not change from round to round
WORKLOADS = (*LOGGING, *READING, *CACHING, *COSTS)
SECONDS = 600  # that a process may take: on a busy machine eight imports of MLflow at once take minutes
OF_KIND = {
    "limit": WORKLOADS,
    "tracker": (*LOGGING, *READING, *COSTS),
    "reader": READING,
    "cache": (*CACHING, *COSTS),
}


class Comparison:
    """A run of everything: `results[workload][peer]` holds the figures of each round, or why there are none."""

    def __init__(self, peers, workloads, sizes, scratch, say):
        self._peers, self._workloads, self._sizes = peers, workloads, sizes
        self._scratch, self._say = scratch, say
        self._stations, self._filled = {}, {}
        self.results = {
            workload: {name: {"rounds": []} for name, peer in peers.items() if workload in OF_KIND[peer.kind]}
            for workload in workloads
        }

    def prepare(self, environments, here=None):
        """Install every peer that has none of its environment yet; with `here`, that Python has them all."""
        for name, peer in self._peers.items():
            self._say(f"environment of {name}")
            home = self._scratch / "home" / name
            home.mkdir(parents=True)
            try:
                python = here or python_of(peer, environments)
                self._stations[name] = Station(peer, python, home, SECONDS)
            except FailedError as error:
                for workload in self.results:
                    if name in self.results[workload]:
                        self._failed(workload, name, error)

    def rounds(self):
        """Rounds of every workload by every peer in turns; yields what is known after each workload.

        A peer that fails a workload is not asked again.
        """
        for number in range(self._sizes.rounds):
            for workload, of_peers in self.results.items():
                for name, result in of_peers.items():
                    if not ("failed" in result or (number and workload in ONCE)):
                        self._say(f"round {number + 1} of {self._sizes.rounds}: {workload}, {name}")
                        self._measure(workload, name)
                yield self.told()

    def told(self):
        """All that the tables and the plot are made of, as plain dicts and lists."""
        return {
            "date": date.today().isoformat(),  # noqa: DTZ011 - the day where it is measured
            "sizes": asdict(self._sizes),
            "peers": {name: _about(peer) for name, peer in self._peers.items()},
            "results": self.results,
        }

    def _measure(self, workload, name):
        try:
            figures = self._measured(workload, self._stations[name])
            self.results[workload][name]["rounds"].append(figures)
        except FailedError as error:
            self._failed(workload, name, error)

    def _measured(self, workload, station):
        if workload in READING:
            return self._read(workload, station)
        folder = self._scratch / f"{workload}-{station.peer.name}"
        if workload in LOGGING:
            self._seed(station, folder)
        try:
            return {**LOGGING, **CACHING, **COSTS}[workload](station, folder, self._sizes)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _seed(self, station, folder):
        """A copy of a store with one run, made once."""
        seed = self._scratch / f"seed-{station.peer.name}"
        if not seed.exists():
            measuring.seed(station, seed)
        shutil.copytree(seed, folder, symlinks=True)

    def _read(self, workload, station):
        store = station.peer.store or station.peer.name
        folder = self._scratch / f"store-{store}"
        if store not in self._filled:
            self._filled[store] = self._fill(store, folder)
        if isinstance(self._filled[store], FailedError):
            raise self._filled[store]
        return measuring.read(station, folder, self._sizes, self._filled[store], workload)

    def _fill(self, store, folder):
        try:
            return measuring.fill(self._stations[store], folder, self._sizes)
        except KeyError:
            return FailedError(f"needs {store}, which is not among the peers")
        except FailedError as error:
            return error

    def _failed(self, workload, name, error):
        reason = str(error).replace(str(self._scratch), "...")
        self.results[workload][name].update(failed=reason, missing=isinstance(error, MissingError))
        if not isinstance(error, MissingError):
            self._say(f"{name} fails: {reason}")


def _about(peer):
    return {"title": peer.title, "kind": peer.kind, "requirements": peer.requirements, "usage": peer.usage}
