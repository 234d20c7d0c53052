"""`payvand crm`: run the reference CRM, for trials and for those who write their own."""

import argparse
import asyncio
import base64
import signal
import sqlite3
import sys
from pathlib import Path

HELP = "Run the reference CRM, for trials."
HIGHEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8090, help="port to listen on, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("payvand-crm"),
        help="directory for what is received (./%(default)s)",
    )
    parser.add_argument("--token", help="bearer token that boxes must send (none is asked for)")
    parser.add_argument(
        "--command-key",
        action="store_true",
        help="only show what a box's site.toml needs to take this CRM's commands",
    )
    parser.add_argument(
        "--take",
        type=Path,
        metavar="FILE",
        help="only take in the events that a box without a line exported into FILE",
    )
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="PASSPHRASE",
        help="with --take: the passphrase that the file is under",
    )
    parser.add_argument(
        "--enrolled", action="store_true", help="take events only from boxes that were accepted"
    )
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        metavar="BRANCH",
        help="as --enrolled, and print a claim code with which one box becomes this branch's",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. 0, or 1 when it cannot start."""
    try:
        if args.command_key:
            _show_key(args.data)
        elif args.take:
            _take(args.data, args.take, args.passphrase_file)
        else:
            asyncio.run(_serve(args))
    except _Unable as error:
        print(f"payvand crm: {error}", file=sys.stderr)
        return 1
    return 0


class _Unable(Exception):
    """What was asked for cannot be done; what is wrong and what to do."""


async def _serve(args: argparse.Namespace) -> None:
    from edge.crm.boxes import new_claim
    from edge.crm.keys import KEY_FILE
    from edge.crm.server import serve

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        enrolled_only = args.enrolled or bool(args.claim)
        running = await serve(
            args.host, args.port, args.data, args.token, enrolled_only=enrolled_only
        )
    except (OSError, UnicodeError) as error:  # a host name that IDNA cannot write is the latter
        what = getattr(error, "strerror", None) or error
        raise _Unable(
            f"cannot listen on {args.host} port {args.port} with data in {args.data}:"
            f" {what}. Choose another --port, --host or --data."
        ) from error
    except ValueError as error:
        raise _Unable(
            f"{args.data / KEY_FILE} is no key: {error}. Bring it back, or move it away."
        ) from error
    except sqlite3.Error as error:
        raise _Unable(
            f"{args.data / 'crm.sqlite'} cannot be used: {error}."
            " Choose another --data or move the file away."
        ) from error
    try:
        print(f"Reference CRM listening on {running.url}", flush=True)
        for branch in args.claim:
            code = await new_claim(running.store, branch)
            print(f"Claim code for {branch}: {code}", flush=True)
        await stop.wait()
    finally:
        await running.close()


def _show_key(data: Path) -> None:
    from edge.crm.keys import KEY_FILE, OwnKey

    try:
        key = OwnKey(data)
    except (OSError, ValueError) as error:
        raise _Unable(
            f"{data / KEY_FILE} cannot be used: {error}. Choose another --data or move it away."
        ) from error
    print(f'command_keys = {{ "{key.id}" = "{base64.b64encode(key.public).decode()}" }}')


def _take(data: Path, file: Path, passphrase_file: Path | None) -> None:
    from edge.crm.take import NoExport, take
    from edge.errors import CommandFailed
    from edge.upkeep.guarded_backup import in_clear

    try:
        data.mkdir(parents=True, exist_ok=True)
        with in_clear(file, data / ".take.clear", passphrase_file) as (clear, _):
            taken = take(data, clear)
    except CommandFailed as error:
        raise _Unable(str(error)) from error
    except NoExport as error:
        raise _Unable(
            f"{file} is no whole file of `payvand export`: {error}. Copy it again; what could be"
            " read is taken in, and comes to no harm by a repeat."
        ) from error
    except OSError as error:
        raise _Unable(f"cannot take {file} into {data}: {error.strerror or error}.") from error
    except sqlite3.Error as error:
        raise _Unable(f"cannot take {file} into {data}: {error}.") from error
    words = (
        "{received} events: {stored} new, {duplicates} were here, {rejected} refused;"
        " {calls} new calls"
    )
    print(words.format(**taken))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)
