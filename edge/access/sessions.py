"""Sessions: who is logged in, kept on the box's side by the hash of their token.

    token  256 random bits, told once ──▶ SHA-256, kept     id  6 random bytes, to end it by

One ends 30 minutes after its last request, 12 hours after it began, or when somebody ends it. All
times are monotonic seconds of one boot, so that no step of the clock lengthens or ends one: a
session of another boot is over. Pure: time is fed.
"""

import hashlib
import secrets
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

IDLE_SECONDS = 30 * 60.0
WHOLE_SECONDS = 12 * 3600.0
CONFIRMED_SECONDS = 10 * 60.0
"""How long after the password was given it need not be given again for what asks for it."""
MOST = 50
"""Sessions at a time; a new one ends the one that was longest without a request."""


class Session(Struct, frozen=True, kw_only=True):
    """One session as it is kept. token: its hash, in hex."""

    token: str
    id: str
    user: str
    address: str
    began: float
    used: float
    confirmed: float


def digest(token: str) -> str:
    """What is kept of a token. It is random enough that no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Sessions:
    """Those of one box, in this boot."""

    def __init__(self, kept: Iterable[Session] = ()) -> None:
        self._sessions = {session.token: session for session in kept}

    def begin(self, user: str, address: str, now: float) -> tuple[str, Session]:
        """A new one, with its token."""
        self._forget(now)
        while len(self._sessions) >= MOST:
            del self._sessions[min(self._sessions.values(), key=lambda each: each.used).token]
        token = secrets.token_urlsafe(32)
        session = Session(
            token=digest(token),
            id=secrets.token_hex(6),
            user=user,
            address=address,
            began=now,
            used=now,
            confirmed=now,
        )
        self._sessions[session.token] = session
        return token, session

    def of(self, token: str, now: float) -> Session | None:
        """The session of a token; None where there is none any more."""
        self._forget(now)
        return self._sessions.get(digest(token))

    def use(self, session: Session, now: float) -> Session:
        """It is used by this, so that it goes on."""
        used = replace(session, used=now)
        self._sessions[used.token] = used
        return used

    def lives(self, session: Session, now: float) -> bool:
        """Whether it goes on; asking so is no use of it."""
        self._forget(now)
        return session.token in self._sessions

    def confirm(self, session: Session, now: float) -> None:
        """Its user gave the password once more."""
        if session.token in self._sessions:
            self._sessions[session.token] = replace(session, used=now, confirmed=now)

    def end(self, id_: str) -> Session | None:
        """End the one with this id; None where there is none."""
        found = next((each for each in self._sessions.values() if each.id == id_), None)
        if found is not None:
            del self._sessions[found.token]
        return found

    def end_of(self, user: str, but: str = "") -> int:
        """End all of a user, except the one with the id `but`; how many."""
        over = [each for each in self._sessions.values() if each.user == user and each.id != but]
        for each in over:
            del self._sessions[each.token]
        return len(over)

    def all(self, now: float) -> list[Session]:
        """The ones that go on, the latest used first."""
        self._forget(now)
        return sorted(self._sessions.values(), key=lambda each: -each.used)

    def _forget(self, now: float) -> None:
        for each in list(self._sessions.values()):
            if now - each.used >= IDLE_SECONDS or now - each.began >= WHOLE_SECONDS:
                del self._sessions[each.token]


def is_confirmed(session: Session, now: float) -> bool:
    """Whether the password was given lately."""
    return now - session.confirmed < CONFIRMED_SECONDS
