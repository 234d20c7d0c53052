"""A box becomes known to the reference CRM, and stays sure of it: real server, real signatures."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from edge.crm.server import Running
from edge.delivery.destination import NotAllowed, TryLater
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.identity import FILE, begin, read, renewed, write
from tests.edge.delivery.destinations.link.conftest import Box, Operator


async def test_a_claim_code_lets_a_box_in_and_works_once(
    crm: Running, operator: Operator, box: Box, other_box: Box
) -> None:
    code = await operator.claim("mashhad")
    async with box.link(crm, code) as link:
        assert (await box.send(link)).through == 1
    [known] = (await operator.boxes()).values()
    assert (known["state"], known["branch"]) == ("accepted", "mashhad")
    assert known["box"] == box.journal.box
    async with other_box.link(crm, code) as link:
        with pytest.raises(NotAllowed, match="claim code") as refused:
            await other_box.send(link)
    assert refused.value.answer == "bad-claim"
    assert await operator.stored() == 1


async def test_a_claim_code_may_be_written_as_people_write(
    crm: Running, operator: Operator, box: Box
) -> None:
    code = (await operator.claim()).replace("-", " ").lower()
    code = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert LinkSettings(url="https://crm.example", claim=code).problems() == []
    async with box.link(crm, code) as link:
        await box.send(link)


async def test_without_a_code_a_person_decides(crm: Running, operator: Operator, box: Box) -> None:
    async with box.link(crm) as link:
        with pytest.raises(TryLater, match="device id is") as waiting:
            await box.send(link)
        assert waiting.value.answer == "pending"
        [device] = await operator.boxes()
        assert device in waiting.value.advice
        assert device == begin(box.folder / FILE).device
        await operator.decide(device, "accepted", branch="mashhad")
        await box.send(link)
        await operator.decide(device, "revoked")
        with pytest.raises(NotAllowed, match="out of service"):
            await box.send(link)
        await operator.decide(device, "refused")
        with pytest.raises(NotAllowed, match="refused this box"):
            await box.send(link)
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)


async def test_a_restart_needs_no_code(crm: Running, operator: Operator, box: Box) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
    async with box.link(crm) as link:
        await box.send(link)
    assert await operator.stored() == 2


async def test_a_new_box_takes_the_place_of_its_branchs_old_one(
    crm: Running, operator: Operator, box: Box, other_box: Box
) -> None:
    async with box.link(crm, await operator.claim("mashhad")) as old:
        await box.send(old)
        async with other_box.link(crm, await operator.claim("mashhad")) as new:
            await other_box.send(new)
        with pytest.raises(NotAllowed, match="taken its place"):
            await box.send(old)
    assert await operator.states() == ["accepted", "replaced"]


async def test_a_renewed_key_is_followed_and_the_old_one_locked_out(
    crm: Running, operator: Operator, box: Box, other_box: Box
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
    shutil.copy(box.folder / FILE, other_box.folder / FILE)
    for _ in range(2):  # the CRM has not seen the one in between
        kept = read(box.folder / FILE)
        assert kept
        write(box.folder / FILE, renewed(kept, box.journal.box))
    async with box.link(crm) as link:
        await box.send(link)
    assert [known["number"] for known in (await operator.boxes()).values()] == [3, 1]
    assert await operator.states() == ["accepted", "replaced"]
    other_box.journal.box = box.journal.box  # the card's copy, with the old key on it
    async with other_box.link(crm) as link:
        with pytest.raises(NotAllowed, match="key of this one"):
            await other_box.send(link)


async def test_an_endorsement_by_another_key_brings_nobody_in(
    crm: Running, operator: Operator, box: Box, other_box: Box
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
    begin(other_box.folder / FILE)
    kept = read(other_box.folder / FILE)
    assert kept
    write(other_box.folder / FILE, renewed(kept, box.journal.box))
    other_box.journal.box = box.journal.box
    async with other_box.link(crm) as link:
        with pytest.raises(TryLater, match="must accept"):
            await other_box.send(link)
    assert await operator.states() == ["pending", "accepted"]


async def test_of_two_boxes_with_one_card_one_is_stopped(
    crm: Running, operator: Operator, box: Box, other_box: Box
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
        shutil.copy(box.folder / FILE, other_box.folder / FILE)
        other_box.journal.box = box.journal.box
        async with other_box.link(crm) as copied:
            await other_box.send(copied)
        with pytest.raises(NotAllowed, match="Another box works with the key") as alarm:
            await box.send(link)
    assert alarm.value.answer == "two-boxes"
    [known] = (await operator.boxes()).values()
    assert known["doubles"] == 1


@pytest.mark.parametrize(
    "off", [timedelta(days=-20_000), timedelta(days=400), timedelta(minutes=-6)]
)
async def test_a_wrong_clock_is_set_right_by_the_crm_that_signs(
    crm: Running, operator: Operator, box: Box, off: timedelta
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
        box.off = off
        await box.send(link)
        heard = await link.ask_time(box.journal.id)
    assert heard
    assert await operator.stored() == 2


async def test_a_time_signed_by_another_key_is_not_believed(
    crm: Running, operator: Operator, box: Box
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
    notes = await box.journal.notes("crm")
    shown = notes["command-key"].decode()
    start = shown.index('"public_key":"') + len('"public_key":"')
    foreign = shown[:start] + "A" * 43 + "=" + shown[start + 44 :]
    await box.journal.note("crm", [("command-key", foreign.encode())])
    box.off = timedelta(days=400)
    async with box.link(crm) as link:
        with pytest.raises(NotAllowed, match="clock is wrong") as refused:
            await box.send(link)
    assert refused.value.answer == "clock-skew"


async def test_without_a_clock_events_leave_only_to_who_vouches_for_the_time(
    crm: Running, operator: Operator, box: Box
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
    box.knows = False
    async with box.link(crm) as link:  # the true CRM, within 300 s
        await box.send(link)
    asked: list[tuple[str, bytes]] = []

    async def impostor(request: web.Request) -> web.Response:
        asked.append((request.headers["Payvand-Range"], await request.read()))
        date = format_datetime(datetime.now(UTC) + timedelta(days=400), usegmt=True)
        return web.json_response({"through": 0}, headers={"Date": date})

    app = web.Application()
    app.router.add_post("/v1/events", impostor)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there = replace(crm, url=f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with box.link(there) as link:
        with pytest.raises(TryLater, match="does not prove") as refused:
            await box.send(link)
    await runner.cleanup()
    assert refused.value.answer == "no time"
    assert asked == [(f"{box.journal.id} 0-0", b"[]")]


async def test_another_crm_at_the_address_is_not_believed(
    crm: Running, operator: Operator, box: Box
) -> None:
    async with box.link(crm, await operator.claim()) as link:
        await box.send(link)
        [device] = await operator.boxes()
        await operator.decide(device, "revoked")
        foreign = b'{"keyid":"crm#1","public_key":"' + b"A" * 43 + b'="}'
        await box.journal.note("crm", [("command-key", foreign)])
    async with box.link(crm, await operator.claim()) as link:
        with pytest.raises(NotAllowed, match="another key") as refused:
            await box.send(link)
    assert refused.value.answer == "another CRM"


async def test_a_box_without_a_readable_key_says_so(crm: Running, box: Box) -> None:
    (box.folder / FILE).write_text("{")
    async with box.link(crm) as link:
        with pytest.raises(NotAllowed, match="move it away"):
            await box.send(link)
