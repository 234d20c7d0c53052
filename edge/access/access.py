"""Log-in and what becomes of it: sessions and users of one box, kept and audited.

    address ─▶ delays ─▶ argon2id ─▶ session ─▶ Caller ─▶ its role's rights
                             └─ failures in numbers ─▶ alarm

A change is in force when it is on disk. A log-in is in force at once, on disk or not: with a full
disk somebody must be able to come in and see why.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from msgspec.structs import replace

from drivers.contract import Clock, Moment
from edge.access import kept as files
from edge.access.audit import Audit
from edge.access.burst import Burst
from edge.access.caller import Caller
from edge.access.delays import Delays
from edge.access.hashing import Hashing
from edge.access.kept import Kept, Reset, User
from edge.access.names import key
from edge.access.records import AuditEntry, Opened
from edge.access.refusals import NoSession, TooOften, Unable, WrongLogin
from edge.access.sessions import IDLE_SECONDS, WHOLE_SECONDS, Sessions, is_confirmed
from edge.local.issue import Words

_LOG = logging.getLogger(__name__)
_SAVE_SECONDS = 300.0
"""How much of a session's last use a restart may forget, so that looking writes nothing."""

_LOOK_SECONDS = 5.0
_TELL_RESET = timedelta(days=7)

Tell = Callable[[str, str], Awaitable[None]]
"""(code, advice): something is wrong; a code that ends with `-over`: it is over."""


