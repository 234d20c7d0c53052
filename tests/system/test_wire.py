"""detect, capture, replay and decode as a technician runs them, with a real box and real ptys."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from drivers.wire.capture import Mark, read_capture
from drivers.wire.uart import Sender, Uart
from edge.local.client import Client
from tests.system.processes import ROOT, SECONDS, Box, Crm, eventually, of_type, payvand

RECORD = (
    "21/11/26 20:{minute:02d}     205 03 <I>0912{number:07d}            0'00 00:02'05"
    "               \r\n"
)
SETTINGS = {"model": "KX-TDA100"}


def record(number: int) -> bytes:
    return RECORD.format(minute=number % 60, number=number).encode()


@pytest.fixture
def device() -> Iterator[Uart]:
    end = Uart(Sender(9600, "7E1"))
    yield end
    end.close()


class Speaker:
    """Says a record now and then until it is ended."""

    def __init__(self, device: Uart) -> None:
        self.said = 0
        self._device = device

    async def speak(self) -> None:
        while True:
            self.said += 1
            await self._device.write(record(self.said))
            await asyncio.sleep(0.2)


@asynccontextmanager
async def speaking(device: Uart) -> AsyncIterator[Speaker]:
    speaker = Speaker(device)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(speaker.speak())
        yield speaker
        task.cancel()


async def command(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run to its end beside the loop that plays the device."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", *map(str, words),
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(2 * SECONDS):
        out, wrong = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return subprocess.CompletedProcess(words, process.returncode, out.decode(), wrong.decode())


async def test_detect_says_what_it_is_and_gives_a_block_that_works(
    tmp_path: Path, device: Uart
) -> None:
    async with speaking(device):
        done = await command("detect", device.port, "--seconds", "30", "--data", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "panasonic, certain" in done.stdout
    assert "at 9600 7E1" in done.stdout
    block = done.stdout.rpartition("For site.toml:")[2]
    (tmp_path / "site.toml").write_text(f'version = 1\nname = "x"\ntimezone = "UTC"\n{block}')
    from edge.site.file import load

    (found,) = load(tmp_path / "site.toml").device
    assert found.driver == "panasonic"
    assert device.port in repr(found.link)


async def test_detect_for_programs_is_one_object_a_line(tmp_path: Path, device: Uart) -> None:
    async with speaking(device):
        done = await command("detect", device.port, "--seconds", "30", "--data", tmp_path, "--json")
    first, *rest = map(json.loads, done.stdout.splitlines())
    assert "plugged" in first
    assert rest[0]["state"] == "silent"
    best = rest[-1]["proposals"][0]
    assert (best["driver"], best["baud"], best["format"]) == ("panasonic", 9600, "7E1")
    assert best["settings"]["layout"] == "tda-a"
    assert rest[-1]["blocks"][0].startswith("[[device]]")


async def test_quiet_wire_is_told_as_quiet(tmp_path: Path, device: Uart) -> None:
    done = await command("detect", device.port, "--seconds", "0.5", "--data", tmp_path)
    assert done.returncode == 1
    assert "nothing yet; it goes on listening" in done.stdout


async def test_unplugged_while_listening_and_a_port_in_use(tmp_path: Path, device: Uart) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "detect", device.port, "--data", str(tmp_path),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        while b"goes on listening" not in await process.stdout.readline():
            pass
        busy = await command("detect", device.port, "--data", tmp_path)
        assert busy.returncode == 1
        assert f"(pid {process.pid})" in busy.stderr
        device.close()
        while b"is gone" not in (line := await process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


def test_words_that_make_no_sense_are_one_clear_line(tmp_path: Path) -> None:
    for words, expected in (
        (("detect", "pbx9", "--data", tmp_path), "is no port and no device"),
        (("detect", "--seconds", "soon"), "is no number of seconds"),
        (("capture", "/dev/ttyNONE", "--data", tmp_path, "--to", tmp_path / "x"), "is not there"),
        (("replay", tmp_path / "none.cap"), "cannot read"),
        (("decode", "panasonic"), "file"),
        (("decode", "panasonic", "x", "--device", "pbx1"), "give one of the two"),
    ):
        done = payvand(*words)
        assert done.returncode in {1, 2}
        assert expected in done.stderr
        assert len(done.stderr.splitlines()) == 1


async def test_capture_of_a_free_port_holds_all_that_support_needs(
    tmp_path: Path, device: Uart
) -> None:
    file = tmp_path / "a.cap"
    async with speaking(device):
        done = await command(
            "capture", device.port, "--to", file, "--seconds", "6", "--scramble",
            "--data", tmp_path, stdin="called line 2 from 09120000001\n",
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    capture = read_capture(file.read_bytes())
    assert any(
        entry.text.startswith("called line 2 from 0912")
        for entry in capture.entries
        if isinstance(entry, Mark)
    )
    assert capture.value("read at") == "9600 7E1"
    assert "panasonic" in (capture.value("proposal") or "")
    again = payvand("decode", "panasonic", "--set", "model=KX-TDA100", file)
    calls = [json.loads(line) for line in again.stdout.splitlines()]
    assert len(calls) > 3
    assert {call["type"] for call in calls[1:]} == {"call.ended"}
    once_more = payvand("capture", device.port, "--to", file, "--data", tmp_path)
    assert once_more.returncode == 1
    assert "name a new file" in once_more.stderr


class Site:
    """A box with one exchange on the device's pty, and a CRM."""

    def __init__(self, folder: Path, device: Uart) -> None:
        self.device = device
        self.box = Box(folder / "box")
        self.crm = Crm(folder / "crm")

    async def __aenter__(self) -> Self:
        await self.crm.start()
        link = {"serial": self.device.port, "baud": 9600, "format": "7E1"}
        self.box.settle(link, SETTINGS, self.crm.url)
        await self.box.start()
        return self

    async def __aexit__(self, *_reason: object) -> None:
        self.box.kill()
        self.crm.kill()

    async def calls(self, count: int) -> list[dict[str, Any]]:
        return await self.crm.told("call.ended", count=count)


