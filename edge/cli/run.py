"""`payvand run`: the edge itself, until it is told to stop."""

import argparse
import asyncio
import ctypes
import logging
import sys
from pathlib import Path

HELP = "Serve the devices of this site and forward their events."

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Of mallopt(3)."""
_LARGE = 128 * 1024


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
    from edge.log_tail import TAIL
    from edge.service import run as serve

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    logging.getLogger().addHandler(TAIL)
    _keep_heap_small()
    asyncio.run(serve(args.data, args.web_socket))
    return 0


def _keep_heap_small() -> None:
    """Let all threads share one heap, and give large blocks back when they are freed.

    A batch of up to a megabyte passes through several threads; with glibc's defaults each keeps a
    heap of its own, and the first large block freed makes it keep the next ones.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)
