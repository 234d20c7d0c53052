"""Changes of the settings while the edge runs.

    site.toml ─▶ tables, one entry changed ─▶ checked ─▶ vault: secrets ─▶ site.toml ─▶ in force
                                                 └─ every mistake, with its field

What is in the file counts: a change by hand is taken along. A file that the page writes loses its
comments. A secret that is not given stays, as the mark in its place; but where the address changes
to which it goes, of a CRM or of a device in the network, it must be given again, so that nobody has
it sent to himself.
"""

import asyncio
import hashlib
import re
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import drivers.catalog
import edge.delivery.destinations.catalog
from edge.access.refusals import Conflict, Mistake, Mistakes, Unable, Unknown
from edge.delivery.connection import Connection
from edge.local.issue import Words
from edge.local.persian_problems import in_both
from edge.site.file import save, to_toml
from edge.site.secret_fields import MARK, secret_fields
from edge.site.secrets import hide
from edge.site.site import Catalog, Site, SiteProblems, Table, check
from edge.vault import SecretLost, Vault

Kind = Literal["device", "destination"]
_CATALOGS: Mapping[Kind, Catalog] = {
    "device": drivers.catalog,
    "destination": edge.delivery.destinations.catalog,
}
_WITH_SECRETS = ("settings", "connection")
_PLACES = ("url", "host", "port", "proxy")
"""Settings that tell where a CRM's secrets go."""
_ONCE_MORE = Words(
    "Give it once more: it goes to another address now.",
    "دوباره بنویسید؛ اکنون به نشانی دیگری می‌رود.",
)
_MEANWHILE = Words(
    "Somebody else changed the settings meanwhile: look at them again.",
    "در این میان کس دیگری تنظیمات را تغییر داد؛ دوباره نگاه کنید.",
)
_BROKEN = Words(
    "site.toml was changed by hand and has mistakes: `payvand doctor` names them.",
    "فایل site.toml دستی تغییر کرده و اشکال دارد؛ `payvand doctor` آن را نشان می‌دهد.",
)


@dataclass(frozen=True, slots=True)
class Change:
    """revision: of the settings now. fields: the paths of what differs, never a value."""

    revision: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Edited:
    """place: under which the mistakes of what was changed are told, "" for the whole.

    lacking: secrets that would go to another address, by their fields there.
    """

    tables: Table
    fields: tuple[str, ...]
    place: str
    lacking: tuple[str, ...] = ()


