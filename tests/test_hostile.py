"""Files of strangers, made to run code, to read elsewhere, or to take all memory: with `XETRACK_SAFE=1` none do.

A process of its own reads each, under an audit hook that tells of every import of a pickle, command, library, socket
and file that is opened outside of its folder.
"""

import pickle
import sqlite3
import sys
import zlib
from base64 import b64encode
from contextlib import closing

import numpy as np
import pytest
import xxhash

from xetrack import Reader, Tracker
from xetrack_testing import Processes

READ = """
import os, sys, warnings
from pathlib import Path
import numpy, pandas, pyarrow, duckdb, sqlitedict, cloudpickle, xetrack_assets.store, xetrack_duckdb.engine, xxhash
import xetrack
from xetrack import Reader, Tracker
from xetrack.errors import XetrackError, XetrackWarning

warnings.simplefilter("ignore", XetrackWarning)
home = Path(sys.argv[1])
HARM = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "sqlite3.enable_load_extension",
    "sqlite3.load_extension", "socket.connect", "socket.getaddrinfo", "exec", "os.mkdir", "os.remove", "shutil.rmtree"}
OURS = (str(home), sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev/null", str(Path(xetrack.__file__).parents[3]))
watching = False
def watch(event, arguments):
    if not watching:
        return
    if event == "pickle.find_class" and arguments[0] != "builtins":
        print("HARM", event, *arguments)
    elif event == "open" and isinstance(arguments[0], str) and not os.path.realpath(arguments[0]).startswith(OURS):
        print("HARM", event, *arguments)
    elif event in HARM and event not in ("exec", "os.mkdir", "os.remove"):
        print("HARM", event, *arguments)
sys.addaudithook(watch)

def attempt(what):
    try:
        what()
    except XetrackError as error:
        print("told", type(error).__name__)

def read(folder, engine):
    with Reader(folder / "track.db", engine) as reader:
        attempt(lambda: print("rows", len(reader.to_df())))
        attempt(reader.list_runs)
        attempt(reader.latest)
        attempt(lambda: [attempt(lambda: reader.assets.get(key)) for key in reader.assets])
        attempt(lambda: reader.assets.get("name"))
        attempt(reader.assets.unused)

def write(folder):
    with Tracker(folder / "track.db") as tracker:
        tracker.log({"x": 2, "thing": slice(1, 2)})
        tracker.set_value("x", 3)
    Reader(folder / "track.db").delete_run("evil")

with Tracker(home / "warm.db", cache=home / "warm") as tracker:
    tracker.log({"x": slice(1, 2)})
    tracker.track(divmod, 7, 2)
xetrack.copy(home / "warm.db", home / "warmer.db")
Reader(home / "warm.db", "duckdb").to_df()
for folder in sorted(home.glob("case*")):
    print("CASE", folder.name, flush=True)
    os.chdir(folder)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
    watching = True
    for engine in ("sqlite", "duckdb"):
        attempt(lambda: read(folder, engine))
    attempt(lambda: xetrack.copy(folder / "track.db", folder / "copy.db"))
    attempt(lambda: write(folder))
    watching = False
    status = Path("/proc/self/status").read_text()
    print("memory", int(status.partition("VmHWM:")[2].split()[0]) // 1000)
"""


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        import os

        return os.system, ("echo pwned > pwned",)


def base(folder):
    """A database with a row and an object, named in the run `evil`; and the hash of the object."""
    with Tracker(folder / "track.db", track_id="evil") as tracker:
        tracker.log({"x": 1, "name": slice(1, 2)})
        return tracker.latest["name"]


def schema(*statements):
    """Something crafted in SQL."""

    def craft(folder):
        base(folder)
        with closing(sqlite3.connect(folder / "track.db")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return craft


def raw_schema(name, kind, sql):
    """Something that SQLite itself would refuse to make, put past it."""

    def craft(folder):
        base(folder)
        with closing(sqlite3.connect(folder / "track.db")) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, 0, ?)", (kind, name, name, sql))
            connection.commit()

    return craft


def forged(serializer, data, place="assets"):
    """An object of any bytes, or of those that a function makes, with the right hash."""

    def craft(folder):
        forge(folder, data() if callable(data) else data)

    def forge(folder, data):
        key = base(folder)
        new = xxhash.xxh64(zlib.decompress(data) if data.startswith(b"\x78\xda") else data).hexdigest()
        with closing(sqlite3.connect(folder / "track.db")) as connection:
            connection.execute("UPDATE xetrack_assets SET key = ?, serializer = ?, place = ?", (new, serializer, place))
            connection.execute("UPDATE counts SET key = ?", (new,))
            stored = b64encode(pickle.dumps(new, protocol=5)).decode()
            connection.execute("UPDATE assets SET key = ?, value = ?", (stored, data))
            connection.execute("UPDATE events SET name = ?", (new,))
            connection.commit()
        assert key != new

    return craft


def npy(array):
    import io

    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


_BOMB = 600 * 2**20


