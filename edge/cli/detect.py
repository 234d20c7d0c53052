"""`payvand detect`: finds out what is plugged in, by listening alone, and proposes its settings.

    Plugged in:
      1a86:7523 at 1-1.2, USB Serial (WCH CH340), now /dev/ttyUSB0: free
    1a86:7523 at 1-1.2: listening; a call must come or be made
    1a86:7523 at 1-1.2: panasonic, certain (0.94): 5 records at 9600 8N1, 0 of 410 bytes unexplained
    [[device]]
    …

Nothing is sent to any port. A port that the running box holds is heard through the box. It ends
when every port is known for certain, after --seconds, or with Ctrl-C. Exit code 0 when something
was recognized.
"""

import argparse
import asyncio
from pathlib import Path

HELP = "Find out what is plugged in and propose its settings."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "port", nargs="?", help="a port, or the key of a device that the box serves (all)"
    )
    parser.add_argument("--seconds", type=_seconds, help="stop listening after so many")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Raises CommandFailed where a named port cannot be opened."""
    return asyncio.run(_detect(args))


async def _detect(args: argparse.Namespace) -> int:
    from edge.detecting.session import Session
    from edge.detecting.words import JsonLines, Words

    session = await Session.begin(args.data, JsonLines() if args.json else Words())
    await session.listen(args.port, args.seconds)
    return 0 if session.recognized else 1


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return seconds
