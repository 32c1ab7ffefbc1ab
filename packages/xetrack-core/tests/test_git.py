"""The state of a git repository, and why there is none."""

import os
import re
import subprocess
import sys

import pytest

from xetrack import Tracker, XetrackWarning
from xetrack._tracking.git import GitError, git_state


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
    code = "import sys; from xetrack._tracking.git import git_state; print(ascii(git_state(sys.argv[1])['git_branch']))"
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
    with pytest.raises(GitError, match="is not in a git repository"):
        git_state(tmp_path_factory.mktemp("outside"))


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

    with pytest.raises(GitError):
        git_state(name)
    assert not any(tmp_path.iterdir())


def test_a_file_stands_for_its_folder(repository):
    assert git_state(repository / "a.txt") == git_state(repository)


# Why there is nothing to log


def reason(root, **options):
    with pytest.warns(XetrackWarning) as caught, Tracker(":memory:", git_root=root, **options) as tracker:
        assert tracker.params == {}
    (warning,) = caught
    return str(warning.message)


def test_a_folder_outside_of_a_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("LANGUAGE", "de")

    assert "is not in a git repository" in reason(tmp_path)


def test_a_repository_without_a_commit(tmp_path):
    git(tmp_path, "init")

    assert "has no commits yet" in reason(tmp_path)


def test_a_path_that_does_not_exist(repository):
    assert f"{str(repository / 'nowhere')!r} does not exist" in reason(repository / "nowhere")


def test_no_git_on_the_path(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")

    assert "git is not installed" in reason(repository)


def test_a_repository_of_another_user_comes_with_the_line_that_lets_git_read_it(repository, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # a switch of git's own
    monkeypatch.setenv("HOME", str(repository))

    told = reason(repository)
    line = re.search(r"git config --global --add safe\.directory (\S+)", told)
    assert "belongs to another user" in told
    git(repository, *line[0].split()[1:])
    assert git_state(repository)["git_branch"] == "feature/x"


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for git")
def test_a_git_that_does_not_answer(repository, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("bin")
    (folder / "git").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("xetrack._tracking.git._TIMEOUT", 0.2)

    assert "git rev-parse did not finish within 0.2 seconds" in reason(repository)


def test_a_status_that_fails_leaves_the_commit_and_says_so(repository):
    (repository / ".git" / "index").write_bytes(b"no index")

    with pytest.warns(XetrackWarning, match="git_dirty is unknown: git status failed"):
        tracker = Tracker(":memory:", git_root=repository)

    assert tracker.params == {**git_state(repository), "git_dirty": None}


def test_looking_leaves_the_repository_alone(repository):
    index = repository / ".git" / "index"
    before = index.read_bytes()
    os.utime(repository / "a.txt", (1, 1))  # the same text, another time: git would like to refresh its index

    git_state(repository)

    assert index.read_bytes() == before
