"""Many processes append to one file, are killed, run out of disk, and lose the file."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xetrack import Reader, Tracker
from xetrack.errors import XetrackWarning
from xetrack_sinks import linefile
from xetrack_sinks.linefile import LineFile, parts

# writes numbered lines of about 20 kB, which a kill can tear, until it is killed or has written `count`
WRITER = """
import json, sys
from xetrack_sinks.linefile import LineFile
path, name, count, largest = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
file = LineFile(path, largest or None)
for number in range(count):
    file.write(json.dumps({"name": name, "number": number, "fill": "x" * (number % 7 * 3000)}).encode() + b"\\n")
    if number == 20:
        print("going", flush=True)
"""


def writer(path, name, count=10**9, largest=0):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count), str(largest)], stdout=subprocess.PIPE
    )


def numbers(path):
    """The numbers of each writer, and how many lines are damaged."""
    found, damaged = {}, 0
    for part in parts(path):
        for line in part.read_bytes().split(b"\n"):
            try:
                entry = json.loads(line)
            except ValueError:
                damaged += bool(line.strip())
                continue
            found.setdefault(entry["name"], []).append(entry["number"])
    return found, damaged


def test_processes_share_a_file(tmp_path):
    path = tmp_path / "new" / "folder" / "a.jsonl"
    writers = [writer(path, name, 500) for name in "abcd"]
    for each in writers:
        each.communicate()

    assert numbers(path) == ({name: list(range(500)) for name in "abcd"}, 0)


def test_a_file_is_set_aside_under_the_eyes_of_others(tmp_path):
    path = tmp_path / "a.jsonl"
    writers = [writer(path, name, 500, 400_000) for name in "abcd"]
    for each in writers:
        each.communicate()

    found, damaged = numbers(path)
    assert damaged == 0
    assert {name: sorted(each) for name, each in found.items()} == {name: list(range(500)) for name in "abcd"}
    assert len(parts(path)) > 5
    assert list(tmp_path.iterdir()).__len__() == len(parts(path))


def test_kill_9_costs_nobody_else_a_line(tmp_path):
    path = tmp_path / "a.jsonl"
    survivor = writer(path, "survivor", 3000)
    for round_ in range(8):
        victim = writer(path, f"victim{round_}")
        assert victim.stdout.readline() == b"going\n"
        victim.kill()
        victim.communicate()
        assert victim.returncode == -signal.SIGKILL
    survivor.communicate()

    found, _ = numbers(path)
    assert found["survivor"] == list(range(3000))
    for round_ in range(8):
        victims = found[f"victim{round_}"]
        assert victims == list(range(len(victims)))


def test_a_line_after_a_torn_one_stands_alone(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"torn": ')
    LineFile(path).write(b'{"x": 1}\n')

    assert path.read_bytes() == b'{"torn": \n{"x": 1}\n'


def test_a_line_that_was_glued_to_a_torn_one_is_written_again(tmp_path):
    path = tmp_path / "a.jsonl"
    file = LineFile(path)
    file.write(b'{"x": 1}\n')
    with path.open("ab") as other:
        other.write(b'{"torn": ')
    file.write(b'{"x": 2}\n')
    file.write(b'{"x": 3}\n')

    assert path.read_bytes() == b'{"x": 1}\n{"torn": {"x": 2}\n{"x": 2}\n{"x": 3}\n'
    with pytest.warns(XetrackWarning, match=": 1 line cannot"):
        assert list(Reader.read_jsonl(path)["x"]) == [1, 2, 3]


def test_a_removed_file_is_begun_again(tmp_path):
    path = tmp_path / "logs" / "a.jsonl"
    with Tracker(Tracker.IN_MEMORY, jsonl=path) as tracker:
        tracker.log({"x": 1})
        path.unlink()
        path.parent.rmdir()
        tracker.log({"x": 2})
        tracker.log({"x": 3})
        tracker.flush()

        assert tracker.losses == {}
        assert list(Reader.read_jsonl(path)["x"])[-2:] == [2, 3]


def test_lines_that_went_to_a_removed_file_wait_until_a_new_one_can_be_made(tmp_path):
    path = tmp_path / "logs" / "a.jsonl"
    file = LineFile(path)
    file.write(b"1\n")
    path.unlink()
    path.parent.rmdir()
    file.write(b"2\n")
    path.parent.write_text("a file, no folder")
    with pytest.raises(OSError, match="logs"):
        file.flush()
    with pytest.raises(OSError, match="logs"):
        file.write(b"3\n")
    path.parent.unlink()
    file.write(b"4\n")

    assert path.read_bytes() == b"1\n2\n4\n"


def test_a_renamed_file_is_left_when_it_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(linefile, "_CHECK_AGAIN", -1.0)
    path = tmp_path / "a.jsonl"
    file = LineFile(path)
    file.write(b"1\n")
    path.rename(tmp_path / "b.jsonl")
    file.write(b"2\n")

    assert (path.read_bytes(), (tmp_path / "b.jsonl").read_bytes()) == (b"2\n", b"1\n")


def test_a_folder_that_cannot_be_made_costs_the_line_only(tmp_path):
    with Tracker(tmp_path / "a.db", jsonl=tmp_path / "logs" / "a.jsonl") as tracker:
        (tmp_path / "logs").write_text("a file, no folder")
        with pytest.warns(XetrackWarning, match="the sink 'jsonl' lost a row: "):
            tracker.log({"x": 1})
        tracker.log({"x": 2})  # a second warning would be an error
        assert tracker.losses == {"jsonl": 2}
        assert list(tracker.to_df()["x"]) == [1, 2]

        (tmp_path / "logs").unlink()
        tracker.log({"x": 3})

        assert tracker.losses == {"jsonl": 2}
        assert list(Reader.read_jsonl(tmp_path / "logs" / "a.jsonl")["x"]) == [3]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("options", [{"jsonl": "/dev/full"}, {"logs_path": "/dev", "logs_file_format": "full"}])
def test_a_full_disk_costs_the_line_only(options):
    with Tracker(Tracker.IN_MEMORY, **options) as tracker:
        with pytest.warns(XetrackWarning, match="No space left on device"):
            tracker.log({"x": 1})
        assert list(tracker.losses.values()) == [1]
        assert len(tracker) == 1


def test_of_a_line_that_fitted_in_part_nothing_is_left(tmp_path):
    path = tmp_path / "a.jsonl"
    file = LineFile(path)
    file.write(b'{"x": 1}\n')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        with pytest.raises(OSError, match="only a part of the line was written") as caught:
            file.write(b'{"x": "a line that is longer than the rest"}\n')
        with pytest.raises(OSError, match="File too large"):
            file.write(b'{"x": 2}\n')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    file.write(b'{"x": 3}\n')

    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b'{"x": 1}\n          \n{"x": 3}\n'
    assert list(Reader.read_jsonl(path)["x"]) == [1, 3]


def test_a_file_that_cannot_be_set_aside_grows_on(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    file = LineFile(path, 10)

    def refuse(*_):
        raise PermissionError(errno.EPERM, "no renaming here")

    with monkeypatch.context() as patched:
        patched.setattr(type(path), "rename", refuse)
        with pytest.warns(XetrackWarning, match="grows beyond jsonl_max_bytes=10: .*no renaming here"):
            file.write(b"more than ten\n")
    file.write(b"2\n")
    file.write(b"3\n")

    assert [part.read_bytes() for part in parts(path)] == [b"more than ten\n2\n", b"3\n"]


def test_read_jsonl_reads_what_was_set_aside_first(tmp_path):
    with Tracker(Tracker.IN_MEMORY, jsonl=tmp_path / "a.jsonl", jsonl_max_bytes=500) as tracker:
        for number in range(60):
            tracker.log({"x": number})

    assert len(parts(tmp_path / "a.jsonl")) > 11  # .10 comes after .9
    assert list(Reader.read_jsonl(tmp_path / "a.jsonl")["x"]) == list(range(60))


def test_threads_share_a_file(tmp_path):
    path = tmp_path / "a.jsonl"
    file = LineFile(path, 2000)

    def write(name):
        for number in range(300):
            file.write(json.dumps({"name": name, "number": number}).encode() + b"\n")

    threads = [threading.Thread(target=write, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers(path) == ({name: list(range(300)) for name in "abcd"}, 0)


FORK = """
import os, sys
from xetrack import Tracker
tracker = Tracker(Tracker.IN_MEMORY, jsonl=sys.argv[1], logs_path=sys.argv[2])
tracker.log({"x": 0})
children = []
for child in range(1, 5):
    pid = os.fork()
    if pid == 0:
        for _ in range(100):
            tracker.log({"x": child})
        os._exit(0)
    children.append(pid)
for _ in range(99):
    tracker.log({"x": 0})
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_forked_children_log_too(tmp_path):
    subprocess.run([sys.executable, "-c", FORK, tmp_path / "a.jsonl", tmp_path / "logs"], check=True)

    for frame in (Reader.read_jsonl(tmp_path / "a.jsonl"), Reader.read_logs(tmp_path / "logs")):
        assert dict(frame["x"].value_counts()) == dict.fromkeys(range(5), 100)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the system cannot stop a process")
def test_a_stopped_process_keeps_nobody_waiting(tmp_path):
    path = tmp_path / "a.jsonl"
    stopped = writer(path, "stopped", largest=100_000)
    assert stopped.stdout.readline() == b"going\n"
    stopped.send_signal(signal.SIGSTOP)
    assert os.WIFSTOPPED(os.waitpid(stopped.pid, os.WUNTRACED)[1])  # not until then
    try:
        file = LineFile(path)
        for number in range(200):
            file.write(json.dumps({"name": "mine", "number": number}).encode() + b"\n")
    finally:
        stopped.kill()
        stopped.communicate()

    assert numbers(path)[0]["mine"] == list(range(200))
