"""Forms, settings without their secrets, and changes that count at once.

    look     GET /forms  GET /settings
    arrange  PUT /settings/site
             POST /settings/devices  PUT, DELETE /settings/devices/{key}
    fresh    POST /settings/destinations  PUT, DELETE /settings/destinations/{name}

`?check=1` on POST and PUT finds the mistakes and changes nothing. DELETE and PUT carry the revision
that the asker saw.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from edge.access.access import Access
from edge.access.refusals import Mistake, Mistakes
from edge.aside import aside
from edge.local.issue import Words
from edge.local.route import Answer, Ask, Route, route, taking
from edge.local.settings_records import (
    Changed,
    DestinationChange,
    DeviceChange,
    Removal,
    SettingsShown,
    SiteChange,
    table_of,
)
from edge.site.changes import Change, Kind, SiteChanges
from edge.site.shown import shown

if TYPE_CHECKING:
    from aiohttp import web


class CheckQuery(Struct, frozen=True):
    check: int = 0


def routes(access: Access, changes: SiteChanges) -> list[Route]:
    """All of them."""

    async def settings(ask: Ask) -> SettingsShown:
        site, revision = await changes.read()
        return shown(site, revision, in_full=ask.caller.may("numbers"))

    async def general(ask: Ask, given: SiteChange) -> Changed:
        table = {
            field: getattr(given, field)
            for field in ("name", "timezone", "history", "wire", "commands")
            if getattr(given, field) is not None
        }
        change = await changes.general(table, given.revision)
        await access.note(ask.caller, "site.changed", "", change.fields)
        return Changed(change.revision)

    return [
        Route("GET", "/forms", "look", _forms()),
        route("GET", "/settings", "look", settings),
        taking("PUT", "/settings/site", "arrange", SiteChange, general),
        *_entries(access, changes, "device", "devices", DeviceChange, "key"),
        *_entries(access, changes, "destination", "destinations", DestinationChange, "name"),
    ]


def _forms() -> Answer:
    """Made aside, by who imports every driver and kind of CRM for it, and kept as they go out."""
    made: list[bytes] = []
    turn = asyncio.Lock()

    async def answer(_ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        async with turn:
            if not made:
                made.append(await aside("edge.site.forms"))
        return web.Response(body=made[0], content_type="application/json")

    return answer


def _entries(  # noqa: PLR0913 - what differs between the two
    access: Access,
    changes: SiteChanges,
    kind: Kind,
    folder: str,
    change: type[DeviceChange] | type[DestinationChange],
    key: str,
) -> list[Route]:
    async def add(ask: Ask, given: DeviceChange | DestinationChange) -> Changed:
        only_check = bool(ask.query(CheckQuery).check)
        table = dict(table_of(given))
        made = await changes.put(kind, None, table, given.revision, only_check=only_check)
        if not only_check:
            await note(ask, "added", getattr(given, key), made.fields)
        return Changed(made.revision)

    async def put(ask: Ask, given: DeviceChange | DestinationChange) -> Changed:
        only_check = bool(ask.query(CheckQuery).check)
        name = ask.part("name")
        if getattr(given, key) != name:
            raise Mistakes((Mistake(key, _KEY_STAYS),))
        table = dict(table_of(given))
        made = await changes.put(kind, name, table, given.revision, only_check=only_check)
        if not only_check:
            await note(ask, "changed", name, made.fields)
        return Changed(made.revision)

    async def remove(ask: Ask, given: Removal) -> Changed:
        made: Change = await changes.remove(kind, ask.part("name"), given.revision)
        await note(ask, "removed", ask.part("name"), ())
        return Changed(made.revision)

    async def note(ask: Ask, what: str, name: str, fields: Iterable[str]) -> None:
        await access.note(ask.caller, f"{kind}.{what}", name, fields)

    async def check_new(_ask: Ask, given: DeviceChange | DestinationChange) -> None:
        await changes.put(kind, None, dict(table_of(given)), given.revision, only_check=True)

    async def check_changed(ask: Ask, given: DeviceChange | DestinationChange) -> None:
        table = dict(table_of(given))
        await changes.put(kind, ask.part("name"), table, given.revision, only_check=True)

    fresh = kind == "destination"
    base = f"/settings/{folder}"
    one = base + "/{name}"
    return [
        taking("POST", base, "arrange", change, add, fresh=fresh, check=check_new),
        taking("PUT", one, "arrange", change, put, fresh=fresh, check=check_changed),
        taking("DELETE", one, "arrange", Removal, remove, fresh=fresh),
    ]


_KEY_STAYS = Words(
    "stays as it is: the CRM knows what came under it; take this one out and add another.",
    "تغییر نمی‌کند، چون CRM آن را می‌شناسد؛ این را حذف و یکی تازه اضافه کنید.",
)
