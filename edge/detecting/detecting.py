"""What is plugged in and what it says, put together for `payvand detect`.

drivers.catalog ─▶ evidence of each ─▶ an ear per port ─▶ proposals ─▶ [[device]] for site.toml
a port that the running edge holds is not opened: its bytes come over the control socket
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli_w
from msgspec import Struct

from drivers import catalog
from drivers.detect.ear import Ear
from drivers.detect.plugged import Known, Plugged, plugged
from drivers.detect.proposal import Proposal, Readers
from drivers.detect.users import users
from drivers.errors import DeviceError
from drivers.wire.address import SerialAddress, UsbAddress
from drivers.wire.locate import locate
from edge.site.site import Device, Site


class Found(Struct, frozen=True, kw_only=True):
    """One thing that is plugged in. device: the key of the site's device that it is, if it is one.

    held_by: the programs that have its port open, as far as this user may see.
    """

    plugged: Plugged
    device: str | None = None
    held_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen: a port, and how it is called in site.toml."""

    name: str
    port: str
    link: Mapping[str, object]


def readers() -> Readers:
    """What each driver says of bytes."""
    return {name: catalog.spec(name).evidence for name in catalog.NAMES}


def look(site: Site | None, data: Path, root: Path = Path("/")) -> list[Found]:
    """Everything that may bring calls. Blocks for some milliseconds."""
    known = [Known(name, unit) for name in catalog.NAMES for unit in catalog.spec(name).units(data)]
    keys = _ports_of(site, root)
    return [
        Found(
            plugged=each,
            device=keys.get(each.port or ""),
            held_by=_held_by(each.port, root) if each.port else (),
        )
        for each in plugged(known, root)
    ]


def place_of(found: Found) -> Place | None:
    """Where to listen to it; None for what has no serial port."""
    each = found.plugged
    if each.port is None:
        return None
    if each.identity is None:
        return Place(each.name, each.port, {"serial": each.port})
    return Place(
        each.name,
        each.port,
        {"usb": f"{each.identity.vendor}:{each.identity.product}", "path": _socket(each)},
    )


def named_place(port: str, everything: list[Found], root: Path = Path("/")) -> Place:
    """The place of a port by any of its names, links to it included."""
    here = (root / port.lstrip("/")).resolve()
    for found in everything:
        name = found.plugged.port
        if name and (root / name.lstrip("/")).resolve() == here and (place := place_of(found)):
            return place
    return Place(port, port, {"serial": port})


def block(proposal: Proposal, link: Mapping[str, object], taken: Collection[str]) -> str:
    """The lines for site.toml; its key is one that no device of the site has."""
    line = {**link, "baud": proposal.baud, "format": proposal.format}
    return device_block(proposal.driver, line, proposal.settings, taken)


def known_block(found: Found, taken: Collection[str]) -> str | None:
    """The same for a unit without a serial port that a driver knows by its USB ids."""
    each = found.plugged
    if each.known is None or each.identity is None or each.port is not None:
        return None
    link = {"hid": each.known.unit.usb, "path": each.identity.path}
    return device_block(each.known.driver, link, each.known.unit.settings, taken)


def device_block(
    driver: str,
    link: Mapping[str, object],
    settings: Mapping[str, object],
    taken: Collection[str],
) -> str:
    """A device as text."""
    number = next(count for count in range(1, 1000) if f"{driver}{count}" not in taken)
    head = tomli_w.dumps({"key": f"{driver}{number}", "driver": driver})
    return f"[[device]]\n{head}link = {_inline(link)}\nsettings = {_inline(settings)}\n"


def ear_of(device: Device) -> Ear:
    """An ear for a device whose port another program holds at the speed of its settings."""
    link = device.link
    return Ear(
        readers(),
        fixed=link.baud if isinstance(link, SerialAddress | UsbAddress) else None,
        line_format=link.format if isinstance(link, SerialAddress | UsbAddress) else "8N1",
    )


def _inline(table: Mapping[str, object]) -> str:
    lines = tomli_w.dumps(dict(table)).splitlines()
    return f"{{ {', '.join(lines)} }}"


def _socket(each: Plugged) -> str:
    """With the interface where the adapter has several ports."""
    assert each.identity is not None  # noqa: S101  place_of asked
    interface = each.identity.interface
    return f"{each.identity.path}:1.{interface}" if interface else each.identity.path


def _ports_of(site: Site | None, root: Path) -> dict[str, str]:
    keys = {}
    for device in site.device if site else ():
        if isinstance(device.link, SerialAddress | UsbAddress):
            try:
                port = locate(device.link, root, None)
            except DeviceError:
                continue
            keys[f"/dev/{(root / port.lstrip('/')).resolve().name}"] = device.key
    return keys


def _held_by(port: str, root: Path) -> tuple[str, ...]:
    return tuple(f"{name} (pid {pid})" for pid, name in users(root / port.lstrip("/"), root))