class SiteChanges:
    """Of the site file of one running edge. change: lets settings count."""

    def __init__(self, path: Path, vault: Vault, change: Callable[[Site], Awaitable[None]]) -> None:
        self._path = path
        self._vault = vault
        self._change = change
        self._turn = asyncio.Lock()

    async def read(self) -> tuple[Site, str]:
        """The settings in the file, and their revision. Raises Unable."""
        text = await asyncio.to_thread(self._text)
        try:
            return await asyncio.to_thread(check, _tables(text)), _revision(text)
        except SiteProblems as error:
            raise Unable(_BROKEN) from error

    async def put(
        self, kind: Kind, name: str | None, entry: Table, revision: str, *, only_check: bool = False
    ) -> Change:
        """Change the device or destination of that name, or add one where it is None.

        only_check: find the mistakes, and change nothing. Raises Mistakes, Conflict, Unknown and
        Unable.
        """

        def edit(tables: Table) -> _Edited:
            entries = list(tables.get(kind, []))
            at = len(entries) if name is None else _place(entries, kind, name)
            old = entries[at] if at < len(entries) else {}
            new = _with_secrets(kind, old, entry)
            entries[at : at + 1] = [new]
            lacking = tuple(_lacking(old, new, entry))
            fields = _differing(old, new)
            return _Edited({**tables, kind: entries}, fields, f"{kind}[{at}]", lacking)

        return await self._edit(edit, revision, only_check=only_check)

    async def remove(self, kind: Kind, name: str, revision: str) -> Change:
        """Take a device or destination out. Raises as `put`."""

        def edit(tables: Table) -> _Edited:
            entries = list(tables.get(kind, []))
            del entries[_place(entries, kind, name)]
            return _Edited({**tables, kind: entries}, (), "")

        return await self._edit(edit, revision)

    async def general(self, given: Table, revision: str) -> Change:
        """Change what is of the whole box, by its name in the file. Raises as `put`."""

        def edit(tables: Table) -> _Edited:
            return _Edited({**tables, **given}, _differing(tables, {**tables, **given}), "")

        return await self._edit(edit, revision)

    async def _edit(
        self, edit: Callable[[Table], "_Edited"], revision: str, *, only_check: bool = False
    ) -> Change:
        async with self._turn:
            text = await asyncio.to_thread(self._text)
            if revision != _revision(text):
                raise Conflict(_MEANWHILE)
            edited = edit(await asyncio.to_thread(_tables, text))
            found = [Mistake(field, _ONCE_MORE) for field in edited.lacking]
            try:
                site = await asyncio.to_thread(check, edited.tables)
            except SiteProblems as error:
                others = await asyncio.to_thread(_mistakes, error, edited.place)
                found += [each for each in others if each.field not in edited.lacking]
                raise Mistakes(tuple(found)) from error
            if found:
                raise Mistakes(tuple(found))
            if only_check:
                return Change(revision, edited.fields)
            site = await asyncio.to_thread(self._write, site)
            # Once written it must count, also when the asker has gone meanwhile.
            await asyncio.shield(self._change(site))
            return Change(_revision(await asyncio.to_thread(self._text)), edited.fields)

    def _write(self, site: Site) -> Site:
        """Secrets to the vault, then the file in its place; the site as the file has it."""
        try:
            hidden = check(hide(tomllib.loads(to_toml(site)), self._vault))
            save(hidden, self._path)
        except (OSError, SecretLost) as error:
            text = f"The settings stay as they are, nothing can be written: {error}"
            raise Unable(Words(text, "تنظیمات ذخیره نشد؛ حافظه را بررسی کنید.")) from error
        return hidden

    def _text(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            text = f"{self._path} cannot be read: {error}"
            raise Unable(Words(text, "فایل تنظیمات خوانده نمی‌شود.")) from error


def _revision(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(entries: list[Any], kind: Kind, name: str) -> int:
    key = "key" if kind == "device" else "name"
    for at, each in enumerate(entries):
        if each.get(key) == name:
            return at
    raise Unknown(Words(f"There is no {kind} {name} any more.", "این مورد دیگر وجود ندارد."))


def _with_secrets(kind: Kind, old: Table, new: Table) -> Table:
    """The new entry, with the marks of the old one's secrets where it says nothing of them.

    A mark that is given is none: it would bring out what lies in the vault under this name.
    """
    line = "driver" if kind == "device" else "kind"
    parts = {part: _secret_fields(kind, new.get(line), part) for part in _WITH_SECRETS}
    stays = old.get(line) == new.get(line) and all(
        _goes_on(_dict(old.get(part)), _dict(new.get(part)), secret)
        for part, secret in parts.items()
    )
    before, tcp = _dict(old.get("link")).get("tcp"), _dict(new.get("link")).get("tcp")
    stays = stays and tcp in (None, before)
    made = dict(new)
    for part, secret in parts.items():
        given = _dict(new.get(part))
        kept = {key: MARK for key, value in _dict(old.get(part)).items() if value == MARK}
        table = {**(kept if stays else {}), **{k: v for k, v in given.items() if v != MARK}}
        table = {key: value for key, value in table.items() if value != "" or key not in secret}
        if table or part in new:
            made[part] = table
    return made


def _lacking(old: Table, new: Table, given: Table) -> Iterator[str]:
    """The secrets of the old entry that neither stay in the new one nor were spoken of."""
    if (old.get("driver"), old.get("kind")) != (new.get("driver"), new.get("kind")):
        return
    for part in _WITH_SECRETS:
        for key, value in _dict(old.get(part)).items():
            said = _dict(given.get(part)).get(key, MARK)
            if value == MARK and said == MARK and key not in _dict(new.get(part)):
                yield f"{part}.{key}"


def _goes_on(old: Table, new: Table, secret: frozenset[str]) -> bool:
    """Whether a CRM's secrets go to the same place; an address that is secret may be left out."""
    places = [each for each in _PLACES if each in new or each not in secret]
    return all(old.get(place) == new.get(place) for place in places)


def _secret_fields(kind: Kind, line: object, part: str) -> frozenset[str]:
    if part == "connection":
        return secret_fields(Connection)
    catalog = _CATALOGS[kind]
    known = isinstance(line, str) and line in catalog.NAMES
    return secret_fields(catalog.spec(str(line)).settings) if known else frozenset()


def _dict(value: object) -> Table:
    return value if isinstance(value, dict) else {}


def _differing(old: Table, new: Table, before: str = "") -> tuple[str, ...]:
    """The paths of what is not the same in both, down to each setting: inside there are values."""
    found: list[str] = []
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        if not before and (isinstance(one, dict) or isinstance(other, dict)):
            found += _differing(_dict(one), _dict(other), f"{key}.")
        elif one != other:
            found.append(f"{before}{key}")
    return tuple(found)


def _mistakes(error: SiteProblems, place: str) -> tuple[Mistake, ...]:
    """With their fields as the asker knows them: inside of what he changed."""
    entry = re.compile(rf'{re.escape(place)}(?: "[^"]*")?\.?')
    told = []
    for problem in error.problems:
        found = entry.match(problem.field) if place else None
        field = problem.field[found.end() :] if found else problem.field
        told.append(Mistake(field, in_both(problem.message, problem.persian)))
    return tuple(told)


def _tables(text: str) -> Table:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unable(_BROKEN) from error
