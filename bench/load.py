"""What one box costs the centre: events of a call, bytes of an event, with TLS as in the field.

    a simulated day ─▶ decoder ─▶ events a call         for the models that tell least and most
    one call ─▶ link, mqtt ─▶ bytes both ways           as the kernel counts them, headers included

`link` closes a connection that was idle for half a minute, so an event of a quiet branch costs a
connection; `mqtt` keeps one and pays for it with pings. Needs mosquitto and openssl.
"""

import asyncio
import os
import random
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bench.drain import sample_call
from bench.table import Table
from drivers.contract import Moment, Surroundings
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.printout import Exchange, exchange_of
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls
from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.destination import Batch, Destination
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.destinations.mqtt import dial
from edge.delivery.destinations.mqtt.destination import MqttDestination
from edge.delivery.destinations.mqtt.settings import MqttSettings
from edge.journal.journal import Journal

_CALLS = 3000
_ZONE = ZoneInfo("Asia/Tehran")
_START = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
_PING_SECONDS = 5
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
_EXCHANGES = {
    "KX-TES824": exchange_of("KX-TES824", _ZONE),
    "KX-TDE200 with RC and AN": replace(
        exchange_of("KX-TDE200", _ZONE), layout="tda-c", received=True, answered=True
    ),
}


@dataclass(frozen=True, slots=True)
class _Cost:
    """Bytes both ways: the first event with its connection, the next, one of 500, one ping."""

    first: int
    next: int
    of_many: float
    ping: int


def measure() -> Table:
    """Connect to a server of each kind on this machine."""
    with TemporaryDirectory() as folder:
        _certificate(Path(folder))
        link, mqtt = asyncio.run(_costs(Path(folder)))
    rows = [
        (name, *(f"{value:,.0f}" for value in (cost.first, cost.next, cost.of_many, cost.ping)))
        for name, cost in (("link", link), ("mqtt", mqtt))
    ]
    calls = ", ".join(f"{name} {_events_a_call(each):.2f}" for name, each in _EXCHANGES.items())
    return Table(
        title="What one box costs the centre, bytes both ways with TLS 1.3",
        columns=("kind", "first event", "next event", "event of 500", "ping"),
        rows=tuple(rows),
        notes=(
            f"Events a call: {calls}; {_CALLS:,} calls, live.",
            f"An event's data has about {len(sample_call(1).data):,} bytes.",
            "The server's chain is one small certificate; a public one has 2 to 4 kB more.",
        ),
    )


def _events_a_call(exchange: Exchange) -> float:
    office = Office()
    records = print_calls(plan_day(random.Random(1), office, _CALLS, _START), exchange)
    hidden = (*office.groups, office.disa)
    settings = PanasonicSettings(model=exchange.model, hidden_extensions=hidden)
    decoder = SmdrDecoder(settings, Surroundings(_ZONE, "b00t"), b"")
    facts = 0
    for record in records:
        passed = (record.at - _START).total_seconds()
        facts += len(decoder.tick(Moment(record.at, passed, trusted=True, live=True)))
        facts += len(decoder.feed(record.text))
    return facts / _CALLS


async def _costs(folder: Path) -> tuple[_Cost, _Cost]:
    journal = await Journal.open(folder / "journal.sqlite")
    try:
        await journal.append([sample_call(n) for n in range(1, MAX_EVENTS + 4)])
        async with _link_server(folder) as port:
            settings = LinkSettings(url=f"https://localhost:{port}", token="made-up-token" * 3)
            link = await _cost(LinkDestination(settings), journal, idle=0)
        dial.KEEP_ALIVE_SECONDS = _PING_SECONDS
        async with _broker(folder) as port:
            broker = MqttSettings(
                url=f"mqtts://localhost:{port}",
                username="box",
                password="made-up-word",  # noqa: S106 - made up
                await_subscriber=False,
            )
            mqtt = await _cost(MqttDestination(broker, journal.box), journal, idle=2)
    finally:
        await journal.close()
    return link, mqtt


async def _cost(destination: Destination, journal: Journal, *, idle: int) -> _Cost:
    """idle: for how many pings it is left alone."""
    await destination.start()
    sent: list[int] = []
    for after, count in ((0, 1), (1, 1), (2, MAX_EVENTS), (MAX_EVENTS + 2, 1)):
        if after > MAX_EVENTS:
            await asyncio.sleep(idle * _PING_SECONDS + _PING_SECONDS / 2)
        batch = Batch(journal.id, journal.box, after, await journal.read(after, count))
        before = destination.wire_bytes
        delivered = await destination.deliver(batch, destination.pack(batch))
        if delivered.through != batch.last:
            raise RuntimeError(f"a server of the bench did not take all: {delivered}")
        sent.append(destination.wire_bytes - before)
    await destination.close()
    first, following, many, last = sent
    ping = (last - following) // idle if idle else 0
    return _Cost(first, following, many / MAX_EVENTS, ping)


@asynccontextmanager
async def _link_server(folder: Path) -> AsyncIterator[int]:
    """Says yes to whatever comes."""
    from aiohttp import web

    async def post(request: web.Request) -> web.Response:
        await request.read()
        last = request.headers["Payvand-Range"].rpartition("-")[2]
        return web.json_response({"through": int(last), "rejected": []})

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/events", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@asynccontextmanager
async def _broker(folder: Path) -> AsyncIterator[int]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    (folder / "mosquitto.conf").write_text(
        f"user root\nallow_anonymous true\nlistener {port} 127.0.0.1\n"
        f"certfile {folder}/server.crt\nkeyfile {folder}/server.key\n"
    )
    words = [_program("mosquitto"), "-c", str(folder / "mosquitto.conf")]
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.DEVNULL)
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(_listens, port):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
    yield port
    process.terminate()
    await process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _certificate(folder: Path) -> None:
    """Of an authority that this process takes for one of the system's."""
    own = ("-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Bench")
    signed = (
        *("-keyout", "server.key", "-out", "server.crt", "-subj", "/CN=localhost"),
        *("-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:localhost"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
    )
    for words in (own, signed):
        asked = [_program("openssl"), "req", "-x509", *_KEY, *words]
        subprocess.run(asked, cwd=folder, check=True, capture_output=True)  # noqa: S603 - our words
    os.environ["SSL_CERT_FILE"] = str(folder / "ca.crt")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"this bench needs {name}: apt-get install {name}")
    return found
