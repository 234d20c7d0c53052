"""The command `payvand-web`: serves the pages of the edge that runs with a data directory.

    payvand-web --data site --listen 127.0.0.1:8443      until it is told to stop
    payvand-web --data site                              on the sockets that systemd passes

Started by its socket it ends by itself when nobody has looked for a while, and systemd starts it
again with the next visitor: so it costs no memory meanwhile. Exit codes are those of `payvand`.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.errors import CommandFailed
from edge.heap import keep_heap_small
from webui.sockets import Place, place

IDLE_SECONDS = 300.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM, SIGINT or idleness. Wrong arguments leave by SystemExit(2)."""
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    keep_heap_small()
    # aiohttp loads the system's authorities when it is imported, 2 MB of them: nobody is called.
    os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull
    from webui.serving import Plan, serve

    plan = Plan(
        data=args.data,
        socket=args.socket,
        keys=args.keys or args.data / "web",
        listen=args.listen,
        plain=args.plain,
        names=tuple(args.name),
        idle_seconds=args.idle,
    )
    try:
        asyncio.run(serve(plan))
    except CommandFailed as error:
        sys.stderr.write(f"payvand-web: {error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="payvand-web", description="Serves the box's pages to a browser."
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/var/lib/payvand"),
        help="data directory of the edge (%(default)s)",
    )
    parser.add_argument(
        "--socket", type=Path, metavar="FILE", help="the edge's web socket (DATA/web.sock)"
    )
    parser.add_argument(
        "--keys", type=Path, help="folder of the TLS key and certificate (DATA/web)"
    )
    parser.add_argument(
        "--listen",
        type=_place,
        metavar="HOST:PORT",
        help="serve https here; without it, on the sockets that systemd passes",
    )
    parser.add_argument(
        "--plain",
        type=_place,
        metavar="HOST:PORT",
        help="also answer plain http here: with the way to https, and nothing else",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="another name or address by which browsers may call this box; may be repeated",
    )
    parser.add_argument(
        "--idle",
        type=float,
        default=IDLE_SECONDS,
        metavar="SECONDS",
        help="started by its socket, end after so long without a visitor (%(default)g)",
    )
    return parser


def _place(text: str) -> Place:
    try:
        return place(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
