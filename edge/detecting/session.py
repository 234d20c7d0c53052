"""One run of `payvand detect`: every port that may be heard, until all are known."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from time import monotonic
from typing import Self

from drivers.detect.ear import Ear
from drivers.detect.listening import listen
from drivers.errors import DeviceError, LinkLost
from drivers.wire.address import SerialAddress, UsbAddress, link_address
from drivers.wire.locate import locate
from drivers.wire.quiet_port import QuietPort
from edge.detecting.detecting import (
    Found,
    Place,
    block,
    ear_of,
    known_block,
    look,
    named_place,
    place_of,
    readers,
)
from edge.detecting.words import Teller
from edge.errors import BadInput, CommandFailed
from edge.local.client import Client, NotAnswering, NotRunning
from edge.local.wire_records import WireChunk
from edge.service.unwrapped import unwrapped
from edge.site.file import load
from edge.site.site import FILE, Device, Site

AGAIN_SECONDS = 1.0
ENOUGH_RECORDS = 6
"""A call has so many, and tells with them what a few rings leave open."""


class Unheard(CommandFailed):
    """A port that was named cannot be heard; code: of the device's error."""

    def __init__(self, error: DeviceError) -> None:
        super().__init__(error.advice)
        self.code = error.code


class Session:
    """recognized: something was proposed, with whatever confidence."""

    def __init__(self, data: Path, site: Site | None, found: Sequence[Found], tell: Teller) -> None:
        self.recognized = False
        self._data = data
        self._site = site
        self._found = list(found)
        self._tell = tell
        self._taken = {device.key for device in site.device} if site else set()

    @classmethod
    async def begin(cls, data: Path, tell: Teller) -> Self:
        """Look at what is plugged in, and tell it."""
        site = None
        with suppress(BadInput):  # no site yet, or one with mistakes: then every port is a new one
            site = await asyncio.to_thread(load, data / FILE)
        found = await asyncio.to_thread(look, site, data)
        session = cls(data, site, found, tell)
        blocks = [text for each in found if (text := known_block(each, session._taken))]
        session.recognized = bool(blocks)
        tell.plugged(found, blocks)
        return session

    async def listen(self, port: str | None, seconds: float | None) -> None:
        """Listen to one port or device, or to all that are free or the box's own.

        Raises CommandFailed where a named one cannot be heard.
        """
        served = await self._served()
        with suppress(TimeoutError), unwrapped():
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for device in self._devices_to_hear(port, served):
                    group.create_task(self._hear_device(device))
                for place in self._places_to_hear(port, served):
                    group.create_task(self._hear_port(place, named=port is not None))

    def tell(self, name: str, ear: Ear, link: Mapping[str, object]) -> None:
        """What is new of a port."""
        self.recognized = self.recognized or bool(ear.proposals)
        blocks = [block(each, link, self._taken) for each in ear.proposals]
        self._tell.heard(name, ear, blocks)

    async def _served(self) -> tuple[Device, ...]:
        """The devices with a serial port that a running box serves here."""
        try:
            async with Client(self._data) as edge:
                running = {device.key for device in (await edge.status()).devices}
        except NotRunning:
            return ()
        except CommandFailed as error:
            self._tell.trouble("payvand", str(error))
            return ()
        return tuple(
            device
            for device in (self._site.device if self._site else ())
            if device.key in running and isinstance(device.link, SerialAddress | UsbAddress)
        )

    def _devices_to_hear(self, port: str | None, served: Sequence[Device]) -> list[Device]:
        if port is None:
            return list(served)
        found = {each.plugged.port: each.device for each in self._found}
        return [device for device in served if device.key in {port, found.get(port)}]

    def _places_to_hear(self, port: str | None, served: Sequence[Device]) -> list[Place]:
        if port is not None:
            if self._devices_to_hear(port, served):
                return []
            if not port.startswith("/"):
                raise BadInput(
                    f'"{port}" is no port and no device that a running box serves: write a port as'
                    " /dev/ttyUSB0"
                )
            return [named_place(port, self._found)]
        own = {device.key for device in served}
        free = [each for each in self._found if not each.held_by and each.device not in own]
        return [place for each in free if (place := place_of(each))]

    async def _hear_port(self, place: Place, *, named: bool) -> None:
        """Until it is known for certain. A port that is pulled out is awaited."""
        ear = Ear(readers())
        told = _Told(self, place.name, place.link)
        opened = False
        while not told.certain:
            try:
                with await asyncio.to_thread(_open, place, ear.baud) as port:
                    if opened:
                        self._tell.trouble(place.name, "it is back", "back")
                    opened = True
                    await listen(port, ear, lambda: told.enough(ear))
            except LinkLost as lost:
                self._tell.trouble(place.name, lost.advice, lost.code)
            except DeviceError as error:
                if not opened and named:
                    raise Unheard(error) from error
                if not opened:
                    self._tell.trouble(place.name, error.advice, error.code)
                    return
            if not told.certain:
                await asyncio.sleep(AGAIN_SECONDS)

    async def _hear_device(self, device: Device) -> None:
        """Through the box that holds its port; the speed stays what it is."""
        ear = ear_of(device)
        told = _Told(self, f"device {device.key}", _plain_link(device))
        chunks: asyncio.Queue[WireChunk] = asyncio.Queue()
        async with Client(self._data) as edge, asyncio.TaskGroup() as group:
            pump = group.create_task(_pump(edge, device.key, chunks))
            while not told.enough(ear):
                due = ear.due()
                wait = None if due is None else max(0.0, due - monotonic())
                try:
                    async with asyncio.timeout(wait):
                        chunk = await chunks.get()
                except TimeoutError:
                    ear.tick(monotonic())
                else:
                    if chunk.way == "<" and chunk.data:
                        ear.hear(chunk.at, chunk.data)
            pump.cancel()


