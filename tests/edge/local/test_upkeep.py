"""Backup, restore, erasing, logs, the bundle and privacy, on a running box."""

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from edge.access import kept as access
from edge.access.refusals import Mistakes
from edge.local.client import Client
from edge.local.settings_records import DestinationChange, DeviceChange
from edge.site.site import FILE
from edge.upkeep import renewal
from edge.upkeep.log_tail import TAIL
from tests.edge.running import SECONDS, SITE, Running, running
from tests.system.processes import Box, eventually

CANARY = "canary-51b2"
PASSPHRASE = "four words of no sense"
NUMBER = "+989121234567"


async def _filled(edge: Client) -> None:
    revision = (await edge.settings()).revision
    device = DeviceChange(
        revision=revision,
        key="pbx1",
        driver="panasonic",
        link={"tcp": "127.0.0.1:9"},
        settings={
            "model": "KX-TDA100",
            "password": f"{CANARY}-smdr",
            "extension_names": {"101": f"{CANARY}-sara"},
        },
    )
    revision = (await edge.add_device(device)).revision
    crm = DestinationChange(
        revision=revision,
        name="crm",
        kind="link",
        settings={"url": "http://127.0.0.1:9", "token": f"{CANARY}-token"},
        wanted={"all_but_numbers": [NUMBER]},
    )
    await edge.add_destination(crm)


async def _whole(edge: Client) -> bytes:
    return b"".join([piece async for piece in edge.backup(PASSPHRASE)])


async def _in_pieces(whole: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(whole), 10_000):
        yield whole[at : at + 10_000]


async def test_the_bundle_has_no_secret_and_no_number_of_a_person(box: Running) -> None:
    edge = box.as_role("administrator")
    await _filled(edge)
    TAIL.handle(_record(f"somebody logged {NUMBER} and 0912 123 4567, and port 2300"))
    archive = zipfile.ZipFile(io.BytesIO(await edge.support_bundle()))
    files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(files) == {
        *("status.json", "checks.json", "settings.json", "log.txt", "versions.json")
    }
    whole = "".join(files.values())
    for secret in (CANARY, NUMBER, "9121234567", "123 4567"):
        assert secret not in whole
    assert "port 2300" in files["log.txt"]
    device = json.loads(files["settings.json"])["devices"][0]
    assert device["secrets"] == ["password"]
    assert list(device["settings"]["extension_names"]) == ["101"]


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("edge", logging.WARNING, "", 0, text, (), None)


async def test_many_failed_log_ins_become_an_alarm_for_the_crms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.access._LOOK_SECONDS", 0.01)
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as box, asyncio.timeout(SECONDS):
        for number in range(20):
            await box.edge._access.failed(f"10.0.1.{number}", "login.failed", "")
        async with aclosing(box.as_role("technician").follow()) as lines:
            async for line in lines:
                event = json.loads(line)
                if event["type"] == "box.alarm":
                    break
    assert event["data"]["code"] == "login-failures"


async def test_the_log_comes_with_the_newest_first_and_bounded(box: Running) -> None:
    for number in range(1200):
        TAIL.handle(_record(f"line {number}"))
    edge = box.as_role("technician")
    lines = await edge.log(3)
    assert [line.text for line in lines] == ["line 1199", "line 1198", "line 1197"]
    assert len(await edge.log(100_000)) == 1000


_OF_NO_DRIVER_YET = {"fax.json", "recording.json", "sms.json"}


async def test_privacy_names_each_field_of_each_schema_that_a_crm_is_promised(
    box: Running,
) -> None:
    told = {
        field.name
        for event in (await box.as_role("viewer").privacy()).events
        for field in event.fields
    }
    types = {
        kind for event in (await box.as_role("viewer").privacy()).events for kind in event.types
    }
    promised: set[str] = set()
    for path in resources.files("edge.crm").joinpath("schemas").iterdir():
        schema = json.loads(path.read_text())
        if path.name not in {"event.json", *_OF_NO_DRIVER_YET}:
            promised |= set(_fields(schema))
    assert told == promised
    assert {"call.ended", "box.alarm", "command.result"} <= types


def _fields(schema: dict[str, Any]) -> list[str]:
    found = list(schema.get("properties", {}))
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, []):
            found += _fields(part)
    return found


async def test_a_backup_needs_a_long_passphrase_and_is_readable_by_nobody_without(
    box: Running,
) -> None:
    edge = box.as_role("administrator")
    await _filled(edge)
    with pytest.raises(Mistakes, match="12 characters"):
        await anext(edge.backup("too short"))
    whole = await _whole(edge)
    for secret in (CANARY, NUMBER, "administrator", "mashhad"):
        assert secret.encode() not in whole
    assert not [path.name for path in box.data.iterdir() if path.name.startswith(".")]


