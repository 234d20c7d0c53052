"""What the client asks about log-in, setup, users and sessions: see edge.access.records."""

from urllib.parse import quote

from edge.access.records import (
    AuditEntry,
    ChangedUser,
    FirstUser,
    LogIn,
    NewCode,
    NewPassword,
    NewUser,
    Opened,
    Password,
    SessionShown,
    SetupCode,
    SetupState,
    Ticket,
    UserShown,
    Whoami,
)
from edge.local.asking import Asking


class AccessCalls(Asking):
    """A part of edge.local.client.Client."""

    async def setup_state(self) -> SetupState:
        """Whether the box waits for its setup; needs no session."""
        return await self._get("/setup", SetupState)

    async def begin_setup(self, code: str) -> Ticket:
        """Give the setup code. Raises Conflict, TooOften and WrongLogin."""
        return await self._send("POST", "/setup", Ticket, SetupCode(code))

    async def finish_setup(
        self, ticket: str, name: str, password: str, again: str | None = None
    ) -> Opened:
        """Set the administrator's password. Raises Mistakes, NoSession, Conflict."""
        return await self._send(
            "POST", "/setup/password", Opened, FirstUser(ticket, name, password, again)
        )

    async def reopen_setup(self) -> SetupState:
        """Let the setup code set an administrator's password, for ten minutes; console only."""
        return await self._send("POST", "/setup/reopen", SetupState)

    async def new_code(self) -> str:
        """A new setup code in place of one that is lost; console only."""
        return (await self._send("POST", "/setup/code", NewCode)).code

    async def log_in(self, name: str, password: str) -> Opened:
        """Begin a session. Raises WrongLogin and TooOften."""
        return await self._send("POST", "/session", Opened, LogIn(name, password))

    async def whoami(self) -> Whoami:
        """Whose session this is. Raises NoSession."""
        return await self._get("/session", Whoami)

    async def log_out(self) -> None:
        """End this session."""
        await self._do("DELETE", "/session")

    async def confirm(self, password: str) -> None:
        """Give the password once more, where ConfirmFirst asked for it. Raises WrongLogin."""
        await self._do("POST", "/session/confirm", Password(password))

    async def change_password(self, old: str, password: str, again: str | None = None) -> None:
        """One's own; other sessions of the user end. Raises Mistakes and TooOften."""
        await self._do("PUT", "/session/password", NewPassword(old, password, again))

    async def sessions(self) -> tuple[SessionShown, ...]:
        """One's own, an administrator's all, the latest used first."""
        return await self._get("/sessions", tuple[SessionShown, ...])

    async def end_session(self, id_: str) -> None:
        """Raises Unknown and Forbidden."""
        await self._do("DELETE", f"/sessions/{quote(id_, safe='')}")

    async def users(self) -> tuple[UserShown, ...]:
        """By name."""
        return await self._get("/users", tuple[UserShown, ...])

    async def add_user(self, new: NewUser) -> None:
        """Raises Mistakes and Conflict."""
        await self._do("POST", "/users", new)

    async def change_user(self, name: str, changed: ChangedUser) -> None:
        """Raises Unknown, Mistakes and Conflict."""
        await self._do("PATCH", f"/users/{quote(name, safe='')}", changed)

    async def remove_user(self, name: str) -> None:
        """Raises Unknown and Conflict."""
        await self._do("DELETE", f"/users/{quote(name, safe='')}")

    async def audit(self, most: int = 200) -> tuple[AuditEntry, ...]:
        """The newest lines of the audit log, the newest first."""
        return await self._get("/audit", tuple[AuditEntry, ...], {"most": str(most)})
