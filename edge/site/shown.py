"""A site's settings for whoever may look: of a secret only that it is set."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from drivers.wire.address import LinkAddress, TcpAddress
from edge.local.settings_records import DestinationShown, DeviceShown, SettingsShown, Values
from edge.site.secret_fields import secret_fields
from edge.site.site import Destination, Device, Site


def shown(site: Site, revision: str, *, in_full: bool = True) -> SettingsShown:
    """What may be seen of the settings that have this revision.

    in_full: with the settings of each device and CRM, which name people and their numbers.
    """
    found = SettingsShown(
        revision=revision,
        name=site.name,
        timezone=site.timezone,
        history=_open(site.history),
        wire=_open(site.wire),
        commands=_open(site.commands),
        devices=tuple(_device(device) for device in site.device),
        destinations=tuple(_destination(entry) for entry in site.destination),
    )
    return found if in_full else _outline(found)


def _outline(found: SettingsShown) -> SettingsShown:
    return replace(
        found,
        devices=tuple(replace(each, settings={}, secrets=()) for each in found.devices),
        destinations=tuple(
            DestinationShown(name=each.name, kind=each.kind, settings={})
            for each in found.destinations
        ),
    )


def _device(device: Device) -> DeviceShown:
    return DeviceShown(
        key=device.key,
        driver=device.driver,
        link=link_table(device.link),
        settings=_open(device.settings),
        secrets=tuple(_secrets(device.settings)),
        commands=dict(device.commands),
        feeds={} if device.feeds is None else _open(device.feeds),
    )


def _destination(entry: Destination) -> DestinationShown:
    own, proxy = _secrets(entry.settings), _secrets(entry.connection, "connection.")
    return DestinationShown(
        name=entry.name,
        kind=entry.kind,
        settings=_open(entry.settings),
        forwarding=_open(entry.forwarding),
        connection=_open(entry.connection),
        wanted=_open(entry.wanted),
        secrets=(*own, *proxy),
    )


def link_table(link: LinkAddress) -> Values:
    """As it stands in site.toml."""
    return {"tcp": link.name} if isinstance(link, TcpAddress) else _open(link)


def _open(record: Struct) -> Values:
    """Every value, defaults among them, but no secret."""
    hidden = secret_fields(type(record))
    return {
        field.encode_name: msgspec.to_builtins(value)
        for field in msgspec.structs.fields(record)
        if field.encode_name not in hidden and (value := getattr(record, field.name)) is not None
    }


def _secrets(record: Struct, before: str = "") -> Iterator[str]:
    """The names of those that are set."""
    hidden = secret_fields(type(record))
    for field in msgspec.structs.fields(record):
        default: Any = field.default
        if field.encode_name in hidden and getattr(record, field.name) not in (default, "", None):
            yield before + field.encode_name
