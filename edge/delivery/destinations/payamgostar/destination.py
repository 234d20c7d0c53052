"""PayamGostar: each event as the requests that bring a call there up to date.

    rings       POST call (type 1, live) · POST channel of the extension
    answered    PUT channel (up) … · PUT call (type 2)
    over        PUT channel (hung up, response) … · PUT call (end)

A call whose first event is its last, which is how most exchanges tell it, gets all of them at once,
not live. edge/delivery/call_store/ decides what is to be told, form.py how.

What may be double there. PayamGostar gives a call its number (CallId) in the answer, has no rule
against a second one of the same SourceId that anybody knows of, and lists only calls that go on
(`call/active`). So when the answer to POST call was lost, by the line or by a power cut, the box
looks for the call there by number and start, and goes on with what it finds: a live call is not
doubled. One that was sent after its end is on no list, and is sent once more; so is one that
PayamGostar takes only after the box has stopped waiting for it. The channels of a call cannot be
asked for at all: one whose answer was lost is there twice, and the first channel of a call that was
found again is not changed any more. Nothing else is ever doubled.

Of a refusal nobody knows the wording. So the box looks itself what is missing: the telephony
system, a line, an extension. A fault (500) that comes again and again for one event while the rest
works is taken for a refusal of that event.
"""

from datetime import timedelta, tzinfo

from edge.delivery.call_store.answers import OK, read
from edge.delivery.call_store.teller import NOTHING, Named, Teller, Unclear
from edge.delivery.call_store.told import CreateCall, CreateChannel, Step, Told
from edge.delivery.destination import (
    BadBatch,
    Batch,
    Branch,
    Delivered,
    DeliveryError,
    DestinationSpec,
    NotAllowed,
)
from edge.delivery.destinations.payamgostar.api import Api, refused
from edge.delivery.destinations.payamgostar.form import Form, Request
from edge.delivery.destinations.payamgostar.login import Login, Slowness
from edge.delivery.destinations.payamgostar.settings import PayamGostarSettings
from edge.delivery.destinations.payamgostar.words import ActiveCall, CallNamed, ChannelNamed
from edge.delivery.http_answer import Answer, words
from edge.delivery.http_client import PATIENCE, HttpClient
from edge.intake.peer_time import PeerTime
from edge.journal.records import Stored

_OTHER_ANSWER_TRIES = 3
_FAULT_TRIES = 10
_TWIN_TRIES = 2
_GONE = frozenset({404, 405, 410})
_LOOK_INTO = frozenset({400, 404, 405, 409, 410, 413, 415, 422, 500})
_SAME_START = timedelta(seconds=2)
_TAIL = 8
"""So many last digits are the same in each form of a number."""


class PayamGostar:
    """One PayamGostar. Settings must be free of problems. slowness: after a refused login."""

    def __init__(
        self,
        settings: PayamGostarSettings,
        branch: Branch,
        *,
        patience: float = PATIENCE,
        slowness: Slowness = Slowness(),  # noqa: B008 - it is frozen
    ) -> None:
        self._http = HttpClient({}, patience, connection=branch.connection, now=branch.now)
        login = Login(self._http, settings, branch.box, slowness)
        self._api = Api(self._http, settings.url, login)
        self._teller = Teller(
            branch, PayamGostarCalls(self._api, settings, branch.zone), lambda: self._api.heard
        )

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._http.wire_bytes

    async def start(self) -> None:
        """See Destination."""
        await self._http.start()
        await self._teller.start()

    def pack(self, batch: Batch) -> bytes:
        """See Destination."""
        return self._teller.pack(batch)

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """See Destination."""
        return await self._teller.deliver(batch, body)

    async def ask_time(self, _: str) -> PeerTime | None:
        """See TellsTime."""
        answer = await self._api.ask("GET", "/api/v1/telephony")
        return answer.heard if answer.status in OK else None

    async def close(self) -> None:
        """See Destination."""
        await self._http.close()


