"""The site's settings, as types, and how they are checked.

    tables ─▶ migrated to our version ─▶ checked field by field ─▶ Site
                                                  └─▶ SiteProblems: all mistakes at once

Checking opens no device and asks no network. site_file.py reads and writes the file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta, Struct

import drivers.catalog
import edge.delivery.destinations.catalog
from drivers.contract import Settings
from drivers.wire.address import LinkAddress, check_link, link_address
from edge.commands.box_commands import BoxCommands
from edge.delivery.connection import Connection
from edge.delivery.restraint import Forwarding
from edge.delivery.wanted import Wanted
from edge.errors import BadInput
from edge.journal.records import History
from edge.site.checking import Problem, Problems, TableReader, check_table, suggestion
from edge.site.feeds import Feeds, check_feeds
from edge.wire.settings import Wire

FILE = "site.toml"
VERSION = 1
KEPT = 5
BOX = "box"
"""The key under which the box's own events go out; no device may have it."""

Table = dict[str, Any]
T = TypeVar("T", bound=Struct)

MIGRATIONS: Mapping[int, Callable[[Table], Table]] = {}
"""From the version that a file has to the next one up."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_LINK_EXAMPLE = '{ serial = "/dev/ttyUSB0" } or { tcp = "192.168.1.20:2300" }'


PerHour = Annotated[int, Meta(ge=1, le=100_000)]


class Device(Struct, frozen=True):
    """One configured box of the branch. `key` is the name that the CRM knows it by.

    commands: what a CRM may order here, each with the most that it may within an hour. feeds: where
    another device sees the same calls.
    """

    key: str
    driver: str
    link: LinkAddress
    settings: Settings
    commands: dict[str, PerHour] = {}
    feeds: Feeds | None = None


class Destination(Struct, frozen=True):
    """One CRM. `kind` names a line of the destination table."""

    name: str
    kind: str
    settings: Settings
    forwarding: Forwarding = Forwarding()
    connection: Connection = Connection()
    wanted: Wanted = Wanted()


class Site(Struct, frozen=True):
    """The settings of a branch, checked. `timezone` is an IANA name that this box knows.

    history: how long delivered events stay. wire: how long what devices sent. commands: what a CRM
    may order the box itself.
    """

    version: int
    name: str
    timezone: str
    device: tuple[Device, ...] = ()
    destination: tuple[Destination, ...] = ()
    history: History = History()
    wire: Wire = Wire()
    commands: BoxCommands = BoxCommands()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class SiteProblems(BadInput):
    """Everything that is wrong with the settings."""

    def __init__(self, problems: list[Problem], path: Path | None = None) -> None:
        self.problems = tuple(problems)
        where = str(path or FILE)
        if len(problems) == 1:
            super().__init__(f"{where}: {problems[0]}")
        else:
            lines = "".join(f"\n  {problem}" for problem in problems)
            super().__init__(f"{where} has {len(problems)} mistakes:{lines}")


class Line(Protocol):
    """What is used of a line of the driver table or the destination table."""

    @property
    def settings(self) -> type[Settings]: ...


class Catalog(Protocol):
    """The driver table or the destination table."""

    NAMES: tuple[str, ...]

    def spec(self, name: str) -> Line: ...


def check(
    table: Table,
    devices: Catalog = drivers.catalog,
    destinations: Catalog = edge.delivery.destinations.catalog,
    folder: Path | None = None,
) -> Site:
    """Make a Site of the tables of a site file. Raises SiteProblems with every mistake in them.

    Files that settings name are checked too where the data directory is given.
    """
    found: Problems = []
    reader = TableReader(_migrated(table), "", found)
    reader.only(
        *("version", "name", "timezone", "history", "wire", "commands", "device", "destination")
    )
    _check_version(reader)
    name, timezone = reader.text("name"), _timezone(reader)
    history, wrong = check_table(History, reader.table.get("history", {}), "history")
    wire, mistakes = check_table(Wire, reader.table.get("wire", {}), "wire")
    commands, more = check_table(BoxCommands, reader.table.get("commands", {}), "commands")
    found += [*wrong, *mistakes, *more]
    ports: dict[str, str] = {}
    boxes = [_device(entry, devices, ports, folder) for entry in _entries(reader, "device", "key")]
    keys = _keys(reader.table.get("device"))
    check_feeds(reader, {at: (box.key, box.feeds) for at, box in enumerate(boxes) if box})
    crms = [
        _destination(entry, destinations, keys) for entry in _entries(reader, "destination", "name")
    ]
    if found or name is None or timezone is None or not (history and wire and commands):
        raise SiteProblems(found)
    return Site(
        VERSION,
        name,
        timezone,
        tuple(device for device in boxes if device),
        tuple(crm for crm in crms if crm),
        history,
        wire,
        commands,
    )


def _migrated(table: Table) -> Table:
    version = table.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        return table  # told with all other mistakes
    if version > VERSION:
        advice = f"update payvand, or bring back one of {FILE}.1 to {FILE}.{KEPT}"
        newer = f"{version} is from a newer payvand, this one reads up to {VERSION}: {advice}"
        raise SiteProblems([Problem("version", newer)])
    while version < VERSION and version in MIGRATIONS:
        table = MIGRATIONS[version](table)
        version += 1
    return {**table, "version": version}


def _check_version(reader: TableReader) -> None:
    version = reader.table.get("version")
    if version is None:
        reader.wrong("version", f"is missing: write version = {VERSION}")
    elif isinstance(version, bool) or not isinstance(version, int):
        reader.wrong("version", f"must be a number without quotes: write version = {VERSION}")
    elif version != VERSION:
        reader.wrong("version", f"{version} is none that was ever written: write {VERSION}")


def _timezone(reader: TableReader) -> str | None:
    name = reader.text("timezone")
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        from difflib import get_close_matches

        near = get_close_matches(name, available_timezones(), n=1)
        advice = f'did you mean "{near[0]}"?' if near else "write one such as Asia/Tehran"
        reader.wrong("timezone", f'"{name}" is no time zone that this box knows: {advice}')
        return None
    return name


def _entries(reader: TableReader, kind: str, key: str) -> Iterator[TableReader]:
    """Each table under `[[kind]]`; `key` must differ in each and follow the rule of names."""
    called = {"destination": "CRM"}.get(kind, kind)
    taken: set[str] = set()
    for number, table in enumerate(reader.entries(kind)):
        path = f"{kind}[{number}]"
        if not isinstance(table, Mapping):
            reader.wrong(path, f"must be a table: write [[{kind}]] above its lines")
            continue
        word = table.get(key)
        label = f'{path} "{word}"' if isinstance(word, str) and word.isprintable() else path
        entry = TableReader(table, label, reader.problems)
        if (name := entry.text(key)) is not None:
            if not _NAME.fullmatch(name):
                entry.wrong(
                    key, f'"{name}" must be of a-z, 0-9 and -, and not begin with -, such as pbx1'
                )
            if name in taken:
                entry.wrong(key, f"is the {key} of another {called} too: give each its own")
            taken.add(name)
        yield entry


def _device(
    entry: TableReader, catalog: Catalog, ports: dict[str, str], folder: Path | None
) -> Device | None:
    """Check one device. `ports` are those that the devices before it hold, each with its device."""
    entry.only("key", "driver", "link", "settings", "commands", "feeds")
    driver = entry.choice("driver", catalog.NAMES)
    commands = _commands(entry, catalog, driver)
    link = _link(entry)
    if link is not None and (port := link.port_held):
        if port in ports:
            entry.wrong("link", f"is the port of {ports[port]} too: give each device its own")
        ports.setdefault(port, f"the device {_called(entry)}")
    settings = _settings(entry, catalog, driver)
    if driver and settings and folder is not None:
        files = getattr(catalog.spec(driver), "files", lambda _settings, _folder: ())
        for field, problem in files(settings, folder):
            entry.wrong(f"settings.{field}", problem)
    feeds = _optional(entry, "feeds", Feeds) if "feeds" in entry.table else None
    key = entry.table.get("key")
    if key == BOX:
        entry.wrong("key", f'"{BOX}" is the name of this box itself in its events: take another')
    if isinstance(key, str) and driver and link and settings:
        return Device(key, driver, link, settings, commands, feeds)
    return None


def _called(entry: TableReader) -> str:
    """A device as people know it: by its key, where it has one."""
    return f'"{key}"' if isinstance(key := entry.table.get("key"), str) else entry.path


def _keys(devices: object) -> tuple[str, ...]:
    """Where events come from: the devices, right or wrong, and the box itself."""
    tables = devices if isinstance(devices, list) else ()
    keys = (table.get("key") for table in tables if isinstance(table, Mapping))
    return (*(key for key in keys if isinstance(key, str)), BOX)


def _commands(entry: TableReader, catalog: Catalog, driver: str | None) -> dict[str, int]:
    """The types of commands that are allowed, with their caps; the driver must know them."""
    table = entry.table.get("commands", {})
    if not isinstance(table, Mapping):
        entry.wrong("commands", 'must be a table: write [device.commands] above "type" = 30')
        return {}
    known = getattr(catalog.spec(driver), "commands", {}) if driver else table
    for kind, most in table.items():
        if kind not in known:
            here = f"executes {', '.join(sorted(known))}" if known else "executes no commands"
            entry.wrong(f"commands.{kind}", f"is not known: the driver {driver} {here}")
        try:
            msgspec.convert(most, PerHour)
        except msgspec.ValidationError:
            entry.wrong(
                f"commands.{kind}",
                "must be the most within an hour, from 1 to 100000, such as 30",
            )
    return dict(table)


def _destination(entry: TableReader, catalog: Catalog, keys: tuple[str, ...]) -> Destination | None:
    entry.only("name", "kind", "settings", "forwarding", "connection", "wanted")
    kind = entry.choice("kind", catalog.NAMES)
    settings = _settings(entry, catalog, kind)
    forwarding = _optional(entry, "forwarding", Forwarding)
    connection = _optional(entry, "connection", Connection)
    wanted = _optional(entry, "wanted", Wanted)
    _check_devices(entry, keys)
    name = entry.table.get("name")
    if isinstance(name, str) and kind and settings and forwarding and connection and wanted:
        return Destination(name, kind, settings, forwarding, connection, wanted)
    return None


def _optional(entry: TableReader, key: str, kind: type[T]) -> T | None:
    made, found = check_table(kind, entry.table.get(key, {}), f"{entry.path}.{key}")
    entry.problems.extend(found)
    return made


def _check_devices(entry: TableReader, keys: tuple[str, ...]) -> None:
    wanted = entry.table.get("wanted")
    for field in ("only_devices", "all_but_devices"):
        listed = wanted.get(field) if isinstance(wanted, Mapping) else None
        for at, key in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(key, str) and key not in keys:
                advice = f'"{key}" is no device of this site: {suggestion(key, keys)}'
                entry.wrong(f"wanted.{field}[{at}]", advice)


def _link(entry: TableReader) -> LinkAddress | None:
    table = entry.table.get("link")
    if not isinstance(table, Mapping):
        entry.wrong("link", f"must be a table such as {_LINK_EXAMPLE}")
        return None
    found = check_link(table)
    for field, message in found:
        entry.wrong(field, message)
    return None if found else link_address(table)


def _settings(entry: TableReader, catalog: Catalog, name: str | None) -> Settings | None:
    if name is None:
        return None
    kind = catalog.spec(name).settings
    return _optional(entry, "settings", kind)
