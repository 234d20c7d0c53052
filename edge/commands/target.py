"""A device as commands see it: what may be ordered there, and the driver that does it."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from drivers.commands import Command, Outcome, Report
from drivers.contract import Driver, Executes
from drivers.errors import DeviceError
from edge.intake.seal import Seal
from edge.journal.journal import JournalFailed

_LOG = logging.getLogger(__name__)

LONGEST_SECONDS = 900.0
"""A fax of many pages is through by then; a device that says nothing for longer never will."""

_ALLOW = "allow it in the device's settings, under `commands`"


class Forbidden(Exception):
    """The command is not for this device; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """One device, or the box itself.

    allowed: how many of a type within an hour; what is not named is refused. kinds: what the driver
    executes. online: set while the device is served. turn: one command at a time.
    """

    seal: Seal
    driver: Driver | Executes
    kinds: Mapping[str, type[Struct]]
    allowed: Mapping[str, int]
    online: asyncio.Event
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def read_args(self, kind: str, args: bytes) -> Any:  # noqa: ANN401 - of the type in `kinds`
        """The checked args of a command. Raises Forbidden."""
        if kind not in self.kinds:
            raise Forbidden(f"{self.seal.source} executes no {kind}")
        if kind not in self.allowed:
            raise Forbidden(f"{kind} is not allowed on {self.seal.source}: {_ALLOW}")
        try:
            args.decode()
            return msgspec.json.decode(args, type=self.kinds[kind])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Forbidden(f"the args cannot be read: {error}") from error

    async def execute(self, command: Command, report: Report) -> Outcome:
        """Let the driver act, whatever comes of it. Raises JournalFailed."""
        if not isinstance(self.driver, Executes):
            raise TypeError(f"the driver of {self.seal.source} names commands that it cannot do")
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self.driver.execute(command, report)
        except DeviceError as error:
            return Outcome("failed", error.advice)
        except TimeoutError:
            return Outcome("unknown", f"no end came within {LONGEST_SECONDS / 60:.0f} minutes")
        except JournalFailed:
            raise
        except Exception:  # noqa: BLE001 - a driver's fault must not stop the other devices
            _LOG.exception("%s: a command ended by a fault of the driver", self.seal.source)
            return Outcome("unknown", "a fault of Payvand's own in the driver; tell support")