@pytest.fixture
async def site(tmp_path: Path, device: Uart) -> AsyncIterator[Site]:
    async with Site(tmp_path, device) as running:
        yield running


async def until_followed(site: Site, look: Callable[[], Awaitable[bool | None]]) -> None:
    await eventually(look, f"followed; log:\n{site.box.log}")


async def test_detect_hears_through_the_box_that_holds_the_port(site: Site) -> None:
    async with speaking(site.device):
        done = await command("detect", "pbx1", "--seconds", "30", "--data", site.box.data)
    assert (done.returncode, done.stderr) == (0, "")
    assert "device pbx1: panasonic, certain" in done.stdout
    assert site.box.alive


async def test_calls_of_a_commissioning_test_are_marked_and_only_these(
    site: Site, tmp_path: Path
) -> None:
    await site.device.write(record(1))
    await site.calls(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "capture", "pbx1", "--test", "1",
        "--to", str(tmp_path / "t.cap"), "--data", str(site.box.data),
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        while b"press Enter" not in await process.stdout.readline():
            pass
        await site.device.write(record(2))
        while b"bytes" not in await process.stdout.readline():
            pass
        process.stdin.write(b"first done\n" + b"\n" * 5)
        await process.stdin.drain()
        await process.stdout.read()
        assert await process.wait() == 0
    await site.calls(2)
    await site.device.write(record(3))
    ended = await site.calls(3)
    assert [event["data"]["test"] for event in ended] == [False, True, False]
    marks = [
        entry.text
        for entry in read_capture((tmp_path / "t.cap").read_bytes()).entries
        if isinstance(entry, Mark)
    ]
    assert marks[0] == "begin line 1: missed"
    assert "end line 1: missed: first done" in marks
    assert marks[-1] == "end line 1: unplugged"


async def test_replay_into_a_device_reaches_the_crm_marked_and_touches_nothing(
    site: Site, tmp_path: Path
) -> None:
    capture = tmp_path / "old.cap"
    started = "# payvand capture 1\n# started: 2026-11-20T08:00:00+00:00\n"
    chunks = (f"{at}.0 < {json.dumps(record(at).decode())}\n" for at in (1, 2, 3))
    capture.write_text(started + "".join(chunks).replace("\\u", "\\x"))
    await site.device.write(record(50))
    await site.calls(1)
    done = await command(
        "replay", capture, "--into", "pbx1", "--speed", "50", "--data", site.box.data
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 events of pbx1, all marked as a test" in done.stdout
    events = await site.calls(4)
    assert [event["data"]["test"] for event in events] == [False, True, True, True]
    device = await site.box.device()
    assert device is not None
    assert device.calls == 1
    wrong = await command("replay", capture, "--into", "pbx9", "--data", site.box.data)
    assert wrong.returncode == 1
    assert "pbx9" in wrong.stderr


async def test_replay_into_a_pty_is_read_like_the_device(tmp_path: Path) -> None:
    capture = tmp_path / "old.cap"
    head = "# payvand capture 1\n# started: 2026-11-20T08:00:00+00:00\n"
    capture.write_text(head + f"0.1 < {json.dumps(record(1).decode())}\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", "replay", str(capture), "--wait", "0.2",
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        port = (await process.stdout.readline()).decode().partition(":")[0]
        handle = os.open(port, os.O_RDONLY | os.O_NOCTTY)
        assert await asyncio.to_thread(os.read, handle, 200) == record(1)
        os.close(handle)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def test_what_the_box_kept_is_decoded_again_and_compared(site: Site) -> None:
    for number in (1, 2, 3):
        await site.device.write(record(number))
    await site.calls(3)
    assert await site.box.stop() == 0
    words = ("decode", "panasonic", "--device", "pbx1", "--data", site.box.data)
    again = payvand(*words)
    assert (again.returncode, again.stderr) == (0, "")
    calls = [json.loads(line) for line in again.stdout.splitlines()]
    assert [call["data"]["number"] for call in calls] == [f"+98912000000{n}" for n in (1, 2, 3)]
    other = site.box.data / "other.jsonl"
    other.write_text(again.stdout)
    assert payvand(*words, "--against", other).stdout == ""
    differing = payvand(*words, "--set", "country_code=49", "--against", other)
    assert differing.returncode == 1
    lines = [json.loads(line) for line in differing.stdout.splitlines()]
    assert [set(line["differs"]) for line in lines] == [{"number"}] * 3

    await site.box.start()
    stored = payvand(*words, "--against", "stored")
    assert (stored.returncode, stored.stdout, stored.stderr) == (0, "", "")
    late = payvand(*words, "--since", "2099-01-01T00:00:00+00:00")
    assert late.returncode == 2
    assert "--since" in late.stderr


async def test_wire_of_a_device_is_followed_over_the_socket(site: Site) -> None:
    await site.device.write(record(1))
    await site.calls(1)
    async with Client(site.box.data) as edge:
        kept = [chunk async for chunk in edge.wire("pbx1")]
        assert b"".join(chunk.data for chunk in kept) == record(1)
        following = edge.wire("pbx1", follow=True)
        got = b""
        async with asyncio.timeout(SECONDS):
            async for chunk in following:
                got += chunk.data
                if got == record(1):
                    await site.device.write(record(2))
                if got.endswith(record(2)):
                    break
        await following.aclose()
        assert of_type(await site.crm.events(), "call.ended")
