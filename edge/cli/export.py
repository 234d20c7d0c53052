"""`payvand export`: what a CRM does not have yet in one file, for a branch whose line is dead.

The CRM takes it in, or a box that replaces this one (`payvand import`). Nothing counts as delivered
by it: when the line is back, the events go out once more, and their ids make that harmless.
"""

import argparse
import asyncio
import gzip
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.delivery.export import End

HELP = "Write what a CRM does not have yet to one file, also while payvand runs."
_CLEAR = ".export.clear"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the file to write, such as on a USB stick")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument("--to", metavar="DESTINATION", help="whose events, where there are several")
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="put it under the passphrase in FILE; then only `payvand import` can read it",
    )


def run(args: argparse.Namespace) -> int:
    """0 when the file is on the disk, or nothing waits. Raises CommandFailed."""
    from edge.errors import CommandFailed
    from edge.upkeep.guarded_backup import passphrase_in
    from edge.upkeep.passphrase import seal

    passphrase = passphrase_in(args.passphrase_file) if args.passphrase_file else None
    # Nothing in clear may lie on the stick, not even for a moment.
    clear = args.data / _CLEAR if passphrase else args.file
    try:
        end = asyncio.run(_write(args.data, clear, args.to))
        if end.events and passphrase:
            seal(clear, b"", args.file, passphrase)
    except OSError as error:
        raise CommandFailed(f"no export was written to {args.file}: {error}") from error
    finally:
        if passphrase:
            clear.unlink(missing_ok=True)
    if not end.events:
        print("nothing waits: no file was written")
        return 0
    size = args.file.stat().st_size // 1024
    print(f"{args.file}: {end.events} events, which stay on the box as well ({size} KiB)")
    return 0


async def _write(data: Path, file: Path, to: str | None) -> "End":
    """Write the file, whole or not at all; no events leave no file."""
    import msgspec

    from edge.delivery.export import End
    from edge.durable_file import sync_file, sync_folder

    made = file.with_name(f".{file.name}.new")
    made.unlink(missing_ok=True)
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        line = b""
        with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wb", 6) as packed:
            async with _lines(data, to) as lines:
                async for line in lines:
                    packed.write(line + b"\n")
        end = msgspec.json.decode(line, type=End)
        if end.events:
            sync_file(made)
            made.replace(file)
            sync_folder(file.parent)
        return end
    finally:
        made.unlink(missing_ok=True)


@asynccontextmanager
async def _lines(data: Path, to: str | None) -> AsyncIterator[AsyncGenerator[bytes, None]]:
    """From the box that runs, or from its journal."""
    from edge.local.client import Client
    from edge.local.lock import AlreadyRunning, hold

    try:
        with hold(data):
            async with _offline(data, to) as lines:
                yield lines
    except AlreadyRunning:
        async with Client(data) as edge, aclosing(edge.undelivered(to)) as lines:
            yield lines


@asynccontextmanager
async def _offline(data: Path, to: str | None) -> AsyncIterator[AsyncGenerator[bytes, None]]:
    from edge.delivery.by_hand import ByHand
    from edge.delivery.repeats import Repeats
    from edge.delivery.retimed import Times
    from edge.errors import CommandFailed
    from edge.intake.clock import BoxClock, boot_id, read_kernel
    from edge.journal.journal import Journal, JournalUnusable
    from edge.journal.retime import recall
    from edge.local.lock import DATABASE
    from edge.service.parts import TIMELINE
    from edge.site.file import load
    from edge.site.site import FILE

    if not (data / DATABASE).is_file():
        raise CommandFailed(f"there is no journal in {data}: name the right --data")
    site = load(data / FILE)
    try:
        journal = await Journal.open(data / DATABASE)
    except JournalUnusable as error:
        raise CommandFailed(error.advice) from error
    try:
        clock = BoxClock(boot_id(), recall(journal.memory(TIMELINE)), read_kernel())
        served = [(entry, Repeats()) for entry in site.destination]
        lines = ByHand(journal, Times(journal, clock), lambda: served).undelivered(to)
        async with aclosing(lines):
            yield lines
    finally:
        await journal.close()
