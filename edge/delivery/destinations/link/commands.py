"""The CRM's orders: `GET {url}/v1/commands?after=N&wait=50`, a long poll.

    GET /v1/commands?after=41&wait=50           200 application/json
    Payvand-Box: 5e1f00c0ffee                   Payvand-Time: the time, signed for the nonce
    Payvand-Nonce: 9f3b…                ──▶
                                        ◀──     [{"seq": 42, "payload": …, "keyid", "signature"}]

Its own connection: a question that waits must hold up no event. It ends well before the CRM's own
time limit, or a proxy's, would; the next one acknowledges what this one brought.
"""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from importlib import import_module
from time import monotonic

import msgspec
from msgspec import Raw

from edge.commands.source import Asked, CommandKeys
from edge.delivery.destination import Branch, TryLater
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.http_answer import refusal
from edge.delivery.http_client import HttpClient

WAIT_SECONDS = 50
PATIENCE = WAIT_SECONDS + 15.0

_HEAVY = "cryptography.hazmat.primitives.asymmetric.ed25519"  # what signatures are checked with


class LinkCommands:
    """Asks one CRM. Settings must be free of problems; they hold the keys."""

    def __init__(
        self,
        settings: LinkSettings,
        branch: Branch,
        *,
        wait: int = WAIT_SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        self._settings = settings
        self._wait = wait
        headers = {"Payvand-Box": branch.box}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._http = HttpClient(headers, patience, connection=branch.connection, now=branch.now)

    @property
    def keys(self) -> CommandKeys:
        """See CommandSource."""
        return self._settings

    async def start(self) -> None:
        """See CommandSource."""
        await asyncio.to_thread(import_module, _HEAVY)
        await self._http.start()

    async def ask(self, after: int, nonce: str) -> Asked:
        """See CommandSource."""
        url = f"{self._settings.commands_url}?after={after}&wait={self._wait}"
        sent = monotonic()
        answer = await self._http.request("GET", url, None, {"Payvand-Nonce": nonce})
        received = monotonic()
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))
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
