"""Settings changed while an edge serves: what is the same goes on, and secrets never come back."""

import asyncio
import os
import pty
import tomllib
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.access.refusals import Conflict, Mistakes, Unknown
from edge.local.client import Client
from edge.local.settings_records import DestinationChange, DeviceChange, SiteChange
from edge.site.shown import shown
from edge.site.site import FILE, check
from tests.edge.running import SECONDS, SITE, Running, running

CANARY = "canary-7f3a"
SETTINGS = {"model": "KX-TDA100", "area_code": "51"}


@contextmanager
def cable() -> Iterator[tuple[int, str]]:
    """A serial line: the exchange's end, and the port's name at the box."""
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as found:
        yield found


def device(revision: str, key: str, **other: Any) -> DeviceChange:  # noqa: ANN401 - its fields
    fields = {"driver": "panasonic", "link": {"tcp": "127.0.0.1:9"}, "settings": SETTINGS}
    return DeviceChange(revision=revision, key=key, **(fields | other))


def crm(revision: str, name: str, **settings: str) -> DestinationChange:
    return DestinationChange(revision=revision, name=name, kind="link", settings=dict(settings))


async def _added(edge: Client, key: str, port: str) -> str:
    revision = (await edge.settings()).revision
    change = device(revision, key, link={"serial": port})
    return (await edge.add_device(change)).revision


async def _online(edge: Client, key: str) -> None:
    async with asyncio.timeout(SECONDS):
        while {d.key: d.state for d in (await edge.status()).devices}.get(key) != "online":  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _line(number: int) -> bytes:
    digits = f"0214455{number:04}"
    return f"21/11/26 20:13     109 04 <I>{digits}            0'06 00:00'42\r\n".encode()


async def test_a_change_of_one_device_takes_no_byte_from_the_other(box: Running) -> None:
    edge = box.as_role("technician")
    with cable() as (exchange, port), cable() as (_, other):
        await _added(edge, "pbx1", port)
        revision = await _added(edge, "pbx2", other)
        await _online(edge, "pbx1")
        untouched = box.edge._devices.supervisors["pbx1"]

        async def print_calls() -> None:
            for number in range(60):
                os.write(exchange, _line(number))
                await asyncio.sleep(0.01)

        printing = asyncio.ensure_future(print_calls())
        for area in ("21", "31", "41", "71"):
            change = device(
                revision, "pbx2", link={"serial": other}, settings=SETTINGS | {"area_code": area}
            )
            restarted = box.edge._devices.supervisors["pbx2"]
            revision = (await edge.change_device(change)).revision
            assert box.edge._devices.supervisors["pbx2"] is not restarted
        await edge.remove_device("pbx2", revision)
        await printing
        async with asyncio.timeout(SECONDS):
            while box.edge.status().devices[0].calls < 60:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert box.edge._devices.supervisors == {"pbx1": untouched}
        found = [e async for e in edge.events() if b'"call.ended"' in e]
        numbers = {msgspec.json.decode(event)["data"]["number_raw"] for event in found}
        assert numbers == {f"0214455{number:04}" for number in range(60)}


async def test_names_of_lines_and_extensions_restart_nothing(box: Running) -> None:
    edge = box.as_role("technician")
    revision = (await edge.add_device(device((await edge.settings()).revision, "pbx1"))).revision
    same = box.edge._devices.supervisors["pbx1"]
    names = {"line_names": {"04": "Sales"}, "extension_names": {"109": "مریم"}}
    await edge.change_device(device(revision, "pbx1", settings=SETTINGS | names))
    assert box.edge._devices.supervisors["pbx1"] is same
    shown = (await edge.settings()).devices[0].settings
    assert shown["extension_names"] == {"109": "مریم"}


async def test_every_mistake_comes_with_its_field_and_nothing_changes(box: Running) -> None:
    edge = box.as_role("technician")
    before = await edge.settings()
    wrong = device(
        before.revision,
        "P B",
        link={"serial": "COM1", "baud": 5},
        settings={"model": "KX-1", "area_code": "x", "modle": 1},
    )
    with pytest.raises(Mistakes) as told:
        await edge.add_device(wrong)
    fields = {each.field for each in told.value.failure.mistakes}
    assert fields == {
        *("key", "link.serial", "link.baud"),
        *("settings.model", "settings.area_code", "settings.modle"),
    }
    assert all(each.text.fa and each.text.en for each in told.value.failure.mistakes)
    assert await edge.settings() == before
    with pytest.raises(Mistakes):
        await edge.check_device(wrong, new=True)
    await edge.check_device(device(before.revision, "pbx1"), new=True)
    assert await edge.settings() == before


