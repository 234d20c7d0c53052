"""What a box exported is taken in like what it sends, once."""

import gzip
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.edge.crm.conftest import Box

MakeEvent = Callable[..., dict[str, Any]]
Payvand = Callable[..., subprocess.CompletedProcess[str]]


def export(path: Path, *events: dict[str, Any], lacking: int = 0) -> Path:
    """A file as `payvand export` writes it; `lacking` lines are cut off its end."""
    lines = [json.dumps(event).encode() + b"\n" for event in events]
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    end = {"payvand": "end", "events": len(lines), "sha256": digest}
    head = {"payvand": "export 1", "box": "mashhad", "journal": "1a2b3c4d", "first": 1, "last": 9}
    lines = [json.dumps(head).encode() + b"\n", *lines, json.dumps(end).encode() + b"\n"]
    path.write_bytes(gzip.compress(b"".join(lines[: len(lines) - lacking])))
    return path


async def test_events_are_taken_beside_a_running_server(
    box: "Box", event: MakeEvent, tmp_path: Path, payvand: Payvand
) -> None:
    await box.send(event(2))
    events = [event(sequence) for sequence in range(1, 1004)]
    older = event(7, "before") | {"id": "99999999-7"}  # of before a restore
    file = export(tmp_path / "mashhad.events", *events, older)
    for words in ("1004 events: 1003 new, 1 were here", "1004 events: 0 new, 1004 were here"):
        taken = payvand("crm", "--data", tmp_path / "crm", "--take", file)
        assert (taken.returncode, taken.stderr) == (0, "")
        assert taken.stdout.startswith(words)
    assert len(await box.calls()) == 100
    assert (await box.stats())["calls"] == 1004
    repeat = await box.send(event(1003))
    assert repeat.body == {"through": 1003, "rejected": []}
    assert (await box.stats())["stored"] == 1004


@pytest.mark.parametrize("lacking", [1, 2])
async def test_of_a_file_that_was_cut_nothing_is_taken(
    box: "Box", event: MakeEvent, tmp_path: Path, payvand: Payvand, lacking: int
) -> None:
    file = export(tmp_path / "cut", event(1), event(2), lacking=lacking)
    taken = payvand("crm", "--data", tmp_path / "crm", "--take", file)
    assert (taken.returncode, taken.stdout, taken.stderr.count("\n")) == (1, "", 1)
    assert "cut short" in taken.stderr
    assert await box.stored() == []


async def test_what_is_no_export_is_one_clear_line(
    event: MakeEvent, tmp_path: Path, payvand: Payvand
) -> None:
    whole = export(tmp_path / "whole", event(1), event(2)).read_bytes()
    files = {
        "text": b"hello",
        "torn": whole[:-20],
        "altered": gzip.compress(gzip.decompress(whole).replace(b"answered", b"missed", 1)),
        "other": gzip.compress(b'{"payvand": "export 2", "box": "mashhad"}\n'),
        "odd": gzip.compress(gzip.decompress(whole).replace(b"\n", b"\n{\n", 1)),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        taken = payvand("crm", "--data", tmp_path / "crm", "--take", tmp_path / name)
        assert (taken.returncode, taken.stdout) == (1, ""), name
        assert taken.stderr.count("\n") == 1, taken.stderr
    missing = payvand("crm", "--data", tmp_path / "crm", "--take", tmp_path / "nothing")
    assert missing.returncode == 1
