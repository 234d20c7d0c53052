"""What the client asks about settings: see edge.local.settings_records."""

from urllib.parse import quote

import msgspec
from msgspec import Struct

from edge.local.asking import Asking
from edge.local.settings_records import (
    Changed,
    DestinationChange,
    DeviceChange,
    Forms,
    Removal,
    SettingsShown,
    SiteChange,
)

_CHANGE_SECONDS = 30.0
"""A change may wait for a full disk, and for a device to be let go."""


class SettingsCalls(Asking):
    """A part of edge.local.client.Client.

    Every change gives the new revision. It raises Mistakes with the paths of the fields, such as
    `settings.model` or `link.tcp`, Conflict where the revision is not that of now, Unknown, Unable.
    """

    async def forms(self) -> Forms:
        """What can be set, for drawing and checking forms; the same until the next update."""
        return await self._get("/forms", Forms)

    async def settings(self) -> SettingsShown:
        """The settings without their secrets."""
        return await self._get("/settings", SettingsShown)

    async def change_site(self, change: SiteChange) -> Changed:
        """Name, time zone, history."""
        return await self._change("PUT", "/settings/site", change)

    async def check_device(self, change: DeviceChange, *, new: bool) -> None:
        """Raises Mistakes with every mistake; changes nothing."""
        await self._change(*_device(change, new=new), change, check=True)

    async def add_device(self, change: DeviceChange) -> Changed:
        """It is served at once."""
        return await self._change(*_device(change, new=True), change)

    async def change_device(self, change: DeviceChange) -> Changed:
        """It starts anew; the others go on untouched."""
        return await self._change(*_device(change, new=False), change)

    async def remove_device(self, key: str, revision: str) -> Changed:
        """Its events stay."""
        path = f"/settings/devices/{quote(key, safe='')}"
        return await self._change("DELETE", path, Removal(revision))

    async def check_destination(self, change: DestinationChange, *, new: bool) -> None:
        """Raises Mistakes with every mistake; changes nothing."""
        await self._change(*_destination(change, new=new), change, check=True)

    async def add_destination(self, change: DestinationChange) -> Changed:
        """It gets all events that are still there."""
        return await self._change(*_destination(change, new=True), change)

    async def change_destination(self, change: DestinationChange) -> Changed:
        """It starts anew, where it was."""
        return await self._change(*_destination(change, new=False), change)

    async def remove_destination(self, name: str, revision: str) -> Changed:
        """What it does not have yet is not kept for it."""
        path = f"/settings/destinations/{quote(name, safe='')}"
        return await self._change("DELETE", path, Removal(revision))

    async def _change(
        self, method: str, path: str, change: Struct, *, check: bool = False
    ) -> Changed:
        return await self._one(
            method,
            path,
            msgspec.json.Decoder(Changed).decode,
            change,
            query={"check": "1"} if check else None,
            seconds=_CHANGE_SECONDS,
        )


def _device(change: DeviceChange, *, new: bool) -> tuple[str, str]:
    base = "/settings/devices"
    return ("POST", base) if new else ("PUT", f"{base}/{quote(change.key, safe='')}")


def _destination(change: DestinationChange, *, new: bool) -> tuple[str, str]:
    base = "/settings/destinations"
    return ("POST", base) if new else ("PUT", f"{base}/{quote(change.name, safe='')}")