class Access:
    """Of the box with `folder` as its data directory. Everything belongs to the loop's thread.

    words: the names of this box, which make no password. users and setup.py work on it. looks: tell
    alarms and their ends, asked by `keep`.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        boot: str,
        words: Callable[[], Iterable[str]] = lambda: (),
    ) -> None:
        self.kept = files.read(folder)
        self.folder = folder
        self.clock = clock
        self.words = words
        self.hashing = Hashing()
        self.delays = Delays()
        self.audit = Audit(folder)
        self.changing = asyncio.Lock()
        self.sessions = Sessions(self.kept.sessions if self.kept.boot == boot else ())
        self._boot = boot
        self._burst = Burst()
        self.looks: list[Callable[[float], tuple[str, str] | None]] = [self._burst.look]
        self._served: dict[asyncio.Task[Any], Caller] = {}
        self._saved_at = clock().monotonic

    def user(self, name: str) -> User | None:
        """The user of that name, however it is written."""
        wanted = key(name)
        return next((each for each in self.kept.users if key(each.name) == wanted), None)

    def caller(self, token: str, address: str, *, attended: bool = True) -> Caller:
        """Who asks with this token. Raises NoSession.

        attended: somebody did something; what a page asks by itself does not prolong a session.
        """
        now = self.clock().monotonic
        session = self.sessions.of(token, now) if token else None
        user = self.user(session.user) if session else None
        if session is None or user is None:
            raise NoSession
        if attended:
            session = self.sessions.use(session, now)
        return Caller(user.name, user.role, address, session, fresh=is_confirmed(session, now))

    @contextmanager
    def serving(self, caller: Caller) -> Iterator[None]:
        """While a request of this caller is answered: a stream ends when his session does."""
        task = asyncio.current_task()
        if caller.session is None or task is None:
            yield
            return
        self._served[task] = caller
        try:
            yield
        finally:
            del self._served[task]

    def _end_streams(self) -> None:
        """Of sessions that ended, and of users whose role is another now."""
        now = self.clock().monotonic
        for task, caller in self._served.items():
            user = self.user(caller.name)
            lives = caller.session and self.sessions.lives(caller.session, now)
            if not (lives and user and user.role == caller.role):
                task.cancel()

    def fresh_reset(self) -> Reset | None:
        """The last password that was set by the label's code, for a week."""
        reset = self.kept.reset
        is_fresh = reset and abs(self.clock().utc - reset.at) < _TELL_RESET
        return reset if is_fresh else None

    async def log_in(self, name: str, password: str, address: str) -> Opened:
        """Begin a session. Raises TooOften and WrongLogin."""
        await self.tried(address)
        user = self.user(name)
        if not await self.hashing.fits(user.password if user else None, password) or user is None:
            await self.failed(address, "login.failed", user.name if user else "")
            raise WrongLogin(Words("Name or password is wrong.", "نام یا رمز عبور درست نیست."))
        return await self.begin(user, address)

    async def begin(self, user: User, address: str) -> Opened:
        """A session for somebody who proved who he is."""
        self.delays.succeeded(address)
        token, session = self.sessions.begin(user.name, address, self.clock().monotonic)
        self.delays.succeeded(session.id)
        caller = Caller(user.name, user.role, address, session, fresh=True)
        await self.note(caller, "login")
        await self.save_sessions()
        return Opened(
            token=token,
            user=user.name,
            role=user.role,
            idle_seconds=IDLE_SECONDS,
            whole_seconds=WHOLE_SECONDS,
        )

    async def confirm(self, caller: Caller, password: str) -> None:
        """The user gives the password once more. Raises TooOften and WrongLogin."""
        if caller.session is None:
            return
        await self.check_own(caller, password)
        self.sessions.confirm(caller.session, self.clock().monotonic)

    async def check_own(self, caller: Caller, password: str) -> User:
        """The caller's user, who knows the password. Raises TooOften, WrongLogin, NoSession."""
        user = self.user(caller.name)
        if user is None:
            raise NoSession
        # The turns of a session are its own: who knocks from outside cannot take them.
        knocks = caller.session.id if caller.session else caller.address
        await self.tried(knocks)
        if not await self.hashing.fits(user.password, password):
            await self.failed(caller.address, "confirm.failed", user.name, knocks)
            raise WrongLogin(Words("The password is wrong.", "رمز عبور درست نیست."))
        self.delays.succeeded(knocks)
        return user

    async def tried(self, address: str) -> None:
        """Count an attempt. Raises TooOften."""
        if wait := self.delays.attempt(address, self.clock().monotonic):
            raise TooOften(wait)

    async def failed(self, address: str, what: str, who: str, knocks: str = "") -> None:
        """Count a failure. who: a known user, never what was typed. knocks: whose turn it was."""
        now = self.clock()
        self.delays.failed(knocks or address, now.monotonic)
        if self._burst.failed(now.monotonic):
            await self.note(Caller(who, "viewer", address), what, fields=self._burst.unnoted())

    async def keep(self, tell: Tell) -> NoReturn:
        """Until cancelled: tell alarms and their ends, such as log-ins that fail in numbers."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._end_streams()
            for look in self.looks:
                if news := look(self.clock().monotonic):
                    await tell(*news)
            unsaved = self.clock().monotonic - self._saved_at
            if unsaved >= _SAVE_SECONDS and self.sessions.all(self.clock().monotonic):
                await self.save_sessions()

    async def note(
        self, caller: Caller, what: str, concerns: str = "", fields: Iterable[str] = ()
    ) -> None:
        """Write it into the audit log; a disk that takes nothing is told in the log instead."""
        entry = AuditEntry(
            at=self.clock().utc,
            who=caller.name,
            role="" if caller.session is None and not caller.console else caller.role,
            address=caller.address,
            what=what,
            concerns=concerns,
            fields=tuple(fields),
        )
        try:
            await asyncio.to_thread(self.audit.note, entry)
        except OSError as error:
            _LOG.warning("the audit log cannot be written (%s): %s by %s", error, what, entry.who)

    async def save(self, changed: Kept) -> None:
        """Put a change into force once it is on disk. Hold `changing`. Raises Unable."""
        whole = self._with_sessions(changed)
        try:
            await asyncio.to_thread(files.write, self.folder, whole)
        except OSError as error:
            raise Unable(
                Words(
                    f"The disk does not take it ({error.strerror}): look at Status.",
                    f"حافظه آن را نمی‌پذیرد ({error.strerror})؛ صفحه وضعیت را ببینید.",
                )
            ) from error
        self.kept = whole

    async def save_sessions(self) -> None:
        """Let a restart know who is logged in; a full disk only makes it forget that."""
        async with self.changing:
            self._saved_at = self.clock().monotonic
            try:
                await self.save(self.kept)
            except Unable as error:
                _LOG.warning("sessions end with this process: %s", error)

    def _with_sessions(self, kept: Kept) -> Kept:
        now: Moment = self.clock()
        going_on = tuple(self.sessions.all(now.monotonic))
        return replace(kept, boot=self._boot, sessions=going_on)
