"""Bitrix24: each call as two requests, at its begin and at its end.

    rings, answered   telephony.externalCall.register  ─▶ CALL_ID, noted on disk
    over              telephony.externalCall.finish      with that CALL_ID

A call whose first event is its last gets both at once and is not shown to anybody. So does one that
shows its number late, because Bitrix24 is told the number once. Internal calls are not registered;
other events than calls are settled without a request. Recordings will go out by
telephony.externalCall.attachRecord, behind `finish`, to the CALL_ID of the same line.

What a repeat does there. The same `register` within 30 minutes returns the same CALL_ID. A second
`finish` is refused in words that nobody can rely on; then the statistics tell whether the call is
in them (voximplant.statistic.get): if so all is done, if not the registration was forgotten there
and the call is registered anew. So whatever is lost on the way, a call stands there once.

What the interface makes unavoidable:
- The answer to `register` lost, and the box away for more than 30 minutes: a second registration.
  The first is never finished and stands in no statistics; with `crm_create` its lead is found again
  by its number.
- A finished call cannot be changed: corrections (call.updated) do not reach Bitrix24.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar

import msgspec

from edge.delivery.destination import (
    BadBatch,
    Batch,
    Branch,
    Delivered,
    DestinationSpec,
    NotAllowed,
)
from edge.delivery.destinations.bitrix24.answer import Registered, is_about_user, read
from edge.delivery.destinations.bitrix24.form import (
    FINISH,
    REGISTER,
    STATISTIC,
    Filter,
    Statistic,
    User,
    finish,
    is_over,
    may_begin,
    register,
)
from edge.delivery.destinations.bitrix24.pace import Bucket
from edge.delivery.destinations.bitrix24.registered import RegisteredCalls
from edge.delivery.destinations.bitrix24.settings import Bitrix24Settings
from edge.delivery.http_client import PATIENCE, HttpClient
from edge.intake.peer_time import PeerTime
from edge.intake.seal import CallData
from edge.journal.records import Stored

T = TypeVar("T")

LIVE_SECONDS = 60.0
"""A call that began to ring longer ago pops up on nobody's screen."""
STRANGER_SECONDS = 3600.0
"""An extension that no user there has is not asked for again so long."""
_NO_DEFAULT_USER = (
    "Bitrix24 has no active user with the number (ID) in `default_user`: write the number of one"
    " that is active into the settings."
)
_encode = msgspec.json.Encoder().encode
_CALL = msgspec.json.Decoder(CallData)


