"""Where objects go is checked when the tracker is made: a wrong place must not show after hours of training."""

import sys

import pytest

from xetrack import Reader, Tracker, XetrackError
from xetrack.errors import OptionError, PluginNotInstalledError


@pytest.mark.parametrize(
    ("place", "error", "told"),
    [
        ("s3://bucket/path", PluginNotInstalledError, "needs another library. Install s3fs to access S3."),
        ("simplecache::gs://bucket/path", PluginNotInstalledError, "nstall gcsfs to access Google Storage."),
        ("memori://bucket", OptionError, "does not know the protocol 'memori'. Did you mean 'memory'"),
        ("file/objects", OptionError, "file, not a folder"),
    ],
)
def test_a_place_that_cannot_work_is_refused_at_once(tmp_path, monkeypatch, place, error, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()

    with pytest.raises(error, match="assets=") as caught:
        Tracker("track.db", assets=place)
    assert told in str(caught.value)
    assert not (tmp_path / "track.db").exists()


def test_readers_check_urls_and_leave_folders_alone(tmp_path):
    with Tracker(tmp_path / "track.db", assets=tmp_path / "objects") as tracker:
        key = tracker.log({"value": range(5)})["value"]
    (tmp_path / "objects").rename(tmp_path / "moved")

    with Reader(tmp_path / "track.db", assets=tmp_path / "moved") as reader:
        assert reader.get(key) == range(5)
    with Reader(tmp_path / "track.db", assets="s3://bucket") as reader, pytest.raises(PluginNotInstalledError):
        reader.get(key)


def test_without_fsspec_a_url_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.registry", None)

    with pytest.raises(PluginNotInstalledError, match=r'pip install "xetrack-assets\[fsspec\]"'):
        Tracker(tmp_path / "track.db", assets="memory://objects")


@pytest.mark.parametrize("serializer", ["npi", "", 5, b"npy"])
def test_an_unknown_serializer_is_refused_at_once(tmp_path, serializer):
    with pytest.raises(XetrackError, match="serializer="):
        Tracker(tmp_path / "track.db", serializer=serializer)
    assert not (tmp_path / "track.db").exists()


def test_engines_without_a_file_refuse_options_of_objects_at_once(tmp_path):
    with pytest.raises(OptionError, match="SQLite"):
        Tracker(Tracker.SKIP_INSERT, assets=tmp_path / "objects")
