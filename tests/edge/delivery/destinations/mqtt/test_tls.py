"""TLS to a real mosquitto: an authority of one's own, another one, another name, and no TLS."""

import asyncio
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.delivery.destinations.mqtt.dial import CONNECT_SECONDS
from edge.delivery.destinations.mqtt.settings import MqttSettings
from tests.edge.delivery.destinations.mqtt.conftest import Subscriber

if TYPE_CHECKING:
    from tests.edge.delivery.destinations.mqtt.conftest import Broker, Office, Start

# paho-mqtt leaves a socket whose handshake failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")


@dataclass
class Authority:
    """Signs for whoever asks."""

    openssl: Path
    folder: Path

    @property
    def pem(self) -> str:
        return (self.folder / "ca.crt").read_text()

    def found(self) -> None:
        self.folder.mkdir()
        self._run("req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Own")

    def sign(self, name: str) -> str:
        """The lines of mosquitto's configuration for a certificate with this name."""
        extension = f"subjectAltName={name}"
        self._run(
            *("req", "-x509", *_KEY, "-keyout", "box.key", "-out", "box.crt", "-subj", "/CN=x"),
            *("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", extension),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
        return f"certfile {self.folder}/box.crt\nkeyfile {self.folder}/box.key"

    def _run(self, *words: str) -> None:
        subprocess.run(
            [str(self.openssl), *words], cwd=self.folder, check=True, capture_output=True
        )


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@pytest.fixture
def authority(needs: Callable[[str, str], Path], tmp_path: Path) -> Authority:
    made = Authority(needs("openssl", "openssl"), tmp_path / "own")
    made.found()
    return made


async def test_all_arrive_over_tls_with_an_authority_of_ones_own(
    office: "Office", mosquitto: "Start", authority: Authority
) -> None:
    broker = mosquitto(tls=authority.sign("IP:127.0.0.1"))
    await broker.start()
    centre = Subscriber(broker.clear_port)
    centre.start()
    await office.fill(1200)
    async with office.forwarding(secure(broker, ca=authority.pem)) as forwarder:
        await office.settled()
        await office.until(lambda: len(centre.messages) == 1200)
        # Handshake and records are counted: more than the payloads alone.
        payloads = sum(len(msgspec.json.encode(each.event)) for each in centre.messages)
        assert forwarder.progress.wire_bytes > payloads
    centre.stop()
    assert centre.sequences == list(range(1, 1201))


async def test_a_certificate_of_another_authority_lets_nothing_out(
    office: "Office", mosquitto: "Start", authority: Authority, tmp_path: Path
) -> None:
    other = Authority(authority.openssl, tmp_path / "other")
    other.found()
    broker = mosquitto(tls=authority.sign("IP:127.0.0.1"))
    await broker.start()
    await office.fill(3)
    for settings in (secure(broker, ca=other.pem), secure(broker)):
        async with office.forwarding(settings) as forwarder:
            await office.until(lambda: forwarder.progress.state == "retrying")
            assert forwarder.progress.last_answer == "certificate not valid"
            assert "certificate" in forwarder.progress.advice
    assert office.journal.position("centre").cursor == 0


async def test_a_certificate_for_another_name_lets_nothing_out(
    office: "Office", mosquitto: "Start", authority: Authority
) -> None:
    broker = mosquitto(tls=authority.sign("DNS:elsewhere.example"))
    await broker.start()
    await office.fill(3)
    async with office.forwarding(secure(broker, ca=authority.pem)) as forwarder:
        await office.until(lambda: forwarder.progress.state == "retrying")
        assert forwarder.progress.last_answer == "certificate not valid"
    assert office.journal.position("centre").cursor == 0


async def test_a_broker_without_tls_is_told(office: "Office", broker: "Broker") -> None:
    await office.fill(3)
    async with office.forwarding(secure(broker)) as forwarder:
        await office.until(lambda: forwarder.progress.state == "retrying")
        assert forwarder.progress.last_answer in {"no proper TLS", "no connection"}
        assert forwarder.progress.advice
    assert office.journal.position("centre").cursor == 0


async def test_a_stop_waits_for_no_handshake(office: "Office") -> None:
    hold, accepted = asyncio.Event(), asyncio.Event()

    async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await hold.wait()
        writer.close()

    await office.fill(1)
    async with await asyncio.start_server(stall, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with office.forwarding(MqttSettings(url=f"mqtts://127.0.0.1:{port}")):
            await accepted.wait()
            asked = monotonic()
        assert monotonic() - asked < CONNECT_SECONDS / 3
        hold.set()
        await office.until(lambda: "mqtt-dial" not in {each.name for each in threading.enumerate()})


def secure(broker: "Broker", ca: str = "") -> MqttSettings:
    settings = MqttSettings(url=f"mqtts://127.0.0.1:{broker.port}", ca=ca)
    assert settings.problems() == []
    return settings
