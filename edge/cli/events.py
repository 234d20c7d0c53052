"""`payvand events`: the stored events as CloudEvents JSON, one a line; or some of them once more.

    events --resend 110..112 --to crm

sends what the CRM lost. Ids make that harmless where a CRM knows them; where it does not, the box
refuses, and says what it would have done.
"""

import argparse
import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

HELP = "Print the stored events, one JSON object a line, or send some once more."
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
    parser.add_argument(
        "--resend", type=_stretch, metavar="FROM..TO", help="send these sequences once more"
    )
    parser.add_argument(
        "--to", metavar="DESTINATION", help="with --resend: to this one, not to all"
    )


def run(args: argparse.Namespace) -> int:
    """0 when all was printed, or goes once more. Raises CommandFailed."""
    from edge.errors import BadInput

    if args.resend is None:
        if args.to is not None:
            raise BadInput("--to belongs to --resend")
        asyncio.run(_print(args))
        return 0
    if args.follow or args.after or args.limit is not None:
        raise BadInput("--resend prints nothing: leave --follow, --after and --limit out")
    return asyncio.run(_resend(args))


async def _resend(args: argparse.Namespace) -> int:
    from edge.local.client import Client

    first, last = args.resend
    async with Client(args.data) as edge:
        answer = await edge.resend(first, last, args.to)
    if answer.gone:
        print(f"{answer.gone} of them this box no longer holds")
    for each in answer.destinations:
        if each.refused:
            print(f"{each.destination}: not sent: {each.refused}")
            continue
        kept = f"; {each.unwanted} are kept back by its settings" if each.unwanted else ""
        waits = f"; {each.waiting} still wait, and go anyway" if each.waiting else ""
        print(f"{each.destination}: {each.events} events go once more{kept}{waits}")
    return 1 if all(each.refused for each in answer.destinations) else 0


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


def _stretch(text: str) -> tuple[int, int]:
    first, dots, last = text.partition("..")
    try:
        found = (_count(first), _count(last if dots else first))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text} is no range of sequences such as 110..112"
        ) from None
    if not 1 <= found[0] <= found[1]:
        raise argparse.ArgumentTypeError(
            f"{text} is no range: write the lower sequence first, from 1 up"
        )
    return found
