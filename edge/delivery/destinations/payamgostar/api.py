"""Requests to PayamGostar with a good ticket, and what can be asked of it.

ask ──▶ ticket ──▶ request ──401──▶ new ticket, once ──▶ request ──401──▶ NotAllowed
"""

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from edge.delivery.call_store.answers import OK, not_a_page, read
from edge.delivery.destination import DeliveryError, NotAllowed
from edge.delivery.destinations.payamgostar.login import Login
from edge.delivery.destinations.payamgostar.words import ActiveCall, System
from edge.delivery.http_answer import Answer, refusal
from edge.delivery.http_client import HttpClient
from edge.intake.peer_time import PeerTime

_SERVER = 500
_NOT_NOW = frozenset({408, 425, 429})
_GONE = frozenset({404, 405, 410})
_MOST_ACTIVE = 200
_NO_TELEPHONY = (
    "There is no telephony interface at this address: check the address of PayamGostar in the"
    " settings, and that its telephony module is installed."
)
_NO_RIGHT = (
    "PayamGostar lets the user of this box in, but not use its telephony interface: give that user"
    " the right to it there."
)


class Api:
    """heard: PayamGostar's clock, as of its last good answer."""

    def __init__(self, http: HttpClient, url: str, login: Login) -> None:
        self.heard: PeerTime | None = None
        self._http = http
        self._url = url.rstrip("/")
        self._login = login
        self._systems: dict[str, System] = {}
        self._untold = False

    async def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Any answer but 401 and 403. Raises NotAllowed for these; TryLater."""
        answer = await self._once(method, path, body)
        if answer.status == 401 and self._login.refused():
            answer = await self._once(method, path, body)
        if answer.status in {401, 403}:
            self._login.refused()
            raise NotAllowed(f"HTTP {answer.status}", _NO_RIGHT)
        self._login.taken()
        if answer.status in OK:
            not_a_page(answer)
            self.heard = answer.heard
        return answer

    async def system(self, key: str, *, known: bool = True) -> System | None:
        """The telephony system of that key; None where PayamGostar does not show its systems.

        known: what was read before will do. Raises NotAllowed where it has none of that key.
        """
        if known and (self._untold or key in self._systems):
            return self._systems.get(key)
        systems = await self._read_systems()
        self._untold = systems is None
        self._systems = {system.key: system for system in systems or () if system.key}
        if systems is not None and key not in self._systems:
            there = ", ".join(sorted(self._systems)) or "none"
            raise NotAllowed(
                f"no telephony system {key}",
                f'PayamGostar has no telephony system with the key "{key}" (it has: {there}): enter'
                " one there, or write its key into `system_keys`.",
            )
        return self._systems.get(key)

    async def has_peer(self, key: str, name: str) -> bool:
        """Whether a line or extension is entered there; True where that cannot be told."""
        path = f"/api/v1/telephony/{quote(key, safe='')}/peer/{quote(name, safe='')}"
        return (await self.ask("GET", path)).status != 404

    async def active(self, system: System) -> list[ActiveCall]:
        """The calls that go on there; none where it does not show them."""
        query = urlencode({"TelephonySystemId": system.id, "Count": _MOST_ACTIVE})
        answer = await self.ask("GET", f"/api/v1/telephony/call/active?{query}")
        if answer.status not in OK:
            self._able(answer)
            return []
        return read(answer, list[ActiveCall]) or []

    async def _read_systems(self) -> list[System] | None:
        """None where the user may not see the list."""
        try:
            answer = await self.ask("GET", "/api/v1/telephony")
        except NotAllowed as refusal:
            if refusal.answer == "HTTP 403":
                return None
            raise
        self._able(answer)
        if answer.status in _GONE:
            raise NotAllowed(f"HTTP {answer.status}", _NO_TELEPHONY)
        return read(answer, list[System]) if answer.status in OK else None

    def _able(self, answer: Answer) -> None:
        """Raises TryLater where PayamGostar cannot answer now."""
        if answer.status >= _SERVER or answer.status in _NOT_NOW or 300 <= answer.status < 400:
            raise refused(answer)

    async def _once(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Authorization": f"Bearer {await self._login.ticket()}"}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return await self._http.request(method, self._url + path, body, headers)


def refused(answer: Answer) -> DeliveryError:
    """What the status alone means."""
    return refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))
