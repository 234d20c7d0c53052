"""A caller-ID box on a real serial port, the box and the CRM as processes."""

import socket
import time

import pytest
import tomli_w

from drivers.panasonic.exchange_port import SerialPort
from tests.system.processes import Box, Crm, assert_exactly_once, eventually, of_type


def settle(box: Box, link: dict[str, object], url: str, settings: dict[str, object]) -> None:
    access = {"url": url, "token": "made-up-token"}
    device = {"key": "lines", "driver": "callerid", "link": link, "settings": settings}
    site = {
        "version": 1,
        "name": "mashhad",
        "timezone": "Asia/Tehran",
        "device": [device],
        "destination": [{"name": "crm", "kind": "link", "settings": access}],
    }
    (box.data / "site.toml").write_text(tomli_w.dumps(site))


async def test_a_call_on_a_segal_box_reaches_the_crm(box: Box, crm: Crm, port: SerialPort) -> None:
    await crm.start()
    settle(box, {"serial": str(port.path), "baud": 115200}, crm.url, {"area_code": "51"})
    await box.start()
    await port.write(b"\r\nL1C9120001122@\r\nL1R01@\r\n")
    (ringing,) = await crm.told("call.ringing")
    await port.write(b"L1HF@\r\n")
    await crm.told("call.answered")
    await port.write(b"L1HND: T0046@\r\nL2C093d@\r\nL2R01@\r\nL2HF@\r\nL2HND: T0001@\r\n")
    first, second = await crm.told("call.ended", count=2)
    assert ringing["data"]["number"] == first["data"]["number"] == "+989120001122"
    assert (first["data"]["line"], first["data"]["outcome"]) == ("1", "answered")
    assert first["data"]["device_time"] == "T0046"
    assert second["data"]["number_raw"] == "093d"
    assert second["data"]["number_status"] == "unreliable"
    await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert of_type(events, "wire.unrecognized") == []


SERVED_SECONDS = 3.0
LOADED_SECONDS = 5.0
"""For a machine that has other things to do, and for the looks of `becomes`."""


@pytest.mark.parametrize("cut", [7, 17])
async def test_pulled_out_in_a_record_and_put_back(
    box: Box, crm: Crm, port: SerialPort, cut: int
) -> None:
    """Under the same key; the call that was open goes on, and the torn record makes none."""
    record = b"L2C09120003344@\r\n"
    await crm.start()
    settle(box, {"serial": str(port.path), "baud": 115200}, crm.url, {})
    await box.start()
    await port.write(b"L1C09120001122@\r\nL1R01@\r\nL1HF@\r\n")
    await crm.told("call.answered")
    await port.write(record[:cut])
    await _read(box, 31 + cut)
    port.unplug()
    await box.becomes("offline", "port-missing")
    port.plug()
    back = time.monotonic()
    await box.becomes("online")
    assert time.monotonic() - back < SERVED_SECONDS + LOADED_SECONDS
    await port.write(record[cut:] + b"L1HND: T0046@\r\n")
    (ended,) = await crm.told("call.ended")
    assert (ended["data"]["line"], ended["data"]["outcome"]) == ("1", "answered")
    assert ended["source"].endswith("/lines")
    await box.settled()
    assert len(of_type(await crm.events(), "call.ringing")) == 1


async def test_a_restart_in_a_call_loses_nothing(box: Box, crm: Crm, port: SerialPort) -> None:
    await crm.start()
    settle(box, {"serial": str(port.path), "baud": 115200}, crm.url, {})
    await box.start()
    await port.write(b"L1C09120001122@\r\nL1R01@\r\nL1HF@\r\n")
    await crm.told("call.answered")
    box.kill()
    await box.start()
    await port.write(b"L1HND: T0046@\r\n")
    (ended,) = await crm.told("call.ended")
    assert ended["data"]["outcome"] == "answered"
    assert ended["data"]["talk_seconds"] is not None
    assert_exactly_once(await crm.events())


async def test_a_profile_of_ones_own_serves(box: Box, crm: Crm, port: SerialPort) -> None:
    (box.data / "profiles").mkdir()
    own = (
        "base = 'segal-c'\n[[rules]]\nevent = 'caller_id'\nregex = 'N(?P<line>.)=(?P<number>.*)'\n"
    )
    (box.data / "profiles/shop.toml").write_text(own)
    await crm.start()
    settle(box, {"serial": str(port.path)}, crm.url, {"profile": "shop"})
    await box.start()
    await port.write(b"N1=09120001122@\r\nL1R01@\r\n")
    (ringing,) = await crm.told("call.ringing")
    assert ringing["data"]["number"] == "+989120001122"


async def test_datagrams_of_a_unit_on_the_network(box: Box, crm: Crm) -> None:
    await crm.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unit:
        unit.bind(("127.0.0.1", 0))
        number = unit.getsockname()[1]
    settle(box, {"udp": number}, crm.url, {"profile": "whozz", "country_code": "1"})
    await box.start()
    record = b"^^<U>000001<S>123456$01 I S 0000 G A0 09/26 11:28 AM 800-555-1212   NAME"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unit:
        for _ in range(2):
            unit.sendto(record, ("127.0.0.1", number))
        (ringing,) = await crm.told("call.ringing")
        unit.sendto(record.replace(b"I S 0000", b"I E 0276"), ("127.0.0.1", number))
        (ended,) = await crm.told("call.ended")
    assert (ringing["data"]["line"], ringing["data"]["name"]) == ("01", "NAME")
    assert (ended["data"]["outcome"], ended["data"]["talk_seconds"]) == ("answered", 276)


async def _read(box: Box, count: int) -> None:
    async def look() -> bool:
        device = await box.device()
        return device is not None and device.bytes_in >= count

    await eventually(look, f"{count} bytes read")
