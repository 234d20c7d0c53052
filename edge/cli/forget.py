"""`payvand forget`: erases one person's number from all that this box keeps.

It says what it could not reach: who else has the number must be asked too.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.local.forgotten import Forgotten

HELP = "Erase one person's number from history, captures and copies on this box."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "number", help="in full, such as +989120001122; - reads it from standard input"
    )
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """0 when it is erased. Raises CommandFailed."""
    number = sys.stdin.readline().strip() if args.number == "-" else args.number
    done = asyncio.run(_forget(args.data, "".join(number.split())))
    print(
        f"{done.events} events, {done.notes} notes and {done.files} files of {done.shown} changed"
    )
    if done.devices:
        print(f"started anew without it: {', '.join(done.devices)}")
    print("not reached:", *done.unreached, sep="\n  ")
    return 0


async def _forget(data: Path, number: str) -> "Forgotten":
    from edge.errors import BadInput, CommandFailed
    from edge.forgetting.person import Person, TooShort
    from edge.local.client import Client
    from edge.local.lock import DATABASE, AlreadyRunning, hold

    try:
        Person.of(number)
    except TooShort as error:
        raise BadInput(str(error)) from error
    if not (data / DATABASE).is_file():
        raise CommandFailed(f"there is no journal in {data}: name the right --data")
    try:
        with hold(data):
            return await _offline(data, number)
    except AlreadyRunning:
        async with Client(data) as edge:
            return await edge.forget(number)


async def _offline(data: Path, number: str) -> "Forgotten":
    import sqlite3

    from edge.errors import CommandFailed
    from edge.forgetting.forgetting import Forgetting, NoDevices
    from edge.journal.journal import Journal, JournalUnusable
    from edge.local.lock import DATABASE

    try:
        journal = await Journal.open(data / DATABASE)
    except JournalUnusable as error:
        raise CommandFailed(error.advice) from error
    try:
        return await Forgetting(data, journal, NoDevices()).forget(number)
    except (sqlite3.Error, OSError) as error:
        raise CommandFailed(f"not all is erased ({error}): do it once more") from error
    finally:
        await journal.close()
