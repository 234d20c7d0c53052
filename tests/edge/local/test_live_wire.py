"""What the page asks of wires that speak: proposals, a capture to give away, calls of a test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from random import Random

import pytest

from drivers.callerid.day import Habits
from drivers.callerid.simulator import plan_unit
from drivers.wire.capture import Received, read_capture
from drivers.wire.uart import Sender, Uart
from edge.access.refusals import Conflict
from edge.local.calls_records import CallQuery
from edge.local.client import Client
from edge.local.detect_records import Sensed
from edge.local.persian_advice import of_device
from edge.local.settings_records import DeviceChange
from tests.edge.running import SECONDS, Running

BAUD = 19200
LINE = "21/11/26 20:13     109 04 <I>{number:<24}0'06 00:00'42\r\n"


@pytest.fixture
def wire() -> Iterator[Uart]:
    end = Uart(Sender(BAUD))
    yield end
    end.close()


@asynccontextmanager
async def segal(wire: Uart) -> AsyncIterator[None]:
    """A Segal box on the wire, with a record every tenth of a second."""
    records = [data for _, data in plan_unit("segal-c", Random(7), 40, Habits()).sent]

    async def speak() -> None:
        for record in records:
            await wire.write(record)
            await asyncio.sleep(0.1)

    speaking = asyncio.ensure_future(speak())
    try:
        yield
    finally:
        speaking.cancel()


async def _exchange(edge: Client, wire: Uart, key: str = "pbx1") -> None:
    change = DeviceChange(
        revision=(await edge.settings()).revision,
        key=key,
        driver="panasonic",
        link={"serial": wire.port, "baud": BAUD},
        settings={"model": "KX-TDA100", "area_code": "21"},
    )
    await edge.add_device(change)


async def _prints(box: Running, wire: Uart, number: str, key: str = "pbx1") -> bool:
    """Print a call; whether it is stored as one of a test."""
    edge = box.as_role("administrator")
    async with asyncio.timeout(SECONDS):
        await box.edge._devices.supervisors[key].online.wait()
        await wire.write(LINE.format(number=number).encode())
        while True:
            for call in (await edge.calls(CallQuery(text=number))).calls:
                return call.test
            await asyncio.sleep(0.02)


async def _until_under_test(box: Running, key: str, *, wanted: bool) -> None:
    served = box.edge._devices.served(key)
    async with asyncio.timeout(SECONDS):
        while served.intake.commissioning.on(served.clock().monotonic) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_port_that_speaks_is_proposed_with_all_that_it_takes(
    box: Running, wire: Uart
) -> None:
    edge = box.as_role("technician")
    found: list[Sensed] = []
    asked = edge.detect(SECONDS, wire.port)
    async with segal(wire), asyncio.timeout(SECONDS), aclosing(asked) as told:
        async for sensed in told:
            if sensed.name == wire.port and sensed.proposals:
                found.append(sensed)
                break
    assert found[0].proposals[0].driver == "callerid"
    assert found[0].link == {"serial": wire.port, "baud": BAUD, "format": "8N1"}
    assert found[0].device is None


async def test_one_listens_at_a_time_and_a_port_that_is_not_there_is_told(
    box: Running, wire: Uart
) -> None:
    edge = box.as_role("technician")
    async with asyncio.timeout(SECONDS):
        told = [each async for each in edge.detect(5.0, "/dev/ttyNONE7")]
        trouble = next(each.trouble for each in told if each.name.endswith("E7"))
        assert trouble is not None
        assert "/dev/ttyNONE7" in trouble.en
        assert trouble.fa == of_device("port-missing")
        told = [each async for each in edge.detect(5.0, "ttyNONE7")]
        trouble = next(each.trouble for each in told if each.name == "ttyNONE7")
        assert trouble is not None
        assert "نام کامل درگاه" in trouble.fa
        async with segal(wire), aclosing(edge.detect(SECONDS, wire.port)) as first:
            await anext(first)
            with pytest.raises(Conflict):
                await anext(box.as_role("technician").detect(1.0))


async def test_a_capture_shows_the_call_and_nobodys_number(box: Running, wire: Uart) -> None:
    edge = box.as_role("technician")
    await _exchange(edge, wire)
    await _prints(box, wire, "09121234567")
    capture = read_capture(await edge.capture("pbx1"))
    heard = b"".join(each.data for each in capture.entries if isinstance(each, Received))
    assert b"109 04 <I>09" in heard
    assert b"9121234567" not in heard


async def test_calls_are_of_a_test_while_somebody_waits_for_them(box: Running, wire: Uart) -> None:
    edge = box.as_role("technician")
    await _exchange(edge, wire)
    assert not await _prints(box, wire, "09121110001")
    later = Uart(Sender(BAUD))
    async with aclosing(edge.testing(60.0)) as marks:
        assert (await anext(marks)).seconds == 60.0
        assert await _prints(box, wire, "09121110002")
        await _exchange(edge, later, "pbx2")
        await _until_under_test(box, "pbx2", wanted=True)
        assert await _prints(box, later, "09121110003", "pbx2")
    await _until_under_test(box, "pbx2", wanted=False)
    assert not await _prints(box, wire, "09121110004")
    async with asyncio.timeout(SECONDS):
        assert [mark.seconds async for mark in edge.testing(0.2)] == [0.2]
    assert not await _prints(box, wire, "09121110005")
    later.close()