async def test_who_has_not_seen_the_last_change_changes_nothing(box: Running) -> None:
    edge = box.as_role("technician")
    seen = (await edge.settings()).revision
    await edge.change_site(SiteChange(revision=seen, name="tehran"))
    with pytest.raises(Conflict):
        await edge.change_site(SiteChange(revision=seen, name="karaj"))
    assert (await edge.status()).name == "tehran"
    with pytest.raises(Unknown):
        await edge.remove_device("pbx9", (await edge.settings()).revision)


async def test_a_change_is_written_atomically_and_the_last_five_are_kept(box: Running) -> None:
    edge = box.as_role("technician")
    for number in range(7):
        revision = (await edge.settings()).revision
        await edge.change_site(SiteChange(revision=revision, name=f"branch {number}"))
    kept = sorted(path.name for path in box.data.glob("site.toml*"))
    assert kept == ["site.toml", *(f"site.toml.{number}" for number in range(1, 6))]
    assert tomllib.loads((box.data / FILE).read_text())["name"] == "branch 6"


async def test_a_change_by_hand_is_taken_along_and_a_broken_file_is_not_overwritten(
    box: Running,
) -> None:
    edge, file = box.as_role("technician"), box.data / FILE
    file.write_text(SITE + "[history]\ndays = 30\n")
    revision = (await edge.settings()).revision
    await edge.add_device(device(revision, "pbx1"))
    assert tomllib.loads(file.read_text())["history"] == {"days": 30}
    file.write_text(SITE + "[history\n")
    with pytest.raises(Exception, match="changed by hand"):
        await edge.settings()
    assert file.read_text().endswith("[history\n")


async def test_a_secret_goes_in_and_never_comes_out(box: Running) -> None:
    edge = box.as_role("administrator")
    revision = (await edge.settings()).revision
    secret = SETTINGS | {"password": f"{CANARY}-smdr"}
    revision = (await edge.add_device(device(revision, "pbx1", settings=secret))).revision
    change = crm(revision, "crm", url="http://127.0.0.1:9", token=f"{CANARY}-token")
    revision = (await edge.add_destination(change)).revision
    shown = await edge.settings()
    assert shown.devices[0].secrets == ("password",)
    assert shown.destinations[0].secrets == ("token",)
    answers = [shown, await edge.forms(), await edge.status(), await edge.audit()]
    assert CANARY.encode() not in msgspec.json.encode(answers)
    files = [path for path in box.data.iterdir() if path.is_file()]
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    served = box.edge._crms.served[0].settings
    assert getattr(served, "token", "") == f"{CANARY}-token"


def test_a_secret_that_the_vault_could_not_take_is_not_shown_either() -> None:
    entry = {"key": "pbx1", "driver": "panasonic", "link": {"tcp": "127.0.0.1:9"}}
    settings = SETTINGS | {"password": CANARY}
    site = check(tomllib.loads(SITE) | {"device": [entry | {"settings": settings}]})
    found = shown(site, "")
    assert CANARY.encode() not in msgspec.json.encode(found)
    assert found.devices[0].secrets == ("password",)


async def test_a_secret_stays_where_nothing_is_said_of_it_and_goes_when_emptied(
    box: Running,
) -> None:
    edge = box.as_role("administrator")
    revision = (await edge.settings()).revision
    change = crm(revision, "crm", url="http://127.0.0.1:9", token=CANARY)
    revision = (await edge.add_destination(change)).revision
    change = crm(revision, "crm", url="http://127.0.0.1:9", claim="7KQ2M-XW4HD")
    revision = (await edge.change_destination(change)).revision
    assert getattr(box.edge._crms.served[0].settings, "token", "") == CANARY
    change = crm(revision, "crm", url="http://127.0.0.1:9", token="")
    await edge.change_destination(change)
    assert (await edge.settings()).destinations[0].secrets == ("claim",)


async def test_a_stored_secret_is_not_sent_to_another_address(box: Running) -> None:
    edge = box.as_role("technician")
    revision = (await edge.settings()).revision
    change = crm(revision, "crm", url="http://127.0.0.1:9", token=CANARY)
    revision = (await edge.add_destination(change)).revision
    for token in ({}, {"token": "(in the vault)"}):
        change = crm(revision, "crm", url="nowhere", **token)
        with pytest.raises(Mistakes) as told:
            await edge.change_destination(change)
        fields = {each.field for each in told.value.failure.mistakes}
        assert fields == {"settings.token", "settings.url"}
        assert getattr(box.edge._crms.served[0].settings, "token", "") == CANARY
    change = crm(revision, "crm", url="http://127.0.0.1:10", token="")
    await edge.change_destination(change)
    assert getattr(box.edge._crms.served[0].settings, "token", "") == ""