def bomb():
    """A pickle of many zeros, packed piece by piece: made where it is used, since every worker imports this file."""
    packer = zlib.compressobj(1)
    pieces = (packer.compress(bytes(2**20)) for _ in range(_BOMB // 2**20))
    return b"".join([packer.compress(b"\x80\x05B" + _BOMB.to_bytes(4, "little")), *pieces, packer.flush()])


_MOST_MEMORY = 850  # megabytes: three hundred for what is imported, and what an object may unpack to

DEEP = "1" + " + 1" * 20_000
CRAFTED = {
    "a trigger that loads a library": schema(
        "CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT load_extension('/tmp/evil.so'); END",
        "CREATE TRIGGER u BEFORE UPDATE ON events BEGIN SELECT writefile('/tmp/pwned', 'x'); END",
    ),
    "a view in place of the rows": schema(
        "ALTER TABLE events RENAME TO hidden",
        "CREATE VIEW events AS SELECT load_extension('/tmp/evil.so') AS x, 'r' AS track_id, '1' AS timestamp",
    ),
    "a view without an end": schema(
        "ALTER TABLE events RENAME TO hidden",
        "CREATE VIEW events AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    ),
    "a column that is computed": schema("ALTER TABLE events ADD COLUMN y AS (zeroblob(900000000))"),
    "an index on an expression": schema("CREATE INDEX i ON events (abs(x))"),
    "a virtual table": raw_schema("evil", "table", "CREATE VIRTUAL TABLE evil USING csv(filename='/etc/passwd')"),
    "a table of a module that is there": schema("CREATE VIRTUAL TABLE evil USING fts5(track_id, timestamp)"),
    "an expression too deep": raw_schema("deep", "view", f"CREATE VIEW deep AS SELECT {DEEP}"),
    "a schema that is no SQL": raw_schema("evil", "table", "CREATE TABLE evil (x'; DROP TABLE events; --"),
    "names with quotes and NULs": schema(
        'CREATE TABLE "a""b\'c;--" (track_id TEXT, timestamp TEXT, "x""\' y" INT, PRIMARY KEY (track_id, timestamp))',
        'ALTER TABLE events ADD COLUMN "q""\'; DROP TABLE events; --" TEXT',
    ),
    "a huge blob": schema("UPDATE events SET x = zeroblob(50000000)"),
    "a pickle": forged("cloudpickle", pickle.dumps(Evil(), protocol=5)),
    "a pickle in a pickle": forged("cloudpickle", pickle.dumps([pickle.dumps(Evil())], protocol=5)),
    "an array of objects": forged("numpy", npy(np.array([Evil()], dtype=object))),
    "a frame that is none": forged("arrow", b"ARROW1\0\0" + b"\xff" * 200),
    "an array of a shape without end": forged(
        "numpy", npy(np.zeros(1)).replace(b"'shape': (1,), }    ", b"'shape': (9**19,), }")
    ),
    "a bomb of zeros": forged("cloudpickle", bomb),
    "a place elsewhere": forged("cloudpickle", b"x", place="/etc"),
    "a place on the network": forged("cloudpickle", b"y", place="http://localhost:1/evil"),
    "a place of parents": forged("cloudpickle", b"z", place="../../../../etc"),
    "evil counts": schema(f"UPDATE counts SET value = x'{pickle.dumps(Evil(), protocol=5).hex()}'"),
    "evil names": schema(f"UPDATE keys SET value = x'{pickle.dumps(Evil(), protocol=5).hex()}'"),
}


def outcomes(home, names, **environment):
    """What was told of each crafted database: lines."""
    for number, name in enumerate(names):
        folder = home / f"case{number:02}"
        folder.mkdir()
        CRAFTED[name](folder)
    with Processes(folder=home) as processes:
        _, *cases = processes.run(READ, home, **environment).split("CASE ")
    return {name: case.splitlines()[1:] for name, case in zip(names, cases, strict=True)}


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    home = tmp_path_factory.mktemp("theirs")
    return home, outcomes(home, list(CRAFTED), XETRACK_SAFE="1")


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_database_harms_nobody(what, told):
    home, found = told
    assert [line for line in found[what] if line.startswith("HARM")] == []
    assert not (home / f"case{list(CRAFTED).index(what):02}" / "pwned").exists()
    (memory,) = [int(line.split()[1]) for line in found[what] if line.startswith("memory")]
    assert memory < _MOST_MEMORY


def test_an_honest_file_that_uses_json_in_its_schema_is_read_without_trust(tmp_path):
    """`PRAGMA trusted_schema = OFF` would keep SQLite 3.40 from reading it."""
    schema(
        "CREATE INDEX by_x ON events (json_extract(json_array(x), '$[0]'))",
        "CREATE VIEW names AS SELECT json_array(x) AS listed FROM events",
        "CREATE TABLE notes (x CHECK (json_valid(x)), y AS (json_extract(x, '$.a')))",
    )(tmp_path)
    with Reader(tmp_path / "track.db", trusted=False) as reader:
        assert [row["x"] for row in reader] == [1]
        assert reader.conn.execute("SELECT listed FROM db.names").fetchall() == [("[1]",)]


def test_the_watch_sees_harm(tmp_path):
    """Or else nothing is tested: with trust, the pickle runs."""
    found = outcomes(tmp_path, ["a pickle"])["a pickle"]
    assert any(line.startswith("HARM os.system") for line in found)
    assert (tmp_path / "case00" / "pwned").exists()
