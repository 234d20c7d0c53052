"""Any CRM that serves the five POSTs of AbrPlus OpenCRM; the box uses four (form.py).

    rings       CallCreated (live) · CallChannelCreated of the extension
    answered    CallChannelUpdated (Up) … · CallUpdated (Answered)
    over        CallChannelUpdated (Hangedup, response) … · CallUpdated (end)

edge/delivery/call_store/ decides what is to be told.

What may be double there. The CRM names a call in its answer, and it cannot be asked for a call. So
when the answer to CallCreated or CallChannelCreated was lost, by the line or by a power cut, the
box sends the same again, with the same SourceCallId (SourceCallChannelId): a CRM that takes one of
these twice for the same call has no double. Nothing else is ever created twice.

Nor can it be asked whether it is well. So a fault of its own (500), or an id that it does not know
(404), counts against the event only after an hour of trying.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from msgspec import Struct

from edge.delivery.call_store.answers import OK, not_a_page, read
from edge.delivery.call_store.teller import NOTHING, Named, Teller, Unclear
from edge.delivery.call_store.told import CreateCall, CreateChannel, Step, Told
from edge.delivery.destination import (
    Batch,
    Branch,
    Delivered,
    DeliveryError,
    DestinationSpec,
    NotAllowed,
)
from edge.delivery.destinations.opencrm.form import Form, Request
from edge.delivery.destinations.opencrm.settings import OpenCrmSettings
from edge.delivery.http_answer import Answer, refusal, words
from edge.delivery.http_client import PATIENCE, HttpClient
from edge.intake.peer_time import PeerTime
from edge.journal.records import Stored

HOUR_TRIES = 30
"""So often the forwarder tries within an hour, with the waits between its tries."""
_OTHER_ANSWER_TRIES = 3
_GONE = frozenset({404, 405, 410})

_WHO = (
    "The CRM does not let this box in: write the user name and password that it wants into the"
    " settings."
)
_WHERE = (
    "No CRM takes calls at this address: check the address in the settings, and `prefix`: the path"
    " before CallCreated is /call with some, and empty with others."
)
_FAULT = (
    "The CRM does not manage this event; it is tried again for an hour, then set aside. If it stays"
    " so, tell who runs the CRM."
)
_OTHER = (
    "The CRM took a call without telling its id in a form that is known here; its maker must mend"
    " its answer."
)


class _CallNamed(Struct, frozen=True):
    callid: int | str
    initcallchannelid: int | str | None = None


class _ChannelNamed(Struct, frozen=True):
    callchannelid: int | str


class OpenCrm:
    """One such CRM. Settings must be free of problems."""

    def __init__(
        self, settings: OpenCrmSettings, branch: Branch, *, patience: float = PATIENCE
    ) -> None:
        self._http = HttpClient(
            _who(settings), patience, connection=branch.connection, now=branch.now
        )
        self._calls = OpenCrmCalls(self._http, settings, branch.zone)
        self._teller = Teller(branch, self._calls, lambda: self._calls.heard)

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

    async def close(self) -> None:
        """See Destination."""
        await self._http.close()


class OpenCrmCalls:
    """See Store. heard: the CRM's clock, as of its last good answer."""

    def __init__(self, http: HttpClient, settings: OpenCrmSettings, zone: tzinfo) -> None:
        self.heard: PeerTime | None = None
        self._http = http
        self._settings = settings
        self._zone = zone
        self._base = settings.url.rstrip("/") + settings.prefix

    async def tell(self, event: Stored, call_id: str, step: Step, *, live: bool) -> Named:
        """See Store."""
        system = self._settings.system(event.device)
        asked = Form(system, call_id, self._zone).request(step, live=live)
        url = f"{self._base}/{asked.name}"
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await self._http.request("POST", url, asked.body, headers)
        if answer.status not in OK:
            raise _why(answer, asked)
        not_a_page(answer)
        self.heard = answer.heard
        return _named(step, answer)

    async def find(self, event: Stored, told: Told, others: frozenset[object]) -> Named:  # noqa: ARG002 - the form of every store
        """See Store: this one cannot be asked."""
        return NOTHING


def _who(settings: OpenCrmSettings) -> Mapping[str, str]:
    if not settings.username:
        return {}
    pair = f"{settings.username}:{settings.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _why(answer: Answer, asked: Request) -> DeliveryError:
    """What to do about an answer that is not good."""
    name = f"HTTP {answer.status}"
    said = f"{asked.name}: {name} {words(answer.body.decode(errors='replace'))}"
    if answer.status in {401, 403}:
        return NotAllowed(name, _WHO)
    if answer.status in _GONE and asked.name == "CallCreated":
        return NotAllowed(name, _WHERE)
    if answer.status in _GONE or answer.status == 500:
        return Unclear(name, _FAULT, said, HOUR_TRIES)
    return refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))


def _named(step: Step, answer: Answer) -> Named:
    if isinstance(step, CreateCall):
        call = read(answer, _CallNamed)
        if call is not None and call.callid != "":
            return call.callid, call.initcallchannelid
    elif isinstance(step, CreateChannel):
        channel = read(answer, _ChannelNamed)
        if channel is not None and channel.callchannelid != "":
            return None, channel.callchannelid
    else:
        return NOTHING
    name = f"HTTP {answer.status} with JSON of another kind"
    raise Unclear(name, _OTHER, name, _OTHER_ANSWER_TRIES)


SPEC = DestinationSpec(
    name="opencrm",
    titles={"en": "OpenCRM (AbrPlus)", "fa": "OpenCRM (ابرپلاس)"},
    settings=OpenCrmSettings,
    destination=OpenCrm,
    most_events=1,
    repeats_harm=(
        "it knows calls by no id of ours: a call of the last two days would not change, and an"
        " older one would stand there a second time"
    ),
)
