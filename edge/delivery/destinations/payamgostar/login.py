"""PayamGostar's ticket: how to get one, how long it is good, and when not to ask for one.

    v1       POST /api/v1/auth        username=…&password=…&grant_type=password ─▶ access_token
    v2       POST /api/v2/auth/login  the same form ─▶ AccessToken
    v2 JSON  POST /api/v2/auth/login  {username, password, platformType, deviceId} ─▶ accessToken

Which of them a server wants is found out once, unless the settings say v1 or v2: one that is not
there, or does not understand the form, is passed over. A ticket is renewed a minute before it ends,
after an hour at the latest, and when the CRM does not take it any more; as the vendor's own
connector does, by a new login.

Wrong passwords lock a user. So a refused login is not tried again for five minutes, then ten, at
last once an hour.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from edge.delivery.call_store.answers import not_a_page, read
from edge.delivery.destination import DeliveryError, NotAllowed, TryLater
from edge.delivery.destinations.payamgostar.settings import LoginForm, PayamGostarSettings
from edge.delivery.destinations.payamgostar.words import Ticket
from edge.delivery.http_answer import Answer, refusal
from edge.delivery.http_client import HttpClient

_LONGEST_LIFE = 3600.0
_MARGIN = 60.0
_REFUSED = frozenset({401, 403})
_OTHER_FORM = frozenset({400, 404, 405, 406, 410, 415, 422})
_NO_SUCH_PATH = frozenset({404, 405, 410})
_OK = 200
_WEB = 1  # of platformType

_WRONG = (
    "PayamGostar does not let the user of this box in: the password is wrong or was changed; write"
    " the right one into the settings and restart. The box asks seldom, so that the user is not"
    " locked."
)
_LOCKED = (
    "PayamGostar has locked the user of this box, or forbids it to log in: have the user unlocked"
    " there, then check the password in the settings."
)
_NO_LOGIN = (
    "No PayamGostar takes a login at this address: check the address in the settings, and `login`."
)


@dataclass(frozen=True, slots=True)
class Slowness:
    """Seconds until a refused login is tried again: `first`, doubled each time up to `most`."""

    first: float = 300.0
    most: float = 3600.0

    def after(self, refusals: int) -> float:
        return min(self.most, self.first * 2.0 ** (min(refusals, 30) - 1))


@dataclass(frozen=True, slots=True)
class _Form:
    version: LoginForm
    path: str
    content_type: str
    body: bytes


class _JsonLogin(Struct, frozen=True, rename="camel"):
    username: str
    password: str
    platform_type: int
    device_id: str


class Login:
    """One user's tickets. box: what the CRM may know this device by."""

    def __init__(
        self, http: HttpClient, settings: PayamGostarSettings, box: str, slowness: Slowness
    ) -> None:
        self._http = http
        self._url = settings.url.rstrip("/")
        self._slowness = slowness
        wanted = settings.login
        forms = [form for form in _forms(settings, box) if wanted in ("auto", form.version)]
        self._forms = tuple(forms)
        self._ticket = ""
        self._fresh = False
        self._good_until = 0.0
        self._refusals = 0
        self._barred: tuple[float, NotAllowed] | None = None

    async def ticket(self) -> str:
        """A ticket that should be good. Raises NotAllowed, also without asking; TryLater."""
        if not self._ticket or monotonic() >= self._good_until:
            await self._renew()
        return self._ticket

    def taken(self) -> None:
        """The CRM took the ticket."""
        self._fresh = False

    def refused(self) -> bool:
        """The CRM did not take it: forget it. False where it was new, so that another is no use."""
        self._ticket = ""
        worn, self._fresh = not self._fresh, False
        return worn

    async def _renew(self) -> None:
        if self._barred is not None:
            until, refused = self._barred
            if monotonic() < until:
                raise NotAllowed(refused.answer, refused.advice)
        answer = None
        for form in self._forms:
            answer = await self._ask(form)
            if answer.status == _OK:
                self._forms = (form,)
                self._take(answer)
                return
            if answer.status in _REFUSED:
                break
            if answer.status not in _OTHER_FORM:
                raise _not_now(answer)
        assert answer is not None  # noqa: S101 - there is a form at least
        raise self._bar(answer)

    async def _ask(self, form: _Form) -> Answer:
        headers = {"Content-Type": form.content_type}
        answer = await self._http.request("POST", self._url + form.path, form.body, headers)
        if answer.status == _OK:
            not_a_page(answer)
        return answer

    def _take(self, answer: Answer) -> None:
        ticket = read(answer, Ticket)
        if ticket is None or not ticket.accesstoken.isascii() or not ticket.accesstoken:
            raise self._bar(answer)
        self._ticket = ticket.accesstoken
        self._fresh = True
        self._refusals, self._barred = 0, None
        life = min(_life(ticket, answer), _LONGEST_LIFE)
        self._good_until = monotonic() + max(life - _MARGIN, life / 2)

    def _bar(self, answer: Answer) -> NotAllowed:
        """What to raise; and nobody asks again for a while."""
        advice = _WRONG
        if answer.status == 403:
            advice = _LOCKED
        elif answer.status in _NO_SUCH_PATH:
            advice = _NO_LOGIN
        refused = NotAllowed(f"login: HTTP {answer.status}", advice)
        self._refusals += 1
        self._barred = (monotonic() + self._slowness.after(self._refusals), refused)
        return refused


def _forms(settings: PayamGostarSettings, box: str) -> Iterator[_Form]:
    fields = {
        "username": settings.username,
        "password": settings.password,
        "grant_type": "password",
    }
    form = urlencode(fields).encode()
    device = str(uuid.uuid5(uuid.NAMESPACE_URL, f"payvand:{box}"))
    login = _JsonLogin(settings.username, settings.password, _WEB, device)
    urlencoded = "application/x-www-form-urlencoded"
    yield _Form("v1", "/api/v1/auth", urlencoded, form)
    yield _Form("v2", "/api/v2/auth/login", urlencoded, form)
    yield _Form("v2", "/api/v2/auth/login", "application/json", msgspec.json.encode(login))


def _life(ticket: Ticket, answer: Answer) -> float:
    """Seconds; an hour where the CRM did not tell."""
    if ticket.expiresin is not None and ticket.expiresin > 0:
        return ticket.expiresin
    if ticket.expiresat is not None and ticket.expiresat.tzinfo is not None:
        now = answer.heard.said if answer.heard else datetime.now(UTC)
        if (left := (ticket.expiresat - now).total_seconds()) > 0:
            return left
    return _LONGEST_LIFE


def _not_now(answer: Answer) -> DeliveryError:
    failure = refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))
    if isinstance(failure, TryLater):
        return failure
    if isinstance(failure, NotAllowed):
        return NotAllowed(f"login: HTTP {answer.status}", _NO_LOGIN)
    return TryLater(
        f"login: HTTP {answer.status}",
        "PayamGostar answers the login with something that is not known here; it is tried again. If"
        " it stays so, tell who runs it.",
    )
