"""A caller-ID box on a real serial port, the box and the CRM as processes."""

import tomli_w

from drivers.panasonic.exchange_port import SerialPort
from tests.system.processes import Box, Crm, assert_exactly_once, of_type


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
