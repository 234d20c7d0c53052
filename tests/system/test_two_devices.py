"""A Segal box on a line that feeds the exchange's trunk: one call, from two serial ports."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from drivers.panasonic.exchange_port import SerialPort
from tests.system.processes import Box, Crm, of_type

PRINTED = (
    b"21/11/26 12:00     105 01 <I>" + b" " * 48 + b"RC \r\n",
    b"21/11/26 12:01     105 01 <I>" + b" " * 23 + b"0'08 00:00'40" + b" " * 15 + b"\r\n",
)
"""No number: the exchange did not get it."""


@pytest.fixture
def unit_port(tmp_path: Path) -> Iterator[SerialPort]:
    with SerialPort(tmp_path / "ttyUSB1") as port:
        yield port


def settle(box: Box, url: str, exchange: Path, unit: Path) -> None:
    site = {
        "version": 1,
        "name": "mashhad",
        "timezone": "Asia/Tehran",
        "device": [
            {
                "key": "pbx1",
                "driver": "panasonic",
                "link": {"serial": str(exchange)},
                "settings": {"model": "KX-TDA100", "area_code": "51"},
            },
            {
                "key": "lines",
                "driver": "callerid",
                "link": {"serial": str(unit), "baud": 115200},
                "feeds": {"device": "pbx1", "lines": {"1": "01"}},
            },
        ],
        "destination": [
            {"name": "crm", "kind": "link", "settings": {"url": url, "token": "made-up-token"}}
        ],
    }
    (box.data / "site.toml").write_text(tomli_w.dumps(site))


async def test_one_call_with_what_each_of_them_knows(
    box: Box, crm: Crm, port: SerialPort, unit_port: SerialPort
) -> None:
    await crm.start()
    settle(box, crm.url, port.path, unit_port.path)
    await box.start()
    await crm.told("device.online", count=2)
    await unit_port.write(b"L1C09120001122@\r\nL1R01@\r\n")
    (ringing,) = await crm.told("call.ringing")
    await port.write(PRINTED[0])
    await crm.told("call.updated")
    await unit_port.write(b"L1HF@\r\n")
    await crm.told("call.answered")
    await crm.told("call.answered")
    await unit_port.write(b"L1HND: T0040@\r\nL2R01@\r\n")
    await crm.told("call.ringing", count=2)  # line 2 feeds nothing; the end of line 1 is held
    box.kill()
    await box.start()
    await crm.told("device.online", count=4)
    await port.write(PRINTED[1])
    (ended,) = await crm.told("call.ended")
    data = ended["data"]
    assert ended["subject"] == ringing["subject"]
    assert {ringing["source"], ended["source"]} == {ended["source"]}
    assert ended["source"].endswith("/pbx1")
    assert (data["number"], data["extension"], data["line"]) == ("+989120001122", "105", "01")
    assert (data["outcome"], data["talk_seconds"]) == ("answered", 40)
    assert (data["provenance"]["number"], data["provenance"]["extension"]) == ("lines", "pbx1")
    await box.settled()
    events = await crm.events()
    joined = [each for each in of_type(events, "call.*") if each["subject"] == ended["subject"]]
    assert [each["type"] for each in joined].count("call.ended") == 1
    others = [each for each in of_type(events, "call.*") if each not in joined]
    assert all(each["source"].endswith("/lines") for each in others)
    assert all("provenance" not in each["data"] for each in others)
