"""`payvand demo`: an exchange, direct lines, a box and a CRM on this machine; nothing to plug in.

    payvand demo                       calls arrive until Ctrl-C, then the two sides are compared
    payvand demo --outage              the CRM goes away and comes back; ends by itself
    payvand demo --model KX-TES824     another exchange

Exit code 0 when the CRM has every call once, 1 when one is lost or double or a part died.
"""

import argparse
import asyncio

HELP = "Show it all on this machine: a simulated exchange, a box, a CRM."
HIGHEST_PORT = 65535
OUTAGE_SECONDS = 20.0
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="KX-TDA100", help="the exchange (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8090, help="the CRM's port, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--page-port",
        type=int,
        default=8443,
        help="the page's port, 0 for a free one (%(default)s)",
    )
    parser.add_argument(
        "--factory",
        action="store_true",
        help="a box as it leaves the factory: set it up on its page",
    )
    parser.add_argument(
        "--outage",
        type=float,
        nargs="?",
        const=OUTAGE_SECONDS,
        metavar="SECONDS",
        help="take the CRM away for so long (%(const)s), bring it back, compare, end",
    )


def run(args: argparse.Namespace) -> int:
    from drivers.panasonic.models import MODELS
    from edge.demo.scene import Ports
    from edge.demo.show import show
    from edge.errors import BadInput
    from edge.site.checking import suggestion

    if args.model not in MODELS:
        raise BadInput(f'model "{args.model}" is not known: {suggestion(args.model, MODELS)}')
    for port in (args.port, args.page_port):
        if not 0 <= port <= HIGHEST_PORT:
            raise BadInput(f"{port} is no port: give a number from 0 to {HIGHEST_PORT}")
    if args.outage is not None and args.outage <= 0:
        raise BadInput("an outage must last longer than 0 seconds")
    ports = Ports(args.port, args.page_port)
    try:
        good = asyncio.run(show(args.model, ports, args.outage, factory=args.factory))
    except asyncio.CancelledError:
        return INTERRUPTED
    return 0 if good else 1
