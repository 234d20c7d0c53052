"""Keeps one device served for as long as the edge runs, whatever happens to its link.

    open link ─▶ driver.run ─▶ link lost ─▶ tell offline once ─▶ wait ─▶ open link …
                                                                  1 s, then 2 s

This and the forwarder are the places that catch everything: a driver's bug must not stop the other
devices, nor a destination's.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import msgspec

from drivers.contract import Driver, Link, Waits
from drivers.detect.usb import UsbIdentity
from drivers.errors import DeviceError, DeviceRefused, LinkMissing
from drivers.events import DeviceState, Fact
from drivers.wire.address import LinkAddress
from drivers.wire.open import open_link
from edge.intake.intake import Intake
from edge.intake.tap import Tap, TappedLink
from edge.journal.journal import Journal, JournalFailed
from edge.local.status import DeviceStatus, DeviceWord

_LOG = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 2.0
"""Seconds between two attempts at a port or host: a unit put back must be served within 3 s."""
REFUSED_WAIT = 60.0
"""Seconds before a device that refused is asked again."""
HEALTHY = 60.0
"""Seconds of service after which earlier failures are forgiven."""


class Supervisor:
    """One device, with its tap and its state for `payvand status`.

    tried: set once the link was opened, or failed to open, for the first time. online: set while
    the driver serves the device. link: the open one, None while there is none.
    """

    def __init__(  # noqa: PLR0913 - the parts of one device, joined here and nowhere else
        self,
        driver_name: str,
        address: LinkAddress,
        driver: Driver,
        intake: Intake,
        journal: Journal,
        root: Path = Path("/"),
    ) -> None:
        self.tap = Tap()
        self.tried = asyncio.Event()
        self.online = asyncio.Event()
        self.link: Link | None = None
        self._driver_name = driver_name
        self._address = address
        self.driver = driver
        self._intake = intake
        self._journal = journal
        self._root = root
        self._link_name = ""
        self._state: DeviceWord = "starting"
        self._code = "starting"
        self._advice = ""
        self._since = monotonic()

    @property
    def status(self) -> DeviceStatus:
        """How the device is now."""
        last = self.tap.last_bytes
        return DeviceStatus(
            key=self._intake.device,
            driver=self._driver_name,
            link=self._link_name or _name(self._address),
            state=self._state,
            code=self._code,
            advice=self._advice,
            since=self._intake.at(self._since),
            calls=self._intake.calls,
            last_bytes_at=None if last is None else self._intake.at(last),
            bytes_in=self.tap.bytes_in,
            unrecognized=self._intake.unrecognized,
            rung=self._intake.rung,
            unrung=self._intake.unrung,
            # Not every device prints its time.
            clock_skew=getattr(self.driver, "clock_skew", None),
            alarms=self._intake.alarms,
        )

    async def keep(self) -> None:
        """Serve until cancelled. Raises JournalFailed."""
        wait = FIRST_WAIT
        while True:
            began = monotonic()
            error = await self._serve_once()
            if monotonic() - began > HEALTHY:
                wait = FIRST_WAIT
            await self._gone(error)
            await self._pass_time()
            await asyncio.sleep(max(wait, REFUSED_WAIT * isinstance(error, DeviceRefused)))
            wait = min(2 * wait, LONGEST_WAIT)

    async def _serve_once(self) -> DeviceError:
        """One link, from opening to its end; why it ended."""
        try:
            link = await open_link(self._address, self._root, self._known_adapter())
        except DeviceError as error:
            return error
        finally:
            self.tried.set()
        try:
            self.link, self._link_name = link, link.name
            await self._remember_adapter(link)
            tapped = TappedLink(link, self.tap)
            await self.driver.run(tapped, self._emit, self._intake.memory)
        except DeviceError as error:
            return error
        except JournalFailed:
            raise
        except Exception:  # noqa: BLE001 - here and in the forwarder: the others go on
            _LOG.exception("%s: the driver stopped by a fault of its own", self._intake.device)
        finally:
            self.link = None
            await link.close()
        return DeviceError("driver-fault", "The driver stopped by a fault; it is started again.")

    async def _pass_time(self) -> None:
        """What is decided while the device is away; raises JournalFailed."""
        if not isinstance(self.driver, Waits):
            return
        try:
            await self.driver.pass_time(self._emit)
        except JournalFailed:
            raise
        except Exception:  # noqa: BLE001 - as in _serve_once
            _LOG.exception("%s: the driver stopped by a fault of its own", self._intake.device)

    async def _emit(self, facts: Sequence[Fact], memory: bytes) -> None:
        """See drivers.contract.Emit; shows what the driver says of the device's state."""
        await self._intake.emit(facts, memory)
        for fact in facts:
            if isinstance(fact, DeviceState) and fact.state != "alarm":
                _LOG.info("%s: %s", self._intake.device, fact.advice)
                self._show(fact.state, fact.code, fact.advice)

    async def _gone(self, error: DeviceError) -> None:
        """Log and tell once for each reason, not once for each attempt."""
        if (self._state, self._code) == ("offline", error.code):
            return
        if (self._state, self._code) == ("offline", "link-lost") and isinstance(error, LinkMissing):
            self._code, self._advice = error.code, error.advice  # the same absence, told already
            return
        _LOG.warning("%s: %s", self._intake.device, error.advice)
        self._show("offline", error.code, error.advice)
        await self._intake.tell(DeviceState("offline", error.code, error.advice))

    def _show(self, state: DeviceWord, code: str, advice: str) -> None:
        self._state, self._code, self._advice = state, code, advice
        self._since = monotonic()
        if state in {"online", "quiet"}:
            self.online.set()
        else:
            self.online.clear()

    def _known_adapter(self) -> UsbIdentity | None:
        kept = self._journal.memory(self._adapter_key)
        return msgspec.msgpack.decode(kept, type=Kept).identity_for(self._address) if kept else None

    async def _remember_adapter(self, link: Link) -> None:
        """The USB identity, once seen, wins over a tty name (design section 8)."""
        identity = getattr(link, "identity", None)
        if identity is None:
            return
        kept = msgspec.msgpack.encode(Kept(repr(self._address), identity))
        if kept != self._journal.memory(self._adapter_key):
            await self._journal.append([], (self._adapter_key, kept))

    @property
    def _adapter_key(self) -> str:
        return f"{self._intake.device}/adapter"


class Kept(msgspec.Struct, frozen=True):
    """A USB adapter as seen behind an address of the settings; another address forgets it."""

    address: str
    identity: UsbIdentity

    def identity_for(self, address: LinkAddress) -> UsbIdentity | None:
        """The adapter, if it was seen behind this very address."""
        return self.identity if repr(address) == self.address else None


def _name(address: LinkAddress) -> str:
    """What a technician calls the link before it was ever open."""
    for field in ("serial", "usb", "hid", "name"):
        if text := getattr(address, field, ""):
            return str(text)
    return repr(address)
