"""A real mosquitto, a subscriber with a session that it keeps, and a box in front of it."""

import asyncio
import signal
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.delivery.backoff import Pace
from edge.delivery.destinations.mqtt.destination import MqttDestination
from edge.delivery.destinations.mqtt.settings import MqttSettings
from edge.delivery.destinations.mqtt.stand_in import StandIn
from edge.delivery.forwarder import Forwarder
from edge.delivery.terms import Terms
from edge.journal.journal import Journal
from tests.edge.delivery.conftest import call
from tests.ports import free_port

NODE = "payvand/#"
UNLIMITED = ("max_inflight_messages 0", "max_queued_messages 0")


class Broker:
    """A mosquitto on a port of its own; `lines` are of its configuration."""

    def __init__(self, program: Path, folder: Path, lines: tuple[str, ...], tls: str = "") -> None:
        self.port = free_port()
        self.clear_port = free_port() if tls else self.port
        self._command = [str(program), "-c", str(folder / "mosquitto.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        if "allow_anonymous false" not in lines:
            lines = ("allow_anonymous true", *lines)
        # Root is taken for another user by mosquitto, who might not read the test's folder.
        listener = f"user root\nlistener {self.port} 127.0.0.1\n{tls}\n"
        if tls:
            listener += f"listener {self.clear_port} 127.0.0.1\n"
        (folder / "mosquitto.conf").write_text(listener + "\n".join(lines) + "\n")

    async def start(self) -> None:
        self._launch()
        async with asyncio.timeout(60):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.clear_port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.01)

    def _launch(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """As a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order: it writes down what it holds, where it is told to."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None


@dataclass
class Message:
    topic: str
    event: dict[str, Any]
    content_type: str
    user: list[tuple[str, str]]
    expiry: int | None
    retain: bool

    @property
    def sequence(self) -> int:
        return int(self.event["sequence"])


@dataclass
class Subscriber:
    """The centre's end. It subscribes whenever it is connected, and comes back by itself."""

    port: int
    node: str = NODE
    username: str = ""
    password: str = ""
    messages: list[Message] = field(default_factory=list)
    subscribed: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "centre", protocol=paho.MQTTv5)
        self.client.on_connect = self._connected
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._message
        self.client.reconnect_delay_set(1, 1)
        if self.username:
            self.client.username_pw_set(self.username, self.password)
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho-mqtt's
        session.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", self.port, clean_start=False, properties=session)
        self.client.loop_start()
        assert self.subscribed.wait(60)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    @property
    def sequences(self) -> list[int]:
        return [message.sequence for message in self.messages]

    @property
    def once(self) -> list[int]:
        """Without repeats, in the order of first arrival."""
        return list(dict.fromkeys(self.sequences))

    def _connected(self, client: paho.Client, *_: object) -> None:
        client.subscribe(self.node, qos=1)

    def _message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        said = message.properties
        self.messages.append(
            Message(
                message.topic,
                msgspec.json.decode(message.payload),
                getattr(said, "ContentType", ""),
                getattr(said, "UserProperty", []),
                getattr(said, "MessageExpiryInterval", None),
                message.retain,
            )
        )


def here(port: int, **more: object) -> MqttSettings:
    """Settings for a broker of this machine."""
    return msgspec.convert({"url": f"mqtt://127.0.0.1:{port}", **more}, MqttSettings)


class Office:
    """The box's side."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.destinations: list[MqttDestination] = []

    @asynccontextmanager
    async def forwarding(
        self, settings: MqttSettings | int, patience: float = 30.0
    ) -> AsyncIterator[Forwarder]:
        """To a broker on a port of this machine, or as the settings say."""
        chosen = settings if isinstance(settings, MqttSettings) else here(settings)
        assert chosen.problems() == []
        destination = MqttDestination(chosen, self.journal.box, patience=patience)
        self.destinations.append(destination)
        terms = Terms(Pace(base=0.01, cap=0.05, refused=0.05))
        forwarder = Forwarder("centre", self.journal, destination, terms)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(forwarder.run())
            yield forwarder
            task.cancel()

    async def fill(self, count: int, **replaced: bytes) -> None:
        """Append calls; `data` replaces the data of all of them."""
        first = self.journal.last + 1
        await self.journal.append([call(first + n, **replaced) for n in range(count)])

    async def settled(self, seconds: float = 60.0) -> None:
        await self.until(lambda: self.journal.pending("centre") == 0, seconds)

    async def past(self, cursor: int) -> None:
        """Wait until more than so many are settled."""
        await self.until(lambda: self.journal.position("centre").cursor > cursor)

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what it waits for raises no event
                await asyncio.sleep(0.005)


Start = Callable[..., Broker]


@pytest.fixture
def mosquitto(needs: Callable[[str, str], Path], tmp_path: Path) -> Iterator[Start]:
    """Makes a broker with the given lines of configuration; its start is the test's."""
    program = needs("mosquitto", "mosquitto")
    made: list[Broker] = []

    def make(*lines: str, tls: str = "") -> Broker:
        folder = tmp_path / f"broker{len(made)}"
        folder.mkdir()
        made.append(Broker(program, folder, lines, tls))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture
async def broker(mosquitto: Start) -> Broker:
    made = mosquitto(*UNLIMITED)
    await made.start()
    return made


@pytest.fixture
def centre(broker: Broker) -> Iterator[Subscriber]:
    """Subscribed to all topics of `broker`."""
    subscriber = Subscriber(broker.port)
    subscriber.start()
    yield subscriber
    subscriber.stop()


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    """A broker that misbehaves on order."""
    playing = StandIn()
    async with await asyncio.start_server(playing.serve, "127.0.0.1", 0) as server:
        playing.port = server.sockets[0].getsockname()[1]
        yield playing


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield Office(journal)
    await journal.close()
