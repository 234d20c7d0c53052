from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.address import TcpAddress
from edge.intake.heritage import hand_down
from edge.journal.journal import Journal
from edge.site.site import Device


def device(key: str, port: int = 2300) -> Device:
    settings = PanasonicSettings(model="KX-TDA100")
    return Device(key, "panasonic", TcpAddress("192.168.1.20", port), settings)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = await Journal.open(tmp_path / "journal.sqlite")
    await hand_down(opened, [device("pbx1")])
    await opened.append([], ("pbx1", b"what the driver knew"))
    yield opened
    await opened.close()


async def test_a_renamed_device_keeps_its_memory(journal: Journal) -> None:
    await hand_down(journal, [device("exchange")])
    assert journal.memory("exchange") == b"what the driver knew"


async def test_another_link_begins_anew(journal: Journal) -> None:
    await hand_down(journal, [device("exchange", port=2301)])
    assert journal.memory("exchange") == b""


async def test_a_second_device_takes_nothing_from_one_that_is_still_there(
    journal: Journal,
) -> None:
    await hand_down(journal, [device("pbx1"), device("pbx2")])
    assert journal.memory("pbx2") == b""


async def test_a_memory_of_its_own_is_never_replaced(journal: Journal) -> None:
    await journal.append([], ("exchange", b"its own"))
    await hand_down(journal, [device("exchange")])
    assert journal.memory("exchange") == b"its own"
