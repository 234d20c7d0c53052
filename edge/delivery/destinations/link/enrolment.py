"""How a box becomes known to a CRM, and how both stay sure of each other.

    POST /v1/enrol  public key, claim code, endorsements ──▶  pending │ accepted │ refused │ revoked
                                                                        └─ with the command key
    any request     signed by the box's key              ──▶  401 not-enrolled   enrol, ask again
                                                              401 clock-skew     see below

The key by which the CRM signs is kept from the first answer that accepts the box; an answer with
another one later is not believed. It vouches for commands, and for the time: who could move the
box's clock could make old certificates good again, so the time that a 401 brings counts only when
it is signed by that key for this very request. A CRM answers 200 only where the request's time was
nearly right, so of the Date of a 200 no more is believed than that; and on a box that does not know
the time, no event leaves before one of both has come.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import msgspec
from msgspec import Struct

from edge.delivery.destination import Branch, NotAllowed
from edge.delivery.destinations.link.decision import UNREADABLE, CommandKey, command_key, problem
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.http_answer import Answer
from edge.delivery.http_client import HttpClient
from edge.delivery.identity import Endorsement, Identity, IdentityFile, IdentityLost
from edge.delivery.signatures import Signer, is_signed_by
from edge.intake.peer_time import PeerTime
from edge.version import VERSION

MOST_SKEW = timedelta(seconds=300)
"""How far off the time of a request may be that a CRM takes."""
_COMMAND_KEY = "command-key"
_MODEL = Path("/proc/device-tree/model")
_JSON = {"Content-Type": "application/json"}


class Application(Struct, frozen=True):
    """What a box tells of itself to be let in. line: see Identity."""

    box: str
    number: int
    public_key: bytes
    claim: str
    model: str
    version: str
    line: tuple[Endorsement, ...]


class SignedTime(Struct, frozen=True):
    """time: the CRM's. nonce: of the request whose time was wrong."""

    time: datetime
    nonce: str


class Enrolment:
    """One box at one CRM, over one connection. `start` comes before anything else."""

    def __init__(self, settings: LinkSettings, branch: Branch, file: IdentityFile) -> None:
        self._settings = settings
        self._branch = branch
        self._file = file
        self._identity: Identity
        self._signer: Signer | None = None
        self._pinned: CommandKey | None = None
        self._offset: float | None = None
        self._sure = False

    async def start(self) -> None:
        """Take the key, once. Raises NotAllowed where there can be none."""
        if self._signer is not None:
            return
        try:
            self._identity = await self._file.identity()
        except IdentityLost as error:
            raise NotAllowed("no key", str(error)) from error
        await self.command_key()
        self._signer = Signer(self._identity, self._branch.box)

    async def command_key(self) -> CommandKey | None:
        """The key that the CRM showed when it first accepted this box, None before that."""
        if self._pinned is None:
            kept = (await self._branch.notebook.read()).get(_COMMAND_KEY)
            self._pinned = None if kept is None else msgspec.json.decode(kept, type=CommandKey)
        return self._pinned

    def sign(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """The headers that prove who asks."""
        return self._started.headers(method, url, body, self._now())

    @property
    def is_due(self) -> bool:
        """Whether a claim code waits to be used."""
        return bool(self._settings.claim) and self._pinned is None

    async def enrol(self, http: HttpClient) -> None:
        """Return when the CRM accepts this box. Raises DeliveryError."""
        application = Application(
            self._branch.box,
            self._identity.number,
            self._identity.public_key,
            self._settings.code,
            await asyncio.to_thread(_model),
            VERSION,
            self._identity.line,
        )
        body = msgspec.json.encode(application)
        answer = await http.request("POST", self._settings.enrol_url, body, _JSON)
        await self._pin(command_key(answer, self._identity.device))

    def believed_time(self, answer: Answer, sent: float) -> PeerTime | None:
        """The time that came with an answer to the request signed last, if the CRM vouches for it.

        sent: monotonic. From then on requests are signed with it, whatever the box's clock shows.
        """
        signed, known = problem(answer).time, self._pinned
        if signed is None or known is None or not is_signed_by(known.public_key, signed):
            return None
        try:
            told = msgspec.json.decode(signed.payload, type=SignedTime)
        except UNREADABLE:
            return None
        if told.nonce != self._started.nonce or told.time.tzinfo is None:
            return None
        received = monotonic()
        self._offset = told.time.timestamp() - received
        self._sure = True
        return PeerTime(told.time.astimezone(UTC), sent, received)

    @property
    def must_ask_time(self) -> bool:
        """Whether nobody knows the time, and the CRM that could vouch for it did not yet."""
        return self._pinned is not None and self._branch.now() is None and not self._sure

    def vetted(self, heard: PeerTime | None) -> PeerTime | None:
        """What to believe of the Date of a 200 to the request signed last."""
        if self._pinned is None or heard is None:
            return heard
        if abs(heard.said - self._started.created) > MOST_SKEW:
            return None
        self._sure = True
        return heard

    @property
    def _started(self) -> Signer:
        if self._signer is None:
            raise RuntimeError("start() comes before the first request")
        return self._signer

    def _now(self) -> datetime:
        if self._offset is not None:
            return datetime.fromtimestamp(monotonic() + self._offset, UTC)
        return self._branch.now() or datetime.now(UTC)

    async def _pin(self, shown: CommandKey) -> None:
        if self._pinned is None:
            await self._branch.notebook.write((_COMMAND_KEY, msgspec.json.encode(shown)))
            self._pinned = shown
        if shown.public_key != self._pinned.public_key:
            raise NotAllowed(
                "another CRM",
                "The CRM signs with another key than when it accepted this box: if the CRM was set"
                " up anew, give the destination another name; if not, tell who runs the CRM.",
            )


def _model() -> str:
    """What the board calls itself, empty on one without a device tree."""
    try:
        return _MODEL.read_text(encoding="utf-8", errors="replace").rstrip("\0\n")
    except OSError:
        return ""
