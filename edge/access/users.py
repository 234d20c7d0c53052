"""The users of a box: listed, added, changed and taken away; each change is audited.

The last administrator cannot be taken away, nor made something else.
"""

from collections.abc import Iterable
from datetime import timedelta

from msgspec.structs import replace

from edge.access import names, passwords
from edge.access.access import Access
from edge.access.caller import Caller
from edge.access.kept import User
from edge.access.records import ChangedUser, NewPassword, NewUser, SessionShown, UserShown
from edge.access.refusals import (
    Conflict,
    Forbidden,
    Mistake,
    Mistakes,
    Unknown,
    WrongLogin,
)
from edge.local.issue import Words

MOST = 50


class Users:
    """Of one box."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def all(self) -> tuple[UserShown, ...]:
        """By name."""
        access = self._access
        sessions = [each.user for each in access.sessions.all(access.clock().monotonic)]
        return tuple(
            UserShown(
                name=user.name,
                role=user.role,
                made_at=user.made_at,
                password_at=user.password_at,
                sessions=sessions.count(user.name),
            )
            for user in sorted(access.kept.users, key=lambda each: names.key(each.name))
        )

    def check_new(self, new: NewUser) -> None:
        """Raises Mistakes."""
        name = names.tidy(new.name)
        found = [*names.mistakes(name), *self._weak(new.password, name)]
        if self._access.user(name):
            taken = Words("There is a user of this name.", "کاربری با این نام هست.")
            found.append(Mistake("name", taken))
        if found:
            raise Mistakes(tuple(found))

    async def add(self, caller: Caller, new: NewUser) -> None:
        """Raises Mistakes, Conflict, Unable and TooOften."""
        self.check_new(new)
        access = self._access
        name = names.tidy(new.name)
        kept = await access.hashing.hashed(new.password)
        now = access.clock().utc
        user = User(name=name, role=new.role, password=kept, made_at=now, password_at=now)
        async with access.changing:
            if access.user(name) or len(access.kept.users) >= MOST:
                raise Conflict(
                    Words(
                        "There are enough users.",
                        "شمار کاربران به حد خود رسیده است؛ یکی را حذف کنید.",
                    )
                )
            await access.save(replace(access.kept, users=(*access.kept.users, user)))
        await access.note(caller, "user.added", name, ("role", "password"))

    def check_changed(self, name: str, changed: ChangedUser) -> None:
        """Raises Unknown and Mistakes."""
        self._known(name)
        if changed.password is not None and (weak := self._weak(changed.password, name)):
            raise Mistakes(tuple(weak))

    async def change(self, caller: Caller, name: str, changed: ChangedUser) -> None:
        """Raises Unknown, Mistakes, Conflict and Unable."""
        self.check_changed(name, changed)
        access = self._access
        kept = None
        if changed.password is not None:
            kept = await access.hashing.hashed(changed.password)
        async with access.changing:
            user = self._known(name)
            await self._put(user, self._with(user, changed, kept))
            if kept is not None:
                access.sessions.end_of(user.name, caller.session.id if caller.session else "")
        fields = [field for field in ("role", "password") if getattr(changed, field) is not None]
        await access.note(caller, "user.changed", user.name, fields)

    async def remove(self, caller: Caller, name: str) -> None:
        """And end the user's sessions. Raises Unknown, Conflict and Unable."""
        access = self._access
        async with access.changing:
            user = self._known(name)
            await self._put(user, None)
            access.sessions.end_of(user.name)
        await access.note(caller, "user.removed", user.name)

    async def change_own(self, caller: Caller, given: NewPassword) -> None:
        """One's own password; ends the user's other sessions. Raises Mistakes and TooOften."""
        access = self._access
        weak = self._weak(given.password, caller.name)
        found = [*weak, *passwords.differing(given.password, given.again)]
        try:
            await access.check_own(caller, given.old)
        except WrongLogin as error:
            found.insert(0, Mistake("old", error.failure.text))
        if found:
            raise Mistakes(tuple(found))
        kept = await access.hashing.hashed(given.password)
        async with access.changing:
            user = self._known(caller.name)
            await self._put(user, self._with(user, ChangedUser(), kept))
            access.sessions.end_of(user.name, caller.session.id if caller.session else "")
        await access.note(caller, "user.changed", user.name, ("password",))

    def sessions(self, caller: Caller) -> tuple[SessionShown, ...]:
        """One's own; an administrator sees all."""
        access = self._access
        now = access.clock()
        own = caller.session.id if caller.session else ""
        found = access.sessions.all(now.monotonic)
        return tuple(
            SessionShown(
                id=each.id,
                user=each.user,
                role=user.role,
                address=each.address,
                began_at=now.utc - timedelta(seconds=now.monotonic - each.began),
                used_at=now.utc - timedelta(seconds=now.monotonic - each.used),
                own=each.id == own,
            )
            for each in found
            if (user := access.user(each.user)) and _may_see(caller, user)
        )

    async def end_session(self, caller: Caller, id_: str) -> None:
        """One's own, or as an administrator anybody's. Raises Unknown and Forbidden."""
        access = self._access
        found = [each for each in access.sessions.all(access.clock().monotonic) if each.id == id_]
        if not found:
            raise Unknown(Words("This session is over.", "این نشست پایان یافته است."))
        if found[0].user != caller.name and not caller.may("govern"):
            raise Forbidden
        access.sessions.end(id_)
        await access.save_sessions()
        await access.note(caller, "session.ended", found[0].user)

    def _known(self, name: str) -> User:
        if found := self._access.user(name):
            return found
        raise Unknown(Words("There is no such user.", "چنین کاربری نیست."))

    def _weak(self, password: str, name: str) -> list[Mistake]:
        return passwords.mistakes(password, [name, *self._access.words()])

    def _with(self, user: User, changed: ChangedUser, kept: str | None) -> User:
        new = replace(user, role=changed.role or user.role)
        if kept is None:
            return new
        return replace(new, password=kept, password_at=self._access.clock().utc)

    async def _put(self, old: User, new: User | None) -> None:
        others = [each for each in self._access.kept.users if each is not old]
        users = (*others, new) if new else tuple(others)
        if not _governed(users):
            raise Conflict(
                Words("The last administrator stays one.", "آخرین مدیر باید مدیر بماند.")
            )
        await self._access.save(replace(self._access.kept, users=users))


def _governed(users: Iterable[User]) -> bool:
    return any(user.role == "administrator" for user in users)


def _may_see(caller: Caller, user: User) -> bool:
    return caller.may("govern") or user.name == caller.name
