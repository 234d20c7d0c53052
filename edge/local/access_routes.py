"""Log-in, setup, users, sessions and the audit log.

open     GET /setup  POST /setup  POST /setup/password  POST /session
own      GET, DELETE /session  POST /session/confirm  PUT /session/password
         GET /sessions  DELETE /sessions/{id}
govern   GET, POST /users  PATCH, DELETE /users/{name}  GET /audit
console  POST /setup/reopen  POST /setup/code
"""

import asyncio

from msgspec import Struct

from edge.access.access import Access
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
from edge.access.refusals import Forbidden
from edge.access.sessions import CONFIRMED_SECONDS
from edge.access.setup import Setup
from edge.access.users import Users
from edge.local.route import Ask, Route, route, taking

MOST_ENTRIES = 5000


class AuditQuery(Struct, frozen=True):
    most: int = 200


def routes(access: Access, setup: Setup) -> list[Route]:
    """All of them."""
    return [*_setup(setup), *_session(access), *_users(access)]


def _setup(setup: Setup) -> list[Route]:
    async def state(_ask: Ask) -> SetupState:
        return setup.state()

    async def begin(ask: Ask, given: SetupCode) -> Ticket:
        return await setup.begin(given.code, ask.caller.address)

    async def finish(ask: Ask, given: FirstUser) -> Opened:
        return await setup.finish(given, ask.caller.address)

    async def reopen(ask: Ask) -> SetupState:
        _at_console(ask)
        return await setup.reopen(ask.caller)

    async def new_code(ask: Ask) -> NewCode:
        _at_console(ask)
        return NewCode(await setup.new_code(ask.caller))

    return [
        route("GET", "/setup", "open", state),
        taking("POST", "/setup", "open", SetupCode, begin),
        taking("POST", "/setup/password", "open", FirstUser, finish),
        route("POST", "/setup/reopen", "govern", reopen),
        route("POST", "/setup/code", "govern", new_code),
    ]


def _session(access: Access) -> list[Route]:
    users = Users(access)

    async def log_in(ask: Ask, given: LogIn) -> Opened:
        return await access.log_in(given.name, given.password, ask.caller.address)

    async def whoami(ask: Ask) -> Whoami:
        caller = ask.caller
        now = access.clock().monotonic
        left = CONFIRMED_SECONDS + caller.session.confirmed - now if caller.session else 0.0
        reset = access.fresh_reset() if caller.may("govern") else None
        return Whoami(
            user=caller.name,
            role=caller.role,
            address=caller.address,
            console=caller.console,
            confirm_seconds=max(0.0, left),
            reset_user=reset.user if reset else "",
            reset_at=reset.at if reset else None,
        )

    async def log_out(ask: Ask) -> None:
        if ask.caller.session:
            await users.end_session(ask.caller, ask.caller.session.id)

    async def confirm(ask: Ask, given: Password) -> None:
        await access.confirm(ask.caller, given.password)

    async def password(ask: Ask, given: NewPassword) -> None:
        await users.change_own(ask.caller, given)

    async def listed(ask: Ask) -> tuple[SessionShown, ...]:
        return users.sessions(ask.caller)

    async def end(ask: Ask) -> None:
        await users.end_session(ask.caller, ask.part("id"))

    return [
        taking("POST", "/session", "open", LogIn, log_in),
        route("GET", "/session", "own", whoami),
        route("DELETE", "/session", "own", log_out),
        taking("POST", "/session/confirm", "own", Password, confirm),
        taking("PUT", "/session/password", "own", NewPassword, password),
        route("GET", "/sessions", "own", listed),
        route("DELETE", "/sessions/{id}", "own", end),
    ]


def _users(access: Access) -> list[Route]:
    users = Users(access)

    async def listed(_ask: Ask) -> tuple[UserShown, ...]:
        return users.all()

    async def add(ask: Ask, new: NewUser) -> None:
        await users.add(ask.caller, new)

    async def check_new(_ask: Ask, new: NewUser) -> None:
        users.check_new(new)

    async def check_changed(ask: Ask, changed: ChangedUser) -> None:
        users.check_changed(ask.part("name"), changed)

    async def change(ask: Ask, changed: ChangedUser) -> None:
        await users.change(ask.caller, ask.part("name"), changed)

    async def remove(ask: Ask) -> None:
        await users.remove(ask.caller, ask.part("name"))

    async def audit(ask: Ask) -> list[AuditEntry]:
        most = min(MOST_ENTRIES, max(0, ask.query(AuditQuery).most))
        return await asyncio.to_thread(access.audit.last, most)

    return [
        route("GET", "/users", "govern", listed),
        taking("POST", "/users", "govern", NewUser, add, fresh=True, check=check_new),
        taking(
            *("PATCH", "/users/{name}", "govern", ChangedUser, change),
            fresh=True,
            check=check_changed,
        ),
        route("DELETE", "/users/{name}", "govern", remove, fresh=True),
        route("GET", "/audit", "govern", audit),
    ]


def _at_console(ask: Ask) -> None:
    if not ask.caller.console:
        raise Forbidden
