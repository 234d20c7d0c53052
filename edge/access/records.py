"""What is asked and told about users and sessions, as it crosses the socket.

Times are aware UTC, by what the box's clock knows. A token is told once, when a session begins.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from edge.access.roles import Role

SetupWord = Literal["needed", "reopened", "done"]


class SetupState(Struct, frozen=True, kw_only=True):
    """What anybody may know before log-in. seconds: how long a reopened setup stays open."""

    setup: SetupWord
    seconds: float | None = None


class SetupCode(Struct, frozen=True):
    code: str


class Ticket(Struct, frozen=True):
    """The code was right: with this token the first password can be set within `seconds`."""

    token: str
    seconds: float


class FirstUser(Struct, frozen=True):
    """Who sets the box up: an administrator. A user of that name gets the new password.

    again: the password as it was typed once more, where somebody typed it.
    """

    token: str
    name: str
    password: str
    again: str | None = None


class LogIn(Struct, frozen=True):
    name: str
    password: str


class Opened(Struct, frozen=True, kw_only=True):
    """A session began. token: 256 random bits, for the cookie.

    It ends after `idle_seconds` without a request, and after `whole_seconds` in any case.
    """

    token: str
    user: str
    role: Role
    idle_seconds: float
    whole_seconds: float


class SessionShown(Struct, frozen=True, kw_only=True):
    """A session in a list. id: to end it by, not the token. own: it is the asker's."""

    id: str
    user: str
    role: Role
    address: str
    began_at: datetime
    used_at: datetime
    own: bool


class Whoami(Struct, frozen=True, kw_only=True):
    """Whose session it is. confirm_seconds: how long changes are taken without the password.

    reset_user, reset_at: told to administrators for some days after a password was set by the
    label's code.
    """

    user: str
    role: Role
    address: str
    console: bool = False
    confirm_seconds: float = 0.0
    reset_user: str = ""
    reset_at: datetime | None = None


class Password(Struct, frozen=True):
    """One's own, to confirm who sits there."""

    password: str


class NewPassword(Struct, frozen=True):
    """old: one's own until now. again: as for FirstUser."""

    old: str
    password: str
    again: str | None = None


class UserShown(Struct, frozen=True, kw_only=True):
    name: str
    role: Role
    made_at: datetime
    password_at: datetime
    sessions: int


class NewUser(Struct, frozen=True):
    name: str
    password: str
    role: Role


class ChangedUser(Struct, frozen=True, kw_only=True):
    """What is None stays. A new password ends all sessions of the user."""

    role: Role | None = None
    password: str | None = None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One line of the audit log.

    what: a word for programs, such as `device.changed`. concerns: which one. fields: the names of
    what was changed, never a value. address: of the browser, or `console`.
    """

    at: datetime
    who: str
    role: str
    address: str
    what: str
    concerns: str = ""
    fields: tuple[str, ...] = ()


class NewCode(Struct, frozen=True):
    """A setup code in clear, told once, at the console only."""

    code: str
