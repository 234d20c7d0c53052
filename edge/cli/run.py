"""`payvand run`: the edge itself, until it is told to stop."""

import argparse
import asyncio
import logging
import sys
from pathlib import Path

HELP = "Serve the devices of this site and forward their events."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    from edge.service import run as serve

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    asyncio.run(serve(args.data))
    return 0
