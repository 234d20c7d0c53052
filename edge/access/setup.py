"""The first setup, and setup once more when a password is lost.

    needed ──code──▶ ticket ──name, password──▶ done          the code is used up by the last step
    done ──`payvand access reopen` on the box──▶ reopened for ten minutes ──the same way──▶ done

Between the steps the code may be given again, by the same browser or another: who first sets a
password wins. Opened once more, the password of somebody who is administrator already is set;
everything else stays. The CRMs hear of it, and all administrators for a week.
"""

import asyncio
import logging
import secrets
from contextlib import suppress

from msgspec.structs import replace

from edge.access import kept as files
from edge.access import names, passwords, setup_code
from edge.access.access import Access
from edge.access.caller import Caller
from edge.access.kept import Reset, User
from edge.access.records import FirstUser, Opened, SetupState, SetupWord, Ticket
from edge.access.refusals import Conflict, Mistake, Mistakes, NoSession, Unable, WrongLogin
from edge.access.sessions import digest
from edge.local.issue import Words
from edge.local.persian import ltr

_LOG = logging.getLogger(__name__)
CODE = "setup-reopened"
REOPENED_SECONDS = 600.0
TICKET_SECONDS = 900.0
_MOST_TICKETS = 4


class Setup:
    """Of one box. Call `prepare` before anybody can ask."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._open_until = 0.0
        self._told: bool | None = False
        self._tickets: dict[str, float] = {}
        access.looks.append(self._look)

    async def prepare(self) -> None:
        """Take the code that the factory laid in, or make one. Slow the first time."""
        access = self._access
        if access.kept.code:
            return
        laid = await asyncio.to_thread(files.read_code, access.folder)
        try:
            if passwords.is_hash(laid):
                async with access.changing:
                    await access.save(replace(access.kept, code=laid, code_made=False))
                with suppress(OSError):
                    await asyncio.to_thread(files.drop_code, access.folder)
            else:
                await self._take(setup_code.read(laid) and laid)
        except Unable as error:
            _LOG.warning("no setup code can be kept, the page cannot be set up: %s", error)

    async def new_code(self, caller: Caller) -> str:
        """For a label that is lost: a new code, which alone counts from now on. Raises Unable."""
        code = await self._take("")
        await self._access.note(caller, "setup.new-code")
        return code

    def state(self) -> SetupState:
        """Whether the box waits for its setup."""
        left = self._open_until - self._access.clock().monotonic
        if self._word() == "reopened":
            return SetupState(setup="reopened", seconds=left)
        return SetupState(setup=self._word())

    async def reopen(self, caller: Caller) -> SetupState:
        """Let the setup code set an administrator's password, for ten minutes."""
        self._open_until = self._access.clock().monotonic + REOPENED_SECONDS
        self._told = None
        await self._access.note(caller, "setup.reopened")
        return self.state()

    async def begin(self, code: str, address: str) -> Ticket:
        """Check the code. Raises Conflict, TooOften and WrongLogin."""
        access = self._access
        self._check_open()
        await access.tried(address)
        typed = setup_code.read(code)
        if not await access.hashing.fits(access.kept.code or None, typed) or not typed:
            await access.failed(address, "setup.failed", "")
            raise WrongLogin(
                Words("This is not the code of the label.", "این کد روی برچسب دستگاه نیست.")
            )
        self._check_open()
        access.delays.succeeded(address)
        now = access.clock().monotonic
        self._tickets = {each: end for each, end in self._tickets.items() if end > now}
        while len(self._tickets) >= _MOST_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        token = secrets.token_urlsafe(32)
        self._tickets[digest(token)] = now + TICKET_SECONDS
        return Ticket(token, TICKET_SECONDS)

    async def finish(self, given: FirstUser, address: str) -> Opened:
        """Set the password and log in; the code is used up. Raises NoSession and as Users.add."""
        token, name, password = given.token, given.name, given.password
        access = self._access
        self._check_open()
        if self._tickets.get(digest(token), 0.0) <= access.clock().monotonic:
            raise NoSession
        context = [name, *access.words()]
        weak = passwords.mistakes(password, context)
        differ = passwords.differing(password, given.again)
        if found := [*names.mistakes(name), *self._strange(name), *weak, *differ]:
            raise Mistakes(tuple(found))
        kept = await access.hashing.hashed(password)
        async with access.changing:
            self._check_open()  # while this one hashed, another one may have set it
            user = await self._save(names.tidy(name), kept)
            self._tickets.clear()
            self._open_until = 0.0
            access.sessions.end_of(user.name)
        with suppress(OSError):
            await asyncio.to_thread(files.drop_code, access.folder)
        await access.note(Caller(user.name, user.role, address), "setup.done")
        return await access.begin(user, address)

    def _strange(self, name: str) -> list[Mistake]:
        """Opened once more, it is for those who are administrators."""
        there = [user for user in self._access.kept.users if user.role == "administrator"]
        if not there or any(names.key(user.name) == names.key(name) for user in there):
            return []
        known = ", ".join(user.name for user in there)
        text = Words(
            f"No administrator is called so; there are: {known}.",
            f"مدیری با این نام نیست؛ مدیران: {known}",
        )
        return [Mistake("name", text)]

    def _look(self, now: float) -> tuple[str, str] | None:
        """The alarm that it was opened once more, and its end."""
        if self._told is None:
            self._told = True
            return CODE, (
                "Somebody at the box itself opened its setup for ten minutes: the code of the label"
                " sets an administrator's password now. Who did not expect that looks at the audit"
                " log and changes the passwords."
            )
        if self._told and self._open_until <= now:
            self._told = False
            return f"{CODE}-over", "The setup is closed again."
        return None

    async def _save(self, name: str, password: str) -> User:
        access = self._access
        now = access.clock().utc
        old = access.user(name)
        user = User(
            name=old.name if old else name,
            role="administrator",
            password=password,
            made_at=old.made_at if old else now,
            password_at=now,
        )
        others = tuple(each for each in access.kept.users if each is not old)
        reset = Reset(user.name, now) if access.kept.users else None
        await access.save(replace(access.kept, users=(*others, user), reset=reset))
        return user

    async def _take(self, code: str) -> str:
        """Let a code count, and show it in the data directory. "" makes one."""
        access = self._access
        code = code or setup_code.new()
        kept = await access.hashing.hashed(setup_code.read(code))
        try:
            await asyncio.to_thread(files.write_code, access.folder, code)
        except OSError as error:
            raise Unable(
                Words(
                    f"The disk does not take it: {error}.",
                    "حافظه دستگاه آن را نمی‌پذیرد؛ جای خالی آن را بررسی کنید.",
                )
            ) from error
        async with access.changing:
            await access.save(replace(access.kept, code=kept, code_made=True))
        return code

    def _word(self) -> SetupWord:
        if not any(user.role == "administrator" for user in self._access.kept.users):
            return "needed"
        is_open = self._open_until > self._access.clock().monotonic
        return "reopened" if is_open else "done"

    def _check_open(self) -> None:
        if self._word() == "done":
            raise Conflict(
                Words(
                    "The box is set up: log in. For a lost password see `payvand access reopen`.",
                    "دستگاه راه‌اندازی شده است؛ وارد شوید. اگر رمز عبور گم شده است:"
                    f" {ltr('payvand access reopen')}",
                )
            )
