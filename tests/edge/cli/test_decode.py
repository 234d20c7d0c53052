"""`payvand decode`, run as a technician runs it: a process, a file, a pipe."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Payvand = Callable[..., subprocess.CompletedProcess[str]]

GROUP = "09/03/26 08:05     601 02 <I>09120000011            0'17 00:00'00               "
MEMBER = "09/03/26 08:07     104 02 <I>09120000011            0'00 00:02'05               "
OUT = "09/03/26 08:09     105 03 9133000044                     00:00'42               "
RAW = "\r\n".join(["\f  Date     Time    Ext CO        Dial Number", "-" * 80, GROUP, MEMBER, OUT])
ARGS = ("decode", "panasonic", "--timezone", "Asia/Tehran", "--set", "model=KX-TDA100")
RECORD_FIELDS = [
    "layout", "time", "direction", "extension", "line", "number", "did", "name", "ring_seconds",
    "talk_seconds", "condition", "account_code", "transferred", "masked", "raw",
]  # fmt: skip
CALL_FIELDS = {
    "call_id", "direction", "line", "extension", "number", "number_raw", "number_status", "name",
    "did", "started_at", "answered_at", "ended_at", "ring_seconds", "talk_seconds", "outcome",
    "legs", "hidden_extensions", "account_code", "time_resolution", "device_time", "test",
}  # fmt: skip


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Bytes as an exchange prints them; the last line has no end."""
    path = tmp_path / "smdr.txt"
    path.write_bytes(RAW.encode())
    return path


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_raw_bytes_become_events(payvand: Payvand, raw: Path) -> None:
    settings = ("--set", "hidden_extensions=601, 602", "--set", "release_codes=91,9")
    events = lines(payvand(*ARGS, *settings, "--set", "area_code=21", raw))
    assert [event["type"] for event in events] == ["call.answered", "call.ended", "call.ended"]
    assert all(list(event) == ["type", "data"] for event in events)
    assert all(set(event["data"]) == CALL_FIELDS for event in events)
    assert [event["data"]["call_id"] for event in events] == ["c1", "c1", "c2"]
    incoming, outgoing = events[1]["data"], events[2]["data"]
    assert (incoming["extension"], incoming["hidden_extensions"]) == ("104", ["601"])
    assert (incoming["number"], incoming["number_status"]) == ("+989120000011", "ok")
    assert incoming["ended_at"] == "2026-03-09T04:37:00Z", "UTC, of the time printed in Tehran"
    assert incoming["time_resolution"] == "minute"
    assert outgoing["number"] == "+982133000044"


def test_records_are_what_the_device_said(payvand: Payvand, raw: Path) -> None:
    records = lines(payvand(*ARGS, "--records", raw))
    assert [list(record) for record in records] == [RECORD_FIELDS] * 3
    assert [record["raw"] for record in records] == [GROUP, MEMBER, OUT]
    assert records[0] == {
        "layout": "tda-a", "time": "2026-03-09T08:05", "direction": "incoming",
        "extension": "601", "line": "02", "number": "09120000011", "did": None, "name": None,
        "ring_seconds": 17, "talk_seconds": 0, "condition": None, "account_code": None,
        "transferred": False, "masked": False, "raw": GROUP,
    }  # fmt: skip


