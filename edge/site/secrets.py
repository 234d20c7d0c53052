"""Between site.toml and the vault: what is written in clear goes in, a mark stays in its place.

    token = "s3cret"    ──move──▶   token = "(in the vault)"      also in the copies that are kept
    Site with marks     ──opened──▶ the same settings with the secrets, in memory only

A secret is named by its place, as `destination.crm.token`. The text around it stays as it was
written, comments included, where that can be done; else the file is written anew.
"""

import logging
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from msgspec import Struct
from msgspec.structs import replace

import drivers.catalog
import edge.delivery.destinations.catalog
from edge.delivery.connection import Connection
from edge.durable_file import replace_file
from edge.site.secret_fields import MARK, secret_fields
from edge.site.site import FILE, KEPT, Catalog, Destination, Device, Site, Table
from edge.vault import SecretLost, Vault

_LOG = logging.getLogger(__name__)

T = TypeVar("T", bound=Struct)
E = TypeVar("E", Device, Destination)

_KINDS: tuple[tuple[str, str, str, Catalog], ...] = (
    ("device", "key", "driver", drivers.catalog),
    ("destination", "name", "kind", edge.delivery.destinations.catalog),
)


@dataclass(frozen=True, slots=True)
class _Written:
    """A secret in clear, in a table of a file. name: of its place, for the vault."""

    name: str
    table: Table
    key: str

    @property
    def text(self) -> str:
        return str(self.table[self.key])


def move(path: Path, vault: Vault) -> int:
    """Bring the secrets of a site file, and of the copies kept of it, into the vault.

    Returns how many the file had. Raises SecretLost and OSError; then a secret may be in both.
    """
    count = _move(path, vault, frozenset())
    for older in (path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1)):
        if older.exists():
            _move(older, vault, vault.names())  # what is in the vault is newer
    return count


def hide(tables: Table, vault: Vault) -> Table:
    """Bring the secrets of a site's tables into the vault; the tables with marks in their place.

    Raises SecretLost.
    """
    found = list(_written(tables))
    if found:
        vault.put({each.name: each.text for each in found})
    for each in found:
        each.table[each.key] = MARK
    return tables


class Secrets:
    """The secrets of one data directory's site, for those that need them.

    lost: a sentence for each that cannot be had. Getting one is heavy the first time.
    """

    def __init__(self, folder: Path, box: str) -> None:
        self.lost: list[str] = []
        self._path = folder / FILE
        self.vault = Vault(folder, box)

    def guard(self, site: Site) -> Site:
        """Move what site.toml tells in clear; returns the site with its destinations' secrets.

        Where the vault cannot take them they stay, and the next start tries again.
        """
        try:
            if count := move(self._path, self.vault):
                _LOG.info("%d passwords and tokens of %s lie in the vault now", count, FILE)
            self.vault.prefer_credential()
        except (SecretLost, OSError) as error:
            _LOG.warning("passwords and tokens stay in %s: %s", FILE, error)
        return replace(site, destination=tuple(map(self.opened, site.destination)))

    def opened_devices(self, site: Site) -> Site:
        """The site with its devices' secrets, without those that are lost."""
        return replace(site, device=tuple(map(self.opened, site.device)))

    def opened_site(self, site: Site) -> Site:
        """The site with all secrets, without those that are lost."""
        self.lost.clear()
        opened = self.opened_devices(site)
        return replace(opened, destination=tuple(map(self.opened, site.destination)))

    def opened(self, entry: E) -> E:
        """A device or destination with its secrets, without those that are lost."""
        return _each(entry, self._opened)

    def _opened(self, settings: T, name: str) -> T:
        try:
            return _found(settings, name, self.vault)
        except SecretLost as error:
            _LOG.error("%s", error)
            self.lost.append(str(error))
            return replace(settings, **dict.fromkeys(_marked(settings), ""))


def opened(entry: E, vault: Vault) -> E:
    """A device or destination with what of it lies in the vault. Raises SecretLost."""
    return _each(entry, lambda settings, name: _found(settings, name, vault))


def _each(entry: E, change: Callable[[Any, str], Any]) -> E:
    """The entry with each of its parts that may hold secrets changed, given the part's place."""
    if isinstance(entry, Device):
        return replace(entry, settings=change(entry.settings, f"device.{entry.key}"))
    place = f"destination.{entry.name}"
    return replace(
        entry,
        settings=change(entry.settings, place),
        connection=change(entry.connection, f"{place}.connection"),
    )


def _found(settings: T, name: str, vault: Vault) -> T:
    found = {field: vault.get(f"{name}.{field}") for field in _marked(settings)}
    return replace(settings, **found) if found else settings


def _marked(settings: Struct) -> list[str]:
    return [field for field in secret_fields(type(settings)) if getattr(settings, field) == MARK]


def _move(path: Path, vault: Vault, held: frozenset[str]) -> int:
    text = path.read_text(encoding="utf-8-sig")
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError):
        return 0  # a copy that was never right
    found = list(_written(tables))
    if not found:
        return 0
    if fresh := {each.name: each.text for each in found if each.name not in held}:
        vault.put(fresh)
    replace_file(path, _with_marks(text, tables, found).encode())
    return len(found)


def _written(tables: Table) -> Iterator[_Written]:
    """Every secret in clear, in tables that need not be right otherwise."""
    for kind, key, line, catalog in _KINDS:
        entries = tables.get(kind)
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict) or entry.get(line) not in catalog.NAMES:
                continue
            place = f"{kind}.{entry.get(key)}"
            yield from _in(entry.get("settings"), catalog.spec(entry[line]).settings, place)
            yield from _in(entry.get("connection"), Connection, f"{place}.connection")


def _in(table: object, kind: type[Struct], place: str) -> Iterator[_Written]:
    if isinstance(table, dict):
        for field in sorted(secret_fields(kind)):
            value = table.get(field)
            if isinstance(value, str) and value not in ("", MARK):
                yield _Written(f"{place}.{field}", table, field)


def _with_marks(text: str, tables: Table, found: list[_Written]) -> str:
    """The text with marks, `tables` being what it says; those are marked too."""
    for each in found:
        basic = tomli_w.dumps({"": each.text}).partition("= ")[2].strip()
        literals = "|".join(map(re.escape, (basic, f"'{each.text}'")))
        text = re.sub(rf"(\b{each.key}\s*=\s*)(?:{literals})", rf'\g<1>"{MARK}"', text)
    for each in found:
        each.table[each.key] = MARK
    try:
        unchanged = tomllib.loads(text) == tables
    except ValueError:
        unchanged = False
    return text if unchanged else tomli_w.dumps(tables)
