"""Track ids, the clock, and what is told of a git repository."""

import os
import random
import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from xetrack import Tracker
from xetrack.runs import Clock, git_state, new_track_id

NOON = datetime(2024, 2, 29, 12, 0, 0)  # noqa: DTZ001 - stamps are local times


def clock(*times):
    """A clock that tells these times, one a look."""
    return Clock(iter([round(time.timestamp() * 1_000_000) * 1000 for time in times]).__next__)


def microseconds(count):
    return timedelta(microseconds=count)


def test_a_stamp_is_the_time_with_six_digits_always():
    assert clock(NOON).stamp() == "2024-02-29 12:00:00.000000"


def test_a_clock_that_stands_still_is_helped_on():
    still = clock(*[NOON] * 3)

    assert [still.stamp()[-6:] for _ in range(3)] == ["000000", "000001", "000002"]


def test_a_clock_that_lags_behind_what_was_given_is_helped_on_until_it_catches_up():
    lagging = clock(NOON, NOON, NOON, NOON + microseconds(1), NOON + microseconds(10))

    assert [lagging.stamp()[-6:] for _ in range(5)] == ["000000", "000001", "000002", "000003", "000010"]


def test_a_clock_set_back_is_told_as_it_is():
    earlier = NOON - timedelta(hours=1)
    back = clock(NOON, earlier, earlier + microseconds(5))

    assert [back.stamp()[11:] for _ in range(3)] == ["12:00:00.000000", "11:00:00.000000", "11:00:00.000005"]


@pytest.mark.parametrize("second", [-1, 0, -2_208_988_800, 9_214_646_400])
def test_a_clock_may_tell_any_year(second):
    stamp = Clock(lambda: second * 1_000_000_000 + 1000).stamp()

    assert datetime.fromisoformat(stamp) == datetime.fromtimestamp(second) + microseconds(1)  # noqa: DTZ006 - local


@pytest.mark.parametrize(
    ("start", "count"),
    [(0, 0), (0, 1), (0, 10), (1, 2), (999_998, 1), (999_998, 2), (999_998, 3), (999_999, 2), (999_999, 1_000_003)],
)
def test_the_stamps_of_a_batch_are_a_microsecond_apart_across_seconds(start, count):
    first = NOON + microseconds(start)

    stamps = clock(first).stamps(count)

    assert len(stamps) == len(set(stamps)) == count
    assert stamps == sorted(stamps)
    if count:
        assert stamps[0] == first.isoformat(" ", "microseconds")
        assert stamps[-1] == (first + microseconds(count - 1)).isoformat(" ", "microseconds")


def test_batches_cross_midnight_and_the_end_of_a_year():
    stamps = clock(datetime(2023, 12, 31, 23, 59, 59, 999_999)).stamps(2)  # noqa: DTZ001 - a local time

    assert stamps == ["2023-12-31 23:59:59.999999", "2024-01-01 00:00:00.000000"]


def test_stamps_go_on_where_the_last_batch_ended():
    still = clock(*[NOON] * 4)

    stamps = [*still.stamps(3), still.stamp(), *still.stamps(2), still.stamp()]

    assert [stamp[-6:] for stamp in stamps] == [f"{number:06d}" for number in range(7)]


def test_stamps_go_on_across_a_second_that_a_batch_filled():
    still = clock(*[NOON] * 2)

    assert still.stamps(1_000_000)[-1] == "2024-02-29 12:00:00.999999"
    assert still.stamp() == "2024-02-29 12:00:01.000000"


def test_a_batch_after_the_clock_was_set_back_is_told_as_it_is():
    back = clock(NOON, NOON - timedelta(days=1))
    back.stamps(5)

    assert back.stamps(2) == ["2024-02-28 12:00:00.000000", "2024-02-28 12:00:00.000001"]


def test_a_track_id_reads_like_the_documented_one():
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+-\d{4}", new_track_id())


@pytest.mark.parametrize("make", [new_track_id, lambda: Tracker(":memory:").track_id], ids=["function", "tracker"])
def test_seeding_random_does_not_repeat_track_ids(make):
    state = random.getstate()
    made = set()
    for _ in range(20):
        random.seed(0)
        made.add(make())
    random.setstate(state)

    assert len(made) == 20


def test_making_a_track_id_leaves_the_users_random_numbers_alone():
    random.seed(7)
    expected = random.random()

    random.seed(7)
    new_track_id()

    assert random.random() == expected


_FIRST_OF_A_PROCESS = """
import random
random.seed(7)
expected = random.random()
random.seed(7)
from xetrack.runs import new_track_id
print(new_track_id(), random.random() == expected)
"""