def test_standard_input(raw: Path, pytestconfig: pytest.Config) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *ARGS, "--records", "-"],
        cwd=pytestconfig.rootpath,
        input=raw.read_bytes(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 3


def test_a_capture_brings_its_settings_and_its_clock(payvand: Payvand, tmp_path: Path) -> None:
    path = tmp_path / "wire.cap"
    header = "# payvand capture 1\n# started: 2026-03-09T08:00:00+03:30\n# model: KX-TDA100\n"
    header += "# timezone: Asia/Tehran\n# hidden_extensions: 601\n"
    path.write_text(
        f'{header}317.250 < "{GROUP}\\r\\n"\n320.0 ! "called"\n442.5 < "{MEMBER}\\r\\n"\n'
    )
    answered, ended = lines(payvand("decode", "panasonic", path))
    assert answered["data"]["answered_at"] == "2026-03-09T04:35:17Z"
    assert ended["data"]["ended_at"] == "2026-03-09T04:37:22Z"
    assert ended["data"]["time_resolution"] == "second"
    moved = lines(payvand("decode", "panasonic", "--at", "2026-03-10T08:00:00+03:30", path))
    assert moved[1]["data"]["ended_at"] == "2026-03-10T04:37:22Z"
    other = lines(payvand("decode", "panasonic", "--set", "hidden_extensions=602", path))
    assert other[0]["type"] == "call.ended", "what is typed wins over the header"


def test_time_runs_on_until_no_call_is_pending(payvand: Payvand, tmp_path: Path) -> None:
    path = tmp_path / "ta.txt"
    path.write_text(
        " 3/ 9/26   3:17PM      01   <    incoming    >09120000011                ....\n"
    )
    events = lines(
        payvand(
            "decode", "panasonic", "--timezone", "Asia/Tehran", "--set", "model=KX-TES824", path
        )
    )
    assert [event["type"] for event in events] == ["call.ringing", "call.ended"]
    assert events[1]["data"]["outcome"] == "missed"


def test_output_is_stable(payvand: Payvand, raw: Path) -> None:
    clock = ("--at", "2026-03-09T12:00:00+03:30")
    assert payvand(*ARGS, *clock, raw).stdout == payvand(*ARGS, *clock, raw).stdout


@pytest.mark.parametrize("zone", ["Europe/Berlin", ":Europe/Berlin"])
def test_the_zone_of_the_machine_where_none_is_given(
    raw: Path, pytestconfig: pytest.Config, zone: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge", *ARGS[:2], *ARGS[4:], raw],
        cwd=pytestconfig.rootpath,
        env=os.environ | {"TZ": zone},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b'"ended_at":"2026-03-09T07:07:00Z"' in done.stdout


@pytest.mark.parametrize("zone", [":/etc/localtime", "CET-1CEST"])
def test_the_zone_of_etc_where_tz_names_none(
    raw: Path, pytestconfig: pytest.Config, zone: str
) -> None:
    words = [*ARGS[:2], *ARGS[4:], "--at", "2026-03-09T12:00:00+03:30", str(raw)]
    command = [sys.executable, "-m", "edge", *words]
    environment = {name: value for name, value in os.environ.items() if name != "TZ"}
    said = [
        subprocess.run(
            command, cwd=pytestconfig.rootpath, env=env, capture_output=True, timeout=60, check=True
        ).stdout
        for env in (environment, environment | {"TZ": zone})
    ]
    assert said[0] == said[1] != b""


def test_a_capture_of_a_year_that_cannot_be_is_told(payvand: Payvand, tmp_path: Path) -> None:
    path = tmp_path / "wire.cap"
    path.write_text("# payvand capture 1\n# started: 0001-01-01T00:00:00+14:00\n")
    done = payvand("decode", "panasonic", "--set", "model=KX-TDA100", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("payvand: the capture's started is 0001-01-01T00:00:00+14:00: ")


def test_a_large_raw_file_takes_no_more_memory_than_a_small_one(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    peaks = []
    for megabytes in (1, 48):
        path = tmp_path / "wire.txt"
        path.touch()
        os.truncate(path, megabytes << 20)
        report = "import sys; from edge.__main__ import main; main(sys.argv[1:]);"
        report += "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
        done = subprocess.run(
            [sys.executable, "-c", report, *ARGS, "--records", path],
            cwd=pytestconfig.rootpath,
            capture_output=True,
            timeout=60,
            check=True,
        )
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] - peaks[0] < 8 << 10, "KiB"


@pytest.mark.parametrize(
    "words", [("--help",), ("decode", "panasonic", "--set", "model=KX-TDA100")]
)
@pytest.mark.parametrize(("redirection", "why"), [(">/dev/full", "No space"), (">&-", "closed")])
def test_an_output_that_takes_nothing_is_one_clear_line(
    raw: Path, pytestconfig: pytest.Config, words: tuple[str, ...], redirection: str, why: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "edge", *words, raw],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("payvand: standard output ")
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--set", "model=KX-TDA100", "FILE", "more"), "unrecognized"),
        (("--set", "model=KX-TDA1000", "FILE"), "KX-TDA1000"),
        (("--set", "model=KX-TD1232", "FILE"), "not supported"),
        (("--set", "layout=tda-a", "FILE"), "model"),
        (("--set", "model=KX-TDA100", "--set", "layout=ta", "FILE"), "layout"),
        (("--set", "model=KX-TDA100", "--set", "colour=red", "FILE"), "colour"),
        (("--set", "model", "FILE"), "key=value"),
        (("--set", "model=KX-TDA100", "--at", "yesterday", "FILE"), "--at"),
        (("--set", "model=KX-TDA100", "--at", "2026-03-09T08:00:00", "FILE"), "--at"),
        (("--set", "model=KX-TDA100", "--at", "0001-01-01T00:00:00+14:00", "FILE"), "1970 to 2200"),
        (("--set", "model=KX-TDA100", "--at", "9999-12-31T23:59:59-10:00", "FILE"), "1970 to 2200"),
        (("--set", "model=KX-TDA100", "--set", "country_code=999", "FILE"), "no country has 999"),
        (("--set", "model=KX-TDA100", "/"), "Is a directory"),
        (
            ("--set", "model=KX-TDA100", "--set", "extension_lengths=a", "FILE"),
            "extension_lengths[0]: must be a whole number from 1 to 8\n",
        ),
        (("--set", "model=KX-TDA100", "--timezone", "Mars/Base", "FILE"), "Mars/Base"),
        (("--set", "model=KX-TDA100", "/nowhere/at/all"), "/nowhere/at/all"),
    ],
)
def test_bad_arguments_are_one_clear_line(
    payvand: Payvand, raw: Path, words: tuple[str, ...], told: str
) -> None:
    done = payvand("decode", "panasonic", *(raw if word == "FILE" else word for word in words))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_driver_names_the_known(payvand: Payvand, raw: Path) -> None:
    done = payvand("decode", "panasonik", "--set", "model=KX-TDA100", raw)
    assert done.returncode == 2
    assert "panasonic" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_broken_capture_names_its_line(payvand: Payvand, tmp_path: Path) -> None:
    path = tmp_path / "wire.cap"
    path.write_text('# payvand capture 1\n# model: KX-TDA100\n0.5 < "no end\n')
    done = payvand("decode", "panasonic", path)
    assert done.returncode == 2
    assert "line 3" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_arbitrary_bytes_print_no_traceback(payvand: Payvand, tmp_path: Path) -> None:
    path = tmp_path / "noise.bin"
    path.write_bytes(bytes(range(256)) * 40)
    for extra in ((), ("--records",)):
        done = payvand(*ARGS, *extra, path)
        assert (done.returncode, done.stderr) == (0, "")
        assert all(json.loads(line) for line in done.stdout.splitlines())