async def test_a_wrong_passphrase_or_file_restores_nothing(box: Running) -> None:
    edge = box.as_role("administrator")
    whole = await _whole(edge)
    with pytest.raises(Mistakes, match="does not open"):
        await edge.restore(_in_pieces(whole), "another passphrase")
    for wrong in (b"", b"no backup at all", whole[:-100]):
        with pytest.raises(Mistakes):
            await edge.restore(_in_pieces(wrong), PASSPHRASE)
    assert not [path.name for path in box.data.iterdir() if path.name.startswith(".")]
    assert (await edge.status()).name == "mashhad"
    with pytest.raises(Mistakes):
        await edge.reset("another branch")


def test_what_a_kill_left_of_a_backup_or_upload_goes_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / renewal.RESTORING).mkdir()
    for name in (".backup.page", ".backup.clear", ".restore.sealed", ".restore.clear"):
        (tmp_path / name).write_text(NUMBER)
    (tmp_path / FILE).write_text(SITE)
    renewal.finish(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


async def _served(data: Path) -> Box:
    box = Box(data)
    box.spawn()
    await eventually(box.status, "an answer")
    return box


async def test_erased_and_restored_it_is_as_it_was_and_between_as_new(tmp_path: Path) -> None:
    """As a real process, which begins anew twice: the same pid, another life."""
    data = tmp_path / "box"
    data.mkdir()
    (data / FILE).write_text(SITE)
    process = await _served(data)
    try:
        async with Client(data) as console:
            await _filled(console)
            before = await console.settings()
            box_id = (await console.status()).box
            whole = await _whole(console)
            await console.reset("mashhad")

        async def as_new() -> bool:
            status = await process.status()
            return status is not None and status.name == "new box"

        await eventually(as_new, "a new box")
        assert (
            b"".join(path.read_bytes() for path in data.iterdir() if path.is_file()).find(
                CANARY.encode()
            )
            < 0
        )
        assert (data / "setup-code").exists()
        assert not (data / "vault.json").exists()

        async with Client(data) as console:
            assert (await console.settings()).devices == ()
            restored = await console.restore(_in_pieces(whole), PASSPHRASE)
            assert restored.box == box_id

        async def as_before() -> bool:
            status = await process.status()
            return status is not None and status.box == box_id

        await eventually(as_before, "the box of before")
        async with Client(data) as console:
            after = await console.settings()
            assert (after.devices, after.destinations) == (before.devices, before.destinations)
        assert process.alive
    finally:
        process.kill()


def test_a_power_cut_in_the_middle_is_made_good_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("vault.key", "vault.json", "identity.json", "journal.sqlite", FILE, "site.toml.1")
    steps = 0
    while True:
        data = tmp_path / str(steps)
        data.mkdir()
        for name in names:
            (data / name).write_text("old")
        access.write(data, access.Kept(code="$argon2id$label"))
        if not _cut_after(steps, renewal.erasing(data, "Asia/Baku"), monkeypatch):
            break
        if renewal.is_unfinished(data):
            renewal.finish(data)
            assert sorted(path.name for path in data.iterdir()) == ["access.json", FILE]
            assert "Asia/Baku" in (data / FILE).read_text()
            assert access.read(data).code == "$argon2id$label"
        else:
            assert [(data / name).read_text() for name in names] == ["old"] * len(names)
        steps += 1
    assert steps > 8


def test_a_power_cut_while_a_backup_is_put_in_place_loses_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("access.json", "identity.json", "journal.sqlite", FILE, "vault.json", "vault.key")
    steps = 0
    while True:
        data = tmp_path / str(steps)
        (data / renewal.RESTORING).mkdir(parents=True)
        for name in (*names, "site.toml.1", "journal.sqlite-wal"):
            (data / name).write_text("old")
        for name in names:
            (data / renewal.RESTORING / name).write_text("new")
        if not _cut_after(steps, renewal.restoring(data), monkeypatch):
            break
        begun = not (data / renewal.RESTORING).exists()
        assert renewal.is_unfinished(data) is begun
        renewal.finish(data)
        found = {path.name: path.read_text() for path in data.iterdir() if path.is_file()}
        old = dict.fromkeys((*names, "site.toml.1", "journal.sqlite-wal"), "old")
        assert found == (dict.fromkeys(names, "new") if begun else old)
        steps += 1
    assert steps > 8


class _Cut(Exception):
    pass


def _cut_after(steps: int, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the power went, after so many changes of the directory."""
    left = steps

    def counted(name: str) -> Callable[..., object]:
        real = getattr(Path, name)

        def change(*args: object, **named: object) -> object:
            nonlocal left
            if left == 0:
                raise _Cut
            left -= 1
            return real(*args, **named)

        return change

    with monkeypatch.context() as patched:
        for name in ("unlink", "rename", "replace", "rmdir"):
            patched.setattr(Path, name, counted(name))
        try:
            work()
        except _Cut:
            return True
    return False
