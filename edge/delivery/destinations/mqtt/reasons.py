"""What a broker's reason code asks for: MQTT 5.0, section 2.4 and the tables of each packet.

    CONNACK     whether it lets us in          PUBACK      whether it took one event
    DISCONNECT  why it throws us out

Below 0x80 all is well, but for one: 0x10 says that nobody was there to take the event.
"""

from collections.abc import Callable, Mapping

from edge.delivery.destination import BadBatch, DeliveryError, NotAllowed, TooBig, TryLater
from edge.delivery.http_answer import words

NO_SUBSCRIBER = 0x10
_REFUSED = 0x80

_BUSY = "The broker asked to slow down; the events wait and are sent again."
_DOWN = "The broker is going down or busy with itself; if it stays so, tell who runs it."
_FAULT = "The broker has a fault of its own; if it stays so, tell who runs it."
_NOBODY = (
    "Nobody is subscribed to the topics of this box, so the broker would drop its events: start the"
    " program that takes them in, with a session that the broker keeps. If the broker itself stores"
    " them, by a rule, set await_subscriber = false."
)
_PASSWORD = "The broker does not take user name and password: correct them in the settings."
_RIGHTS = (
    "The broker does not let this box publish: allow it to write to its topics there, or correct"
    " user name and password in the settings."
)
_CLIENT_ID = "The broker refuses the client id: write one that it takes into client_id."
_TWICE = (
    "Another client logs in to the broker with the same client id: give each box, and each"
    " destination of a box, its own client_id."
)
_MOVED = "The broker sends boxes to another server: write its address into the settings."
_VERSION = "The broker does not speak MQTT 5 as this box needs it: take one that does."
_OUT = "Who runs the broker has shut this box out: ask there."

_Error = Callable[[str], DeliveryError]


def _later(advice: str) -> _Error:
    return lambda answer: TryLater(answer, advice)


def _act(advice: str) -> _Error:
    return lambda answer: NotAllowed(answer, advice)


_CODES: Mapping[int, tuple[str, _Error]] = {
    NO_SUBSCRIBER: ("no subscriber", _later(_NOBODY)),
    0x80: ("unspecified error", _later(_FAULT)),
    0x81: ("malformed packet", _later(_FAULT)),
    0x82: ("protocol error", _later(_FAULT)),
    0x83: ("not accepted", lambda answer: BadBatch(answer, answer)),
    0x84: ("protocol version", _act(_VERSION)),
    0x85: ("client id not valid", _act(_CLIENT_ID)),
    0x86: ("bad user name or password", _act(_PASSWORD)),
    0x87: ("not authorized", _act(_RIGHTS)),
    0x88: ("server unavailable", _later(_DOWN)),
    0x89: ("server busy", _later(_BUSY)),
    0x8A: ("banned", _act(_OUT)),
    0x8B: ("server shutting down", _later(_DOWN)),
    0x8C: ("authentication method", _act(_VERSION)),
    0x8D: ("keep alive timeout", _later(_DOWN)),
    0x8E: ("session taken over", _act(_TWICE)),
    0x90: ("topic name invalid", lambda answer: BadBatch(answer, answer)),
    0x91: ("packet id in use", _later(_FAULT)),
    0x93: ("receive maximum exceeded", _later(_BUSY)),
    0x95: ("packet too large", lambda answer: TooBig(answer, answer)),
    0x96: ("message rate too high", _later(_BUSY)),
    0x97: ("quota exceeded", _later(_BUSY)),
    0x98: ("administrative action", _act(_OUT)),
    0x99: ("payload format invalid", lambda answer: BadBatch(answer, answer)),
    0x9B: ("QoS not supported", _act(_VERSION)),
    0x9C: ("use another server", _act(_MOVED)),
    0x9D: ("server moved", _act(_MOVED)),
    0x9F: ("connection rate exceeded", _later(_BUSY)),
    0xA0: ("maximum connect time", _later(_DOWN)),
}


def welcome(code: int) -> DeliveryError | None:
    """What a CONNACK asks for; None when it lets us in. No event is to blame for one."""
    if code < _REFUSED:
        return None
    return _blameless(_error("CONNACK", code))


def acknowledged(code: int, said: str = "", *, unheard: bool) -> DeliveryError | None:
    """What a PUBACK asks for; None when the event is stored there.

    said: the broker's own words, kept with an event that is parked. unheard: whether an event that
    nobody is subscribed to counts as stored.
    """
    if code < _REFUSED and (code != NO_SUBSCRIBER or unheard):
        return None
    error = _error("PUBACK", code)
    if isinstance(error, BadBatch) and (text := words(said)):
        error.reason = f"{error.answer}: {text}"
    return error


def disconnected(code: int) -> DeliveryError:
    """What a DISCONNECT of the broker asks for."""
    return _error("DISCONNECT", code)


def _error(packet: str, code: int) -> DeliveryError:
    name, make = _CODES.get(code, ("reason not known", _later(_FAULT)))
    return make(f"{packet} 0x{code:02x} {name}")


def _blameless(error: DeliveryError) -> DeliveryError:
    return TryLater(error.answer, _FAULT) if isinstance(error, BadBatch) else error