class PayamGostarCalls:
    """See Store."""

    def __init__(self, api: Api, settings: PayamGostarSettings, zone: tzinfo) -> None:
        self._api = api
        self._settings = settings
        self._zone = zone

    async def tell(self, event: Stored, call_id: str, step: Step, *, live: bool) -> Named:
        """See Store."""
        system = self._settings.system(event.device)
        await self._api.system(system)
        asked = Form(system, call_id, self._zone).request(step, live=live)
        answer = await self._api.ask(asked.method, asked.path, asked.body)
        if answer.status not in OK:
            raise await self._why(answer, asked, system)
        return _named(step, answer)

    async def find(self, event: Stored, told: Told, others: frozenset[object]) -> Named:
        """See Store. The number of the first channel is not to be had this way."""
        system = await self._api.system(self._settings.system(event.device))
        if system is None:
            return NOTHING
        found = [
            call.callid
            for call in await self._api.active(system)
            if call.callid not in others and self._is(call, told)
        ]
        return (min(found), None) if found else NOTHING

    def _is(self, call: ActiveCall, told: Told) -> bool:
        if told.summary is None or told.started_at is None or call.calldate is None:
            return False
        begun = call.calldate
        if begun.tzinfo is None:
            begun = begun.replace(tzinfo=self._zone)
        ours, theirs = _digits(told.summary.number), _digits(call.phonenumber or "")
        same = ours[-_TAIL:] == theirs[-_TAIL:]
        return same and abs(begun - told.started_at) <= _SAME_START

    async def _why(self, answer: Answer, asked: Request, key: str) -> DeliveryError:
        """What to do about an answer that is not good."""
        if answer.status not in _LOOK_INTO:
            return refused(answer)
        system = await self._api.system(key, known=False)
        if system is None or not system.updatepeersifnotexists:
            for peer in asked.peers:
                if not await self._api.has_peer(key, peer.name):
                    return _unknown_peer(f"{peer.kind} {peer.name}", key)
        name = f"HTTP {answer.status}"
        said = f"{asked.method} {asked.path}: {name} {words(answer.body.decode(errors='replace'))}"
        if answer.status == 500:
            return Unclear(name, _FAULT, said, _FAULT_TRIES)
        if answer.status == 409:
            return Unclear(name, _TWIN, said, _TWIN_TRIES)
        if answer.status in _GONE:  # the address is right, as the list of systems has shown
            return BadBatch(name, f"PayamGostar has no such call any more; {said}")
        return refused(answer)


_FAULT = (
    "PayamGostar has a fault of its own with this event; it is tried again, then set aside. If it"
    " stays so, tell who runs PayamGostar."
)
_TWIN = "PayamGostar says that it has this call already; the box looks for it there."
_OTHER = (
    "PayamGostar took a call without telling its number in a form that is known here; tell who runs"
    " PayamGostar."
)


def _unknown_peer(what: str, key: str) -> NotAllowed:
    return NotAllowed(
        f"no {what}",
        f"PayamGostar has no {what} in its telephony system {key}: enter it there, or tick"
        ' "register new lines and extensions" in that system.',
    )


def _named(step: Step, answer: Answer) -> Named:
    if isinstance(step, CreateCall):
        call = read(answer, CallNamed)
        if call is not None:
            return call.callid, call.initchannelid
    elif isinstance(step, CreateChannel):
        channel = read(answer, ChannelNamed)
        if channel is not None:
            return None, channel.callchannelid
    else:
        return NOTHING
    name = f"HTTP {answer.status} with JSON of another kind"
    raise Unclear(name, _OTHER, name, _OTHER_ANSWER_TRIES)


def _digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


SPEC = DestinationSpec(
    name="payamgostar",
    titles={"en": "PayamGostar", "fa": "پیام‌گستر"},
    settings=PayamGostarSettings,
    destination=PayamGostar,
    most_events=1,
    repeats_harm=(
        "it knows calls by no id of ours: a call of the last two days would not change, and an"
        " older one would stand there a second time"
    ),
)
