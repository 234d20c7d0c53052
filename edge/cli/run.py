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
    parser.add_argument(
        "--web-socket",
        type=Path,
        metavar="FILE",
        help="where the process of the web page asks (web.sock in the data directory); the group of"
        " its folder may open it",
    )


def run(args: argparse.Namespace) -> int:
    from edge.heap import keep_heap_small
    from edge.service.service import run as serve
    from edge.upkeep.log_tail import TAIL

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    logging.getLogger().addHandler(TAIL)
    keep_heap_small()
    asyncio.run(serve(args.data, args.web_socket))
    return 0
