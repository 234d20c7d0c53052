"""`payvand doctor`, run as a process: with an edge to ask, and without one."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

StartEdge = Callable[[Path], Awaitable[asyncio.subprocess.Process]]
Payvand = Callable[..., subprocess.CompletedProcess[str]]

HEAD = 'version = 1\nname = "mashhad"\ntimezone = "Asia/Tehran"\n'
DEVICE = """
[[device]]
key = "{key}"
driver = "panasonic"
link = {{ {link} }}
settings = {{ model = "{model}" }}
"""


def site(data: Path, *devices: tuple[str, str, str]) -> Path:
    """Write the settings of a branch with these devices: key, link, model."""
    texts = (DEVICE.format(key=key, link=link, model=model) for key, link, model in devices)
    (data / "site.toml").write_text(HEAD + "".join(texts))
    return data


def words(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stdout.replace("\u200f", "").split())


@pytest.fixture
def port(tmp_path: Path) -> str:
    """A link to a port that is there."""
    return f'serial = "{tmp_path / "ttyUSB0"}"'


async def test_a_running_edge_is_asked_to_check_now(
    tmp_path: Path, payvand: Payvand, start_edge: StartEdge
) -> None:
    await start_edge(site(tmp_path, ("pbx1", 'serial = "/dev/null"', "KX-TES824")))
    done = await asyncio.to_thread(payvand, "doctor", "--data", tmp_path)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert max(map(len, lines)) < 80
    assert lines[0] == "mashhad: 1 of 3 checks found something wrong"
    assert [line.split("  ")[0] for line in lines[2:6]] == ["ok", "ok", "WRONG", ""]
    assert "pbx2 is not read. do: Look at its cable. (link-missing)" in words(done)
    assert "To be set in the device pbx1 itself:" in lines
    assert "[907]: print the caller ID before the answer" in words(done)


async def test_in_persian(tmp_path: Path, payvand: Payvand, start_edge: StartEdge) -> None:
    await start_edge(site(tmp_path, ("pbx1", 'serial = "/dev/null"', "KX-TDA100")))
    done = await asyncio.to_thread(payvand, "doctor", "--data", tmp_path, "--lang", "fa")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert all(line.startswith("\u200f") for line in lines if line)  # it runs from the right
    assert "تماس‌های «pbx2» خوانده نمی‌شود. چاره: کابل آن را بررسی کنید." in words(done)
    assert "\u2066SMDR options, Received call (RC)\u2069: روشن" in words(done)


async def test_as_json(tmp_path: Path, payvand: Payvand, start_edge: StartEdge) -> None:
    await start_edge(site(tmp_path, ("pbx1", 'serial = "/dev/null"', "KX-TES824")))
    done = await asyncio.to_thread(payvand, "doctor", "--data", tmp_path, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["running"] is True
    issues = [issue for answer in found["report"]["answers"] for issue in answer["issues"]]
    assert [(issue["code"], issue["cause"]["en"]) for issue in issues] == [
        ("link-missing", "pbx2 is not read.")
    ]
    assert set(issues[0]["advice"]) == {"en", "fa"}
    assert [asks["device"] for asks in found["asks"]] == ["pbx1"]


def test_without_an_edge_it_says_how_to_start_it_and_looks_at_disk_and_ports(
    tmp_path: Path, payvand: Payvand, port: str
) -> None:
    site(
        tmp_path,
        ("pbx1", port, "KX-TES824"),
        ("pbx2", 'serial = "/dev/ttyNONE7"', "KX-TES824"),
        ("pbx3", 'tcp = "127.0.0.1:9"', "KX-TDA100"),
    )
    (tmp_path / "ttyUSB0").touch()
    done = payvand("doctor", "--data", tmp_path)
    text = words(done)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"Start it with `payvand run --data {tmp_path}`. (not-running)" in text
    assert "pbx2 is not read: /dev/ttyNONE7 is not there" in text
    assert "(port-missing)" in text
    assert "pbx1 is not read" not in text
    assert "pbx3: it is on the network and was not tried" in text
    assert "ok Room on the disk" in text
    assert "To be set in the device pbx3 itself:" in text


def test_without_an_edge_a_journal_set_aside_is_named(tmp_path: Path, payvand: Payvand) -> None:
    site(tmp_path)
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"journal.sqlite.damaged-20261121T080000.0Z{end}").touch()
    text = words(payvand("doctor", "--data", tmp_path))
    assert "set it aside: journal.sqlite.damaged-20261121T080000.0Z." in text
    assert "(journal-quarantined)" in text


def test_mistakes_in_the_settings_are_told_with_everything_else(
    tmp_path: Path, payvand: Payvand
) -> None:
    site(tmp_path, ("pbx1", 'serial = "/dev/null", baud = 3', "KX-TES824"), ("x", "", "KX-1"))
    done = payvand("doctor", "--data", tmp_path)
    text = words(done)
    assert (done.returncode, done.stderr) == (2, "")
    assert "link.baud" in text
    assert text.count("(settings-wrong)") >= 3
    assert "(not-running)" in text


@pytest.mark.parametrize("bad", [["--lang", "de"], ["--what"]])
def test_bad_arguments_are_told_in_a_line(payvand: Payvand, bad: list[str]) -> None:
    done = payvand("doctor", *bad)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_data_directory_that_is_not_there(tmp_path: Path, payvand: Payvand) -> None:
    done = payvand("doctor", "--data", tmp_path / "none")
    assert done.returncode == 2
    assert "may not be written" in words(done)
    assert "Traceback" not in done.stderr