class _Told:
    """What was told of one port, so that nothing is told twice."""

    def __init__(self, session: Session, name: str, link: Mapping[str, object]) -> None:
        self._session = session
        self._name = name
        self._link = link
        self._last: object = None
        self.certain = False

    def enough(self, ear: Ear) -> bool:
        """Tell what is new; whether it is known for certain now."""
        best = next(iter(ear.proposals), None)
        self.certain = (
            best is not None and best.confidence == "certain" and best.records >= ENOUGH_RECORDS
        )
        if best is not None:
            state: object = (best.driver, best.baud, best.format, best.settings, best.confidence)
        else:
            state = (ear.state, ear.state != "silent" and ear.likely_baud)
        if state != self._last:
            self._last = state
            self._session.tell(self._name, ear, self._link)
        return self.certain


async def _pump(edge: Client, key: str, chunks: "asyncio.Queue[WireChunk]") -> None:
    async with aclosing(edge.wire(key, follow=True)) as found:
        async for chunk in found:
            await chunks.put(chunk)
    raise NotAnswering("payvand stopped while it was listened to: start it, then ask again")


def _open(place: Place, baud: int) -> QuietPort:
    """The port may have another name now than when it was looked for."""
    port = locate(_serial(place.link), Path("/"), None)
    return QuietPort(port, baud)


def _serial(link: Mapping[str, object]) -> SerialAddress | UsbAddress:
    address = link_address(link)
    assert isinstance(address, SerialAddress | UsbAddress)  # noqa: S101  place_of made it
    return address


def _plain_link(device: Device) -> dict[str, object]:
    """A device's link as site.toml has it, without the speed."""
    if isinstance(device.link, SerialAddress):
        return {"serial": device.link.serial}
    assert isinstance(device.link, UsbAddress)  # noqa: S101  _served chose it
    path = {} if device.link.path is None else {"path": device.link.path}
    return {"usb": device.link.usb, **path}
