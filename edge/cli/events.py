"""`payvand events`: the stored events as CloudEvents JSON, one a line."""

import argparse
import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

HELP = "Print the stored events, one JSON object a line."
LONGEST = 18  # digits of a sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument("--follow", action="store_true", help="go on with each new event")
    parser.add_argument(
        "--after", type=_count, default=0, metavar="N", help="begin after this sequence"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="stop after so many events")


def run(args: argparse.Namespace) -> int:
    asyncio.run(_print(args))
    return 0


async def _print(args: argparse.Namespace) -> None:
    from edge.local.client import Client

    if args.limit == 0:
        return
    async with Client(args.data) as edge:
        lines = edge.follow(args.after) if args.follow else edge.events(args.after)
        async with aclosing(lines):
            printed = 0
            async for line in lines:
                sys.stdout.buffer.write(line + b"\n")
                if args.follow:
                    sys.stdout.buffer.flush()
                printed += 1
                if printed == args.limit:
                    return


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 up")
    return int(text)