@pytest.mark.parametrize("variables", [{}, {"COOLNAME_DATA_MODULE": "words"}], ids=["plain", "with other words"])
def test_so_does_the_first_one_of_a_process_for_which_coolname_is_imported(variables, tmp_path):
    (tmp_path / "words.py").write_text("config = {'all': {'type': 'words', 'words': ['a', 'b']}}\n", encoding="utf-8")
    environment = os.environ | variables | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", _FIRST_OF_A_PROCESS]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)

    assert re.fullmatch(r"[a-z]+(-[a-z]+)+-\d{4} True\n", done.stdout)


# git


def git(folder, *words):
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where a git hook runs the tests
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "-b", "feature/x")
    (tmp_path / "a.txt").write_text("one")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_a_clean_repository_is_told_by_commit_and_branch(repository):
    assert git_state(repository) == {
        "git_commit_hash": git(repository, "rev-parse", "HEAD"),
        "git_branch": "feature/x",
        "git_dirty": False,
    }


@pytest.mark.parametrize("name", ["a.txt", "untracked.txt"])
def test_a_changed_or_new_file_makes_it_dirty(repository, name):
    (repository / name).write_text("two")

    assert git_state(repository)["git_dirty"] is True


def test_a_folder_inside_the_repository_will_do(repository):
    folder = repository / "src" / "deep"
    folder.mkdir(parents=True)

    assert git_state(str(folder)) == git_state(repository)


def test_a_detached_head_still_has_a_commit(repository):
    git(repository, "checkout", "--detach")

    state = git_state(repository)
    assert (state["git_commit_hash"], state["git_branch"]) == (git(repository, "rev-parse", "HEAD"), "HEAD")


def test_a_branch_is_told_by_its_name_even_where_a_tag_and_a_file_have_it_too(repository):
    git(repository, "tag", "feature/x")
    git(repository, "tag", "HEAD")
    (repository / "HEAD").write_text("a file")
    git(repository, "add", "HEAD")
    git(repository, "commit", "-m", "second")

    state = git_state(repository)
    assert state["git_branch"] == "feature/x"
    assert state["git_commit_hash"] == git(repository, "log", "-1", "--format=%H", "refs/heads/feature/x")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locale")
@pytest.mark.parametrize("branch", ["日本", "naïve/ß"])
def test_a_branch_may_have_any_name_in_any_locale(repository, branch):
    git(repository, "checkout", "-b", branch)
    code = "import sys; from xetrack.runs import git_state; print(ascii(git_state(sys.argv[1])['git_branch']))"
    plain = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    done = subprocess.run(
        [sys.executable, "-c", code, repository], env=plain, check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == ascii(branch)


def test_a_bare_repository_has_no_tree_to_be_dirty(repository, tmp_path_factory):
    bare = tmp_path_factory.mktemp("bare")
    git(repository, "clone", "--bare", ".", str(bare))

    state = git_state(bare)
    assert state == {**git_state(repository), "git_dirty": None}


def test_variables_that_point_elsewhere_are_not_followed(repository, tmp_path_factory, monkeypatch):
    state = git_state(repository)
    other = tmp_path_factory.mktemp("other")
    git(other, "init")
    (other / "index").write_bytes(b"no index")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other))
    monkeypatch.setenv("GIT_NAMESPACE", "other")

    assert git_state(repository) == state
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp()))
    assert git_state(tmp_path_factory.mktemp("outside")) == {}


def test_a_repository_runs_no_program_of_its_own_when_it_is_looked_at(repository, tmp_path_factory):
    witness = tmp_path_factory.mktemp("witness") / "ran"
    spy = repository / ".git" / "spy"
    spy.write_text(f"#!/bin/sh\ntouch '{witness}'\n")
    spy.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(spy))

    git_state(repository)

    assert not witness.exists()


@pytest.mark.parametrize("name", ["; touch hacked", "$(touch hacked)", "a\0b", "-C", ""])
def test_a_hostile_path_is_only_a_path(tmp_path, name, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)

    assert git_state(name) == {}
    assert not any(tmp_path.iterdir())


def test_a_file_is_no_folder_of_a_repository(repository):
    assert git_state(repository / "a.txt") == {}


@pytest.mark.parametrize("prepare", [lambda _: None, lambda path: git(path, "init")], ids=["none", "without a commit"])
def test_outside_of_a_repository_there_is_nothing_to_tell(tmp_path, prepare, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    prepare(tmp_path)

    assert git_state(tmp_path) == {}


def test_a_folder_that_does_not_exist_or_no_git_at_all_is_nothing_to_tell(repository, monkeypatch):
    assert git_state(repository / "nowhere") == {}
    monkeypatch.setenv("PATH", "")
    assert git_state(repository) == {}


def test_looking_leaves_the_repository_alone(repository):
    index = repository / ".git" / "index"
    before = index.read_bytes()
    os.utime(repository / "a.txt", (1, 1))  # the same text, another time: git would like to refresh its index

    git_state(repository)

    assert index.read_bytes() == before
