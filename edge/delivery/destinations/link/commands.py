"""The CRM's orders: `GET {url}/v1/commands?after=N&wait=50`, a long poll.

    GET /v1/commands?after=41&wait=50           200 application/json
    Payvand-Box: 5e1f00c0ffee                   Payvand-Time: the time, signed for the nonce
    Payvand-Nonce: 9f3b…                ──▶
    Signature: …                        ◀──     [{"seq": 42, "payload": …, "keyid", "signature"}]

Its own connection: a question that waits must hold up no event. It ends well before the CRM's own
time limit, or a proxy's, would; the next one acknowledges what this one brought.

Orders are believed by the key that the CRM showed when it accepted this box; the connection of the
events sees to that (enrolment.py), and until then nothing is asked here. A CRM that knows the box
by a token has shown none: then it is the keys in the settings.
"""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from importlib import import_module
from time import monotonic

import msgspec
from msgspec import Raw

from edge.commands.source import Asked, CommandKeys
from edge.delivery.destination import Branch, DeliveryError, TryLater
from edge.delivery.destinations.link.decision import known_refusal, problem
from edge.delivery.destinations.link.enrolment import Enrolment
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.http_answer import Answer, refusal
from edge.delivery.http_client import HttpClient

WAIT_SECONDS = 50
PATIENCE = WAIT_SECONDS + 15.0
LOOK_SECONDS = 1.0

_HEAVY = "cryptography.hazmat.primitives.asymmetric.ed25519"  # what signatures are checked with


class LinkCommands:
    """Asks one CRM. Settings must be free of problems."""

    def __init__(
        self,
        settings: LinkSettings,
        branch: Branch,
        *,
        wait: int = WAIT_SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        self._settings = settings
        self._keys: CommandKeys = settings
        self._enrolment = Enrolment(settings, branch, branch.identity) if branch.identity else None
        self._wait = wait
        headers = {"Payvand-Box": branch.box}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        sign = self._enrolment.sign if self._enrolment else None
        self._http = HttpClient(
            headers, patience, connection=branch.connection, now=branch.now, sign=sign
        )

    @property
    def keys(self) -> CommandKeys:
        """See CommandSource."""
        return self._keys

    async def start(self) -> None:
        """See CommandSource."""
        await asyncio.to_thread(import_module, _HEAVY)
        await self._http.start()

    async def ask(self, after: int, nonce: str) -> Asked:
        """See CommandSource."""
        await self._choose_keys()
        url = f"{self._settings.commands_url}?after={after}&wait={self._wait}"
        sent = monotonic()
        answer = await self._http.request("GET", url, None, {"Payvand-Nonce": nonce})
        if self._enrolment and self._enrolment.believed_time(answer, sent) is not None:
            sent = monotonic()
            answer = await self._http.request("GET", url, None, {"Payvand-Nonce": nonce})
        received = monotonic()
        if answer.status != HTTPStatus.OK:
            raise known_refusal(answer) or _refusal(answer)
        try:
            if answer.content_type == "application/json":
                items = msgspec.json.decode(answer.body, type=list[Raw])
                return Asked(items, answer.signed_time, sent, received)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        raise TryLater(
            "HTTP 200 without a list of commands",
            "Something else than the CRM answers at its address, or the CRM's maker has to mend its"
            " answer to GET /v1/commands.",
        )

    async def close(self) -> None:
        """See CommandSource."""
        await self._http.close()

    async def _choose_keys(self) -> None:
        """Return when it is known whom to believe. Raises NotAllowed where the box has no key."""
        if self._enrolment is None:
            return
        await self._enrolment.start()
        while (shown := await self._enrolment.command_key()) is None:
            if self._settings.command_keys:
                return
            await asyncio.sleep(LOOK_SECONDS)
        self._keys = shown


def _refusal(answer: Answer) -> DeliveryError:
    if problem(answer).code == "not-enrolled":
        return TryLater(
            "not-enrolled",
            "The CRM does not take this box's key: what to do is told with the events, as soon as"
            " one is sent.",
        )
    return refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))
