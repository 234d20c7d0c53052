"""The order of a CRM, through the inbox and the dispatcher, and a box that runs meanwhile."""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest

from drivers.contract import Moment
from edge.commands.dispatcher import Dispatcher
from edge.commands.inbox import Inbox
from edge.commands.results import box_seal
from edge.commands.signed import CrmTime, Order
from edge.commands.target import Target
from edge.forgetting.forgetting import Forgetting, NoDevices
from edge.intake.clock import BoxClock, Reading
from edge.intake.tap import Chunk, Tap
from edge.journal.journal import Journal
from edge.journal.retime import Timeline
from edge.local.forgotten import FORGET, Forget
from edge.service.devices import Devices
from edge.service.tasks import Tasks
from edge.site.site import check
from edge.wire.journal import WireJournal, segments
from edge.wire.settings import Wire
from tests.edge.box_process import crm, data, running
from tests.edge.forgetting.test_forgetting import NUMBER, forgetting, of_person, traces

__all__ = ["crm", "data"]


def now() -> Moment:
    return Moment(datetime.now(UTC), time.monotonic(), trusted=True, live=True)


async def test_an_order_leaves_no_trace_of_itself(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    journal = await Journal.open(folder / "journal.sqlite")
    await journal.append([of_person(1)])
    online = asyncio.Event()
    online.set()
    forgetting = Forgetting(folder, journal, NoDevices())
    target = Target(box_seal("b"), forgetting, {FORGET: Forget}, {FORGET: 60}, online)
    inbox = Inbox(journal, "crm")
    await inbox.open()
    dispatcher = Dispatcher(inbox, journal, {"box": target}, "b", now)
    dispatcher.time = CrmTime(time.time() - time.monotonic())
    issued = time.time()
    inbox.asked_first(issued - 1)
    args = (msgspec.json.encode({"number": NUMBER}), b'{"number": "0912"}', b"{}")
    orders = [
        Order(f"id{n}", "box", FORGET, each, issued, issued + 60) for n, each in enumerate(args)
    ]
    results: dict[str, dict[str, str]] = {}
    with suppress(ExceptionGroup):
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            dispatcher.serve(group)
            ids = await inbox.accept(orders, 1, dispatcher.time.now(), [])
            assert NUMBER.encode() in (folder / "journal.sqlite-wal").read_bytes()
            dispatcher.submit(ids)
            while len(results) < 3:
                for event in await journal.read(1):
                    told = msgspec.json.decode(event.data)
                    results[told["command_id"]] = told
                await asyncio.sleep(0.01)
            group.create_task(_end())
    assert results["id0"]["state"] == "done"
    assert "The number …22 is erased from 1 events" in results["id0"]["detail"]
    assert "Not reached: the CRMs that have it" in results["id0"]["detail"]
    assert [results[id_]["state"] for id_ in ("id1", "id2")] == ["refused", "refused"]
    assert traces(folder) == []
    await journal.close()


class _Over(Exception):
    """Ends the task group."""


async def _end() -> None:
    raise _Over


async def test_a_box_that_runs_forgets_and_goes_on(
    data: Path, payvand: Callable[..., CompletedProcess[str]], pytestconfig: pytest.Config
) -> None:
    journal = await Journal.open(data / "journal.sqlite")
    await journal.append([of_person(900)])
    await journal.close()
    async with running(data, pytestconfig.rootpath) as client:
        done = await asyncio.to_thread(payvand, "forget", NUMBER, "--data", data)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("1 events")
        shown = [line async for line in client.events()]
        assert not any(b"9120001122" in line for line in shown)
        assert len(shown) == (await client.status()).last_sequence


async def test_a_device_whose_memory_has_the_number_starts_anew_without_it(tmp_path: Path) -> None:
    table = {
        "version": 1,
        "name": "mashhad",
        "timezone": "Asia/Tehran",
        "device": [
            {
                "key": key,
                "driver": "panasonic",
                "link": {"tcp": f"127.0.0.1:{port}"},
                "settings": {"model": "KX-TDA100"},
            }
            for key, port in (("pbx1", 9), ("pbx2", 10))
        ],
    }
    journal = await Journal.open(tmp_path / "journal.sqlite")
    await journal.append([], ("pbx1", b"an open call of 09120001122"))
    await journal.append([], ("pbx2", b"an open call of 02144556677"))
    clock = BoxClock("b", Timeline(), Reading(0.0, 0.0, synchronized=False))
    wire = WireJournal(tmp_path, Wire(), clock.now)
    devices = Devices(journal, clock, lambda _: lambda _: None, tmp_path, wire)
    with suppress(ExceptionGroup):
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            await devices.serve(check(table), Tasks(group))
            before = dict(devices.supervisors)
            done = await Forgetting(tmp_path, journal, devices).forget(NUMBER)
            group.create_task(_end())
    assert done.devices == ("pbx1",)
    assert journal.memory("pbx1") == b"an open call of 00000000000"
    assert devices.supervisors["pbx1"] is not before["pbx1"]
    assert devices.supervisors["pbx2"] is before["pbx2"]
    assert list(devices.supervisors) == ["pbx1", "pbx2"]
    await journal.close()


def test_what_was_on_the_wire_is_let_go_also_where_a_chunk_cut_it() -> None:
    from edge.forgetting.person import Person

    person = Person.of(NUMBER)
    tap = Tap()
    tap.note("<", b"02144556677 0")
    assert not tap.let_go(person.is_in)
    assert len(tap.chunks) == 1
    tap.note("<", b"912000")
    tap.note(">", b"PCCSMDR")
    tap.note("<", b"1122 0'06")
    assert tap.let_go(person.is_in)
    assert not tap.chunks


@pytest.mark.parametrize("cut", ["in a file", "between files", "not yet written"])
async def test_the_journal_of_the_wire_is_reached_also_where_it_cut_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    monkeypatch.setattr("edge.wire.journal.SEGMENT_BYTES", 1 if cut == "between files" else 1 << 17)
    folder = tmp_path / "data"
    folder.mkdir()
    wire = WireJournal(folder, Wire(), now)
    hear = wire.hearer("pbx1", "panasonic", "made-up")
    chunks = (b"02144556677 0'06\r\n 04 <I>0912", b"000", b"1122            0'06\r\n")
    for number, chunk in enumerate(chunks):
        hear(Chunk(float(number), "<", chunk))
        hear(Chunk(float(number), ">", b"PCCSMDR"))
        if cut != "not yet written":
            wire.flush()
    async with forgetting(folder) as (journal, _):
        clock = BoxClock("b", Timeline(), Reading(0.0, 0.0, synchronized=False))
        devices = Devices(journal, clock, lambda _: lambda _: None, folder, wire)
        async with asyncio.TaskGroup() as group:
            site = {"version": 1, "name": "mashhad", "timezone": "Asia/Tehran"}
            await devices.serve(check(site), Tasks(group))
            await Forgetting(folder, journal, devices).forget(NUMBER)
    kept = [path.read_bytes() for _, path in sorted(segments(folder / "wire"))]
    assert len(kept) == (3 if cut == "between files" else 1)
    printed = b"".join(re.findall(rb'< "(.*)"', b"".join(kept)))
    assert printed == rb"02144556677 0'06\r\n 04 <I>00000000000            0'06\r\n"
