"""From an address to a client whose CONNECT is on its way.

name ─▶ TCP ─▶ TLS ─▶ CONNECT      paho-mqtt does all of it blocking, so it has a thread of its own

The thread is nobody's to wait for: who stops meanwhile goes on at once, and what the thread then
connects is hung up.
"""

import asyncio
import socket
import ssl
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.delivery.destination import TryLater

if TYPE_CHECKING:
    from paho.mqtt.client import Client

CONNECT_SECONDS = 15.0
KEEP_ALIVE_SECONDS = 120
_REFUSED = 0x80
_SESSION_SECONDS = 7 * 24 * 3600
_UNREACHED = (
    "The broker cannot be reached: check the Internet connection of the box, then that the broker"
    " is running."
)
_CERTIFICATE = (
    "The broker's certificate is not valid here: check the box's clock, then the certificate of the"
    " broker, and `ca` in the settings if it is from an authority of your own."
)
_NO_TLS = (
    "No proper TLS is spoken at this address: check the address and its port in the settings, then"
    " the TLS settings of the broker."
)
_NO_NAME = (
    "The broker's name is not found: check the Internet connection of the box, then the address in"
    " the settings."
)


@dataclass(frozen=True, slots=True)
class Access:
    """Where the broker is and who we are there. tls: None for a connection in clear."""

    host: str
    port: int
    client_id: str
    username: str
    password: str
    tls: ssl.SSLContext | None


async def dial(access: Access) -> "Client":
    """A client with a connection, on which nothing was answered yet. Raises TryLater."""
    made: Future[Client] = Future()
    threading.Thread(target=_dial, args=(access, made), name="mqtt-dial", daemon=True).start()
    return await asyncio.wrap_future(made)


def hang_up(client: "Client") -> None:
    """Leave the broker, which keeps our session. What it does not take at once is not sent."""
    client.disconnect()
    client.loop_write()
    if (left := client.socket()) is not None:
        left.close()


def widen() -> None:
    """Let a PUBACK carry any reason code that there is; paho-mqtt drops the connection for others.

    mosquitto answers what is over its message_size_limit by 0x95, which the standard gives to
    other packets only.
    """
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.reasoncodes import ReasonCode

    ReasonCode.names = {
        code: {
            name: packets if PacketTypes.PUBACK in packets else [*packets, PacketTypes.PUBACK]
            for name, packets in names.items()
        }
        if code >= _REFUSED
        else names
        for code, names in ReasonCode.names.items()
    }


def _dial(access: Access, made: "Future[Client]") -> None:
    try:
        client = _connected(access)
    except (OSError, ValueError) as error:  # ValueError: a name that cannot even be asked for
        with suppress(InvalidStateError):
            made.set_exception(_failure(error))
        return
    try:
        made.set_result(client)
    except InvalidStateError:  # nobody waits any more
        hang_up(client)


def _connected(access: Access) -> "Client":
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    client = Client(
        CallbackAPIVersion.VERSION2,
        access.client_id,
        protocol=MQTTProtocolVersion.MQTTv5,
        reconnect_on_failure=False,
    )
    if access.username:
        client.username_pw_set(access.username, access.password or None)
    if access.tls is not None:
        client.tls_set_context(access.tls)
    client.connect_timeout = CONNECT_SECONDS
    client.max_inflight_messages_set(0)  # no limit of its own: flight.py keeps the broker's
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho-mqtt's
    session.SessionExpiryInterval = _SESSION_SECONDS
    client.connect(
        access.host, access.port, KEEP_ALIVE_SECONDS, clean_start=False, properties=session
    )
    return client


def _failure(error: Exception) -> TryLater:
    """What kept us away. The order matters: some of these are kinds of others."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TryLater("certificate not valid", _CERTIFICATE)
    if isinstance(error, ssl.SSLError):
        return TryLater("no proper TLS", _NO_TLS)
    if isinstance(error, (socket.gaierror, ValueError)):
        return TryLater("name not found", _NO_NAME)
    return TryLater("no connection", _UNREACHED)
