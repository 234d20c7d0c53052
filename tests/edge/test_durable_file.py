"""A file is replaced whole or not at all, and what it was stays beside it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.durable_file import replace_file

# Dies, as in a power cut, where the new content is about to take the old one's name.
CUT = """
import os, signal, sys
from pathlib import Path
from edge.durable_file import replace_file
path = Path(sys.argv[1])
rename = os.replace
def cut(source, target):
    if Path(target) == path:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
Path.replace = lambda self, target: cut(self, target)
replace_file(path, b"never", kept=5)
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_last_five_are_kept_the_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    for number in range(8):
        replace_file(path, b"%d" % number, kept=5)
    assert contents(tmp_path) == {
        "site.toml": b"7",
        "site.toml.1": b"6",
        "site.toml.2": b"5",
        "site.toml.3": b"4",
        "site.toml.4": b"3",
        "site.toml.5": b"2",
    }


def test_only_the_owner_can_read_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"first")
    path.chmod(0o644)
    replace_file(path, b"second", kept=5)
    assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}


def test_writing_what_is_there_keeps_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    replace_file(path, b"same", kept=5)
    before = path.stat().st_ino
    replace_file(path, b"same", kept=5)
    assert contents(tmp_path) == {"site.toml": b"same"}
    assert path.stat().st_ino == before


def test_a_cut_before_the_rename_leaves_the_old_one(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path = tmp_path / "site.toml"
    replace_file(path, b"older", kept=5)
    replace_file(path, b"old", kept=5)
    for _ in range(7):
        cut = subprocess.run(
            [sys.executable, "-c", CUT, path],
            env=os.environ | {"PYTHONPATH": str(pytestconfig.rootpath)},
            timeout=60,
            check=False,
        )
        assert cut.returncode == -signal.SIGKILL
        assert path.read_bytes() == b"old"
    replace_file(path, b"new", kept=5)
    assert contents(tmp_path) == {
        "site.toml": b"new",
        "site.toml.1": b"old",
        "site.toml.2": b"older",
    }


def test_a_failed_rename_is_told_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.toml"
    replace_file(path, b"old", kept=5)

    def refuse(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", refuse)
        with pytest.raises(OSError, match="No space left"):
            replace_file(path, b"new", kept=5)
    assert path.read_bytes() == b"old"
    replace_file(path, b"new", kept=5)
    assert (path.read_bytes(), path.with_name("site.toml.1").read_bytes()) == (b"new", b"old")