async def test_nor_is_that_of_a_device_to_another_one_in_the_network(box: Running) -> None:
    edge = box.as_role("technician")
    secret = SETTINGS | {"password": CANARY}
    revision = (await edge.settings()).revision
    revision = (await edge.add_device(device(revision, "pbx1", settings=secret))).revision
    stays = device(revision, "pbx1", settings=SETTINGS | {"area_code": "21"})
    revision = (await edge.change_device(stays)).revision
    assert (await edge.settings()).devices[0].secrets == ("password",)
    with pytest.raises(Mistakes) as told:
        await edge.change_device(device(revision, "pbx1", link={"tcp": "127.0.0.1:10"}))
    assert [each.field for each in told.value.failure.mistakes] == ["settings.password"]
    with cable() as (_, port):  # nobody in the network hears what is said there
        await edge.change_device(device(revision, "pbx1", link={"serial": port}))
    assert (await edge.settings()).devices[0].secrets == ("password",)


async def test_a_viewer_sees_which_devices_and_crms_there_are_and_no_name_or_number(
    box: Running,
) -> None:
    edge = box.as_role("technician")
    named = SETTINGS | {"extension_names": {"101": "Sara"}, "line_names": {"1": "Shop"}}
    revision = (await edge.settings()).revision
    revision = (await edge.add_device(device(revision, "pbx1", settings=named))).revision
    wanted = {"only_numbers": ["+989121112233"]}
    await edge.add_destination(
        DestinationChange(
            revision=revision,
            name="crm",
            kind="link",
            settings={"url": "http://127.0.0.1:9"},
            wanted=wanted,
        )
    )
    seen = msgspec.json.encode(await box.as_role("viewer").settings())
    assert b"pbx1" in seen
    assert b"panasonic" in seen
    assert b"crm" in seen
    for private in (b"Sara", b"Shop", b"+989121112233"):
        assert private not in seen
    audit = await box.as_role("administrator").audit(5)
    assert "settings.extension_names" in {field for each in audit for field in each.fields}
    assert not [field for each in audit for field in each.fields if "101" in field]


async def test_an_address_that_is_itself_a_secret_stays_where_it_is_left_out(box: Running) -> None:
    edge, url = box.as_role("technician"), "http://127.0.0.1:9/rest/1/a1b2c3d4e5f6g7h8/"
    for settings in ({"url": url, "default_user": 1}, {"default_user": 1, "crm_create": True}):
        revision = (await edge.settings()).revision
        change = DestinationChange(
            revision=revision, name="b24", kind="bitrix24", settings=settings
        )
        if "url" in settings:
            await edge.add_destination(change)
        else:
            await edge.change_destination(change)
    served = box.edge._crms.served[0].settings
    assert (getattr(served, "url", ""), getattr(served, "crm_create", False)) == (url, True)


async def test_a_crm_that_is_taken_out_holds_no_history_and_a_new_one_begins_at_the_start(
    box: Running,
) -> None:
    edge = box.as_role("administrator")
    revision = (await edge.settings()).revision
    change = crm(revision, "crm", url="http://127.0.0.1:9", token="x")
    revision = (await edge.add_destination(change)).revision
    assert [each.name for each in (await edge.status()).destinations] == ["crm"]
    assert (await edge.queues())[0].backlog >= 1
    await edge.remove_destination("crm", revision)
    assert (await edge.status()).destinations == ()
    assert list(box.edge._disk._retention.destinations) == []


async def test_another_time_zone_starts_the_devices_anew(box: Running) -> None:
    edge = box.as_role("technician")
    revision = (await edge.add_device(device((await edge.settings()).revision, "pbx1"))).revision
    before = box.edge._devices.supervisors["pbx1"]
    await edge.change_site(SiteChange(revision=revision, timezone="Asia/Baku"))
    assert box.edge._devices.supervisors["pbx1"] is not before
    with pytest.raises(Mistakes) as told:
        await edge.change_site(
            SiteChange(revision=(await edge.settings()).revision, timezone="Asia/Teheran")
        )
    assert told.value.failure.mistakes[0].field == "timezone"


async def test_each_change_of_settings_is_audited_by_its_fields(box: Running) -> None:
    edge = box.as_role("administrator")
    revision = (await edge.add_device(device((await edge.settings()).revision, "pbx1"))).revision
    changed = device(revision, "pbx1", settings=SETTINGS | {"password": CANARY})
    revision = (await edge.change_device(changed)).revision
    await edge.remove_device("pbx1", revision)
    seen = [(e.what, e.concerns, e.fields) for e in (await edge.audit())[:2]]
    assert seen == [
        ("device.removed", "pbx1", ()),
        ("device.changed", "pbx1", ("settings.password",)),
    ]
