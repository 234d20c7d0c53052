"""An enrolled box asks the reference CRM for commands: real server, real signatures."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from edge.commands.signed import Order, read, read_time
from edge.commands.source import Asked
from edge.crm.server import Running
from edge.delivery.destination import NotAllowed, TryLater
from edge.delivery.destinations.link.commands import LinkCommands
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.identity import FILE, IdentityFile
from tests.edge.delivery.destinations.link.conftest import Box, Operator


@asynccontextmanager
async def orders(
    box: Box, crm: Running, identity: IdentityFile | None = None
) -> AsyncIterator[LinkCommands]:
    """The long poll as from one start of the box, with no key in the settings."""
    branch = box.branch(identity or IdentityFile(box.folder))
    source = LinkCommands(LinkSettings(url=crm.url), branch, wait=0, patience=10.0)
    await source.start()
    try:
        yield source
    finally:
        await source.close()


async def enrol(
    crm: Running, operator: Operator, box: Box, identity: IdentityFile | None = None
) -> None:
    async with box.link(crm, await operator.claim(), identity) as link:
        await box.send(link)


async def order(operator: Operator, box: Box, id_: str) -> None:
    device = f"/boxes/{box.journal.box}/echo1"
    await operator.ask("POST", "/commands", device=device, type="say", id=id_)


def told(asked: Asked, source: LinkCommands, box: Box) -> list[str]:
    """The ids of what may be executed."""
    found = [read(item, source.keys, box.journal.box)[1] for item in asked.items]
    assert all(isinstance(each, Order) for each in found)
    return [each.id for each in found if isinstance(each, Order)]


async def test_orders_and_time_are_believed_by_the_key_of_the_enrolment(
    crm: Running, operator: Operator, box: Box
) -> None:
    await enrol(crm, operator, box)
    await order(operator, box, "c1")
    async with orders(box, crm) as source:
        nonce = secrets.token_hex(16)
        asked = await source.ask(0, nonce)
        assert told(asked, source, box) == ["c1"]
        time = read_time(asked, source.keys, nonce)
    assert time
    assert abs(time.now() - datetime.now(UTC).timestamp()) < 30
    shown = await operator.ask("GET", "/commands")
    assert shown[0]["acknowledged"] is False


async def test_an_order_under_another_key_is_not_believed(
    crm: Running, operator: Operator, box: Box
) -> None:
    await enrol(crm, operator, box)
    note = (await box.journal.notes("crm"))["command-key"].decode()
    start = note.index('"public_key":"') + len('"public_key":"')
    foreign = note[:start] + "A" * 43 + "=" + note[start + 44 :]
    await box.journal.note("crm", [("command-key", foreign.encode())])
    await order(operator, box, "c1")
    async with orders(box, crm) as source:
        asked = await source.ask(0, "00" * 16)
        [item] = asked.items
        assert not isinstance(read(item, source.keys, box.journal.box)[1], Order)
        assert read_time(asked, source.keys, "00" * 16) is None


async def test_nobody_is_asked_before_the_crm_has_accepted_the_box(
    crm: Running, operator: Operator, box: Box
) -> None:
    identity = IdentityFile(box.folder)
    async with orders(box, crm, identity) as source, asyncio.TaskGroup() as group:
        asking = group.create_task(source.ask(0, "00" * 16))
        done, _ = await asyncio.wait([asking], timeout=0.3)
        assert not done
        assert await operator.boxes() == {}
        await enrol(crm, operator, box, identity)
        async with asyncio.timeout(60):
            assert (await asking).items == []


@pytest.mark.parametrize("off", [timedelta(days=-20_000), timedelta(days=400)])
async def test_with_a_wrong_clock_it_asks_again_in_the_crms_time(
    crm: Running, operator: Operator, box: Box, off: timedelta
) -> None:
    await enrol(crm, operator, box)
    await order(operator, box, "c1")
    box.off = off
    async with orders(box, crm) as source:
        assert told(await source.ask(0, "00" * 16), source, box) == ["c1"]


async def test_events_and_questions_count_as_one_box(
    crm: Running, operator: Operator, box: Box
) -> None:
    identity = IdentityFile(box.folder)
    await enrol(crm, operator, box)
    async with box.link(crm, "", identity) as link, orders(box, crm, identity) as source:
        for _ in range(3):
            await box.send(link)
            await source.ask(0, "00" * 16)
    [known] = (await operator.boxes()).values()
    assert known["doubles"] == 0


async def test_a_box_that_is_out_of_service_or_doubled_asks_ever_more_seldom(
    crm: Running, operator: Operator, box: Box, other_box: Box
) -> None:
    await enrol(crm, operator, box)
    async with orders(box, crm) as source:
        await source.ask(0, "00" * 16)
        shutil.copy(box.folder / FILE, other_box.folder / FILE)
        other_box.journal.box = box.journal.box
        async with other_box.link(crm) as link:
            await other_box.send(link)
        with pytest.raises(NotAllowed) as doubled:
            await source.ask(0, "00" * 16)
        assert doubled.value.answer == "two-boxes"
    [device] = await operator.boxes()
    await operator.decide(device, "revoked")
    async with orders(box, crm) as source:
        with pytest.raises(TryLater) as revoked:
            await source.ask(0, "00" * 16)
    # Soon again at first, for a key that was just renewed, and then ever more seldom.
    assert (revoked.value.answer, revoked.value.seconds) == ("not-enrolled", None)
