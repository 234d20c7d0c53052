"""The site's settings as a file: one `site.toml` in the data directory.

    load:  TOML ─▶ site.check ─▶ Site, or SiteProblems with the file's name
    save:  Site ─▶ TOML, replaced atomically, the last five kept as site.toml.1 … .5

What equals its default is not written.
"""

import re
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from drivers.wire.address import LinkAddress, TcpAddress
from edge.durable_file import replace_file
from edge.errors import BadInput
from edge.site.checking import Problem, non_defaults
from edge.site.site import KEPT, VERSION, Site, SiteProblems, Table, check

_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


def load(path: Path) -> Site:
    """Read and check a site file. Raises SiteProblems with every mistake in it."""
    try:
        return check(_parsed(path), folder=path.parent)
    except SiteProblems as error:
        raise SiteProblems(list(error.problems), path) from error


def save(site: Site, path: Path) -> None:
    """Write a site file; returns when it is on the disk. After an OSError the old one stands."""
    replace_file(path, to_toml(site).encode(), KEPT)


def to_toml(site: Site) -> str:
    """The text of a site file."""
    head: Table = {"version": VERSION, "name": site.name, "timezone": site.timezone}
    if history := non_defaults(site.history):
        head["history"] = history
    if wire := non_defaults(site.wire):
        head["wire"] = wire
    if commands := non_defaults(site.commands):
        head["commands"] = commands
    parts = [tomli_w.dumps(head)]
    for device in site.device:
        parts.append("[[device]]\n")
        parts.append(tomli_w.dumps({"key": device.key, "driver": device.driver}))
        tables = {"link": _link_table(device.link), "settings": non_defaults(device.settings)}
        if device.commands:
            tables["commands"] = device.commands
        if device.feeds is not None:
            tables["feeds"] = msgspec.to_builtins(device.feeds)
        parts.append(tomli_w.dumps({"device": tables}))
    for destination in site.destination:
        parts.append("[[destination]]\n")
        parts.append(tomli_w.dumps({"name": destination.name, "kind": destination.kind}))
        tables = {"settings": non_defaults(destination.settings)}
        for key in ("forwarding", "connection", "wanted"):
            if part := non_defaults(getattr(destination, key)):
                tables[key] = part
        parts.append(tomli_w.dumps({"destination": tables}))
    return "".join(parts)


def _parsed(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadInput(
            f"{path} does not exist: create it with version, name, timezone and a [[device]], "
            "like the example in the README"
        ) from error
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read ({error.strerror}): make it a file that payvand may read"
        ) from error
    except UnicodeDecodeError as error:
        raise _whole_file("holds a byte that is not UTF-8: save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        text = _TOML_PLACE.sub("", str(error))
        if place and place["line"]:
            problem = Problem(f"line {place['line']}", f"{text} at column {place['column']}")
            raise SiteProblems([problem]) from error
        raise _whole_file(f"{text} in the last line: correct the file's end") from error
    except ValueError as error:  # Python reads no integer of more than 4300 digits
        raise _whole_file("holds a number with thousands of digits: correct it") from error
    except RecursionError as error:
        raise _whole_file("holds brackets in brackets, far too deep: correct them") from error


def _whole_file(message: str) -> SiteProblems:
    return SiteProblems([Problem("the file", message)])


def _link_table(link: LinkAddress) -> Table:
    return {"tcp": link.name} if isinstance(link, TcpAddress) else non_defaults(link)