class Bitrix24Destination:
    """Tells one portal. Settings must be free of problems."""

    def __init__(
        self,
        settings: Bitrix24Settings,
        branch: Branch,
        *,
        patience: float = PATIENCE,
        bucket: Bucket | None = None,
    ) -> None:
        self._settings = settings
        self._branch = branch
        self._bucket = bucket or Bucket()
        self._calls = RegisteredCalls(branch.notebook, branch.settled)
        self._http = HttpClient(
            {"Content-Type": "application/json"},
            patience,
            connection=branch.connection,
            now=branch.now,
        )
        self._heard: PeerTime | None = None
        self._strangers: dict[str, float] = {}

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._http.wire_bytes

    async def start(self) -> None:
        """See Destination."""
        await self._calls.load()
        await self._http.start()

    def pack(self, batch: Batch) -> bytes:
        """Nothing to send as it is, but never empty: the requests depend on what was told."""
        return batch.events[0].data

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """Bring the call up to date there. Raises DeliveryError, JournalFailed."""
        self._heard = None
        event = batch.events[0]
        if event.type.startswith("call."):
            try:
                call = _CALL.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BadBatch("not sent", "the event's data cannot be read") from error
            if call.direction != "internal" and not call.test:
                await self._tell(batch, event, call)
        await self._calls.tidy(batch)
        return Delivered(batch.last, (), "HTTP 200" if self._heard else "not sent", self._heard)

    async def ask_time(self, journal: str) -> PeerTime | None:  # noqa: ARG002 - see TellsTime
        """See TellsTime. The portal dates any answer."""
        return (await self._http.request("HEAD", self._settings.url)).heard

    async def close(self) -> None:
        """See Destination."""
        await self._http.close()

    async def _tell(self, batch: Batch, event: Stored, call: CallData) -> None:
        line = self._calls.of(call.call_id)
        if line is not None and (line.finished or not is_over(event, call)):
            return
        if line is not None and await self._end(batch, call, line.named) is None:
            return
        if not may_begin(event, call):
            return
        named = await self._begin(batch, event, call)
        if is_over(event, call) and (refused := await self._end(batch, call, named)):
            raise refused

    async def _begin(self, batch: Batch, event: Stored, call: CallData) -> str:
        """Register, and note what Bitrix24 calls the call."""
        named = await self._register(batch, event, call)
        await self._calls.keep(call.call_id, named, batch, finished=False)
        return named

    async def _register(self, batch: Batch, event: Stored, call: CallData) -> str:
        async def as_user(user: User) -> Registered:
            body = register(
                event,
                call,
                user,
                box=batch.box,
                zone=self._branch.zone,
                live=self._branch.age(event) <= LIVE_SECONDS,
                create=self._settings.crm_create,
            )
            return await self._ask(REGISTER, body, Registered)

        try:
            return (await self._as_somebody(call, as_user)).call_id
        except BadBatch as refused:
            if is_about_user(refused):
                raise NotAllowed(refused.answer, _NO_DEFAULT_USER) from refused
            raise

    async def _end(self, batch: Batch, call: CallData, named: str) -> BadBatch | None:
        """Finish, and note it; or the refusal, where the call is surely not there.

        Raises it where nobody knows: then it is parked, since a second try might double the call.
        """

        async def as_user(user: User) -> msgspec.Raw:
            return await self._ask(FINISH, finish(call, named, user), msgspec.Raw)

        try:
            await self._as_somebody(call, as_user)
        except BadBatch as refused:
            if not await self._is_finished(named, refused):
                return refused
        await self._calls.keep(call.call_id, named, batch, finished=True)
        return None

    async def _as_somebody(self, call: CallData, ask: Callable[[User], Awaitable[T]]) -> T:
        """Ask for the call's extension, and where that is refused for the default user."""
        somebody = User(id=self._settings.default_user)
        extension = None if call.extension in call.hidden_extensions else call.extension
        refused_at = self._strangers.get(extension or "", -STRANGER_SECONDS)
        if extension is None or monotonic() - refused_at < STRANGER_SECONDS:
            return await ask(somebody)
        try:
            return await ask(User(extension=extension))
        except BadBatch:
            taken = await ask(somebody)
            self._strangers[extension] = monotonic()
            return taken

    async def _is_finished(self, named: str, refused: BadBatch) -> bool:
        """Whether it stands in the statistics. Raises `refused` where these may not be read."""
        try:
            found = await self._ask(STATISTIC, Statistic(Filter(named)), list[msgspec.Raw])
        except (BadBatch, NotAllowed) as unread:
            raise refused from unread
        return bool(found)

    async def _ask(self, method: str, body: msgspec.Struct, kind: type[T]) -> T:
        await self._bucket.pour()
        answer = await self._http.request("POST", self._settings.method(method), _encode(body))
        now = answer.heard.said if answer.heard else datetime.now(UTC)
        result = read(answer, kind, now)
        self._heard = answer.heard
        return result


SPEC = DestinationSpec(
    name="bitrix24",
    titles={"en": "Bitrix24", "fa": "بیتریکس۲۴"},
    settings=Bitrix24Settings,
    destination=Bitrix24Destination,
    most_events=1,
    repeats_harm=(
        "it knows calls by no id of ours: a call of the last two days would not change, and an"
        " older one would stand there a second time"
    ),
)
