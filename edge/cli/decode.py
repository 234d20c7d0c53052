"""`payvand decode`: what a capture means, as the CRM would receive it.

    payvand decode panasonic --set model=KX-TDA100 --set hidden_extensions=601,602 wire.cap

One JSON object a line: `{"type": …, "data": {…}}`, call ids as c1, c2, …; with `--records` what
the device said, before calls are joined. A capture's chunks arrive at their own times; raw bytes
have no time of arrival, so their calls take the printed one. At the end time runs on until no call
is pending.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

HELP = "Show what recorded bytes mean."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("driver", help="name of the driver, such as panasonic")
    parser.add_argument("file", help="a .cap file or raw bytes; - for standard input")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the driver"
    )
    parser.add_argument("--at", metavar="TIME", help="the clock, RFC 3339 (the capture's, or now)")
    parser.add_argument("--timezone", help="the site's zone (the capture's, or this machine's)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/var/lib/payvand"),
        help="data directory, for profiles of your own (%(default)s)",
    )
    parser.add_argument("--records", action="store_true", help="what the device said, not joined")


def run(args: argparse.Namespace) -> int:
    from edge.decoding import decode, parse_options, records
    from edge.errors import BadInput

    write = sys.stdout.buffer.write
    with ExitStack() as stack:
        file: BinaryIO
        try:
            if args.file == "-":
                file = stack.enter_context(open(0, "rb", closefd=False))
            else:
                file = stack.enter_context(Path(args.file).open("rb"))
        except OSError as error:
            advice = f"cannot read {args.file}: {error.strerror}; name a file or -"
            raise BadInput(advice) from error
        job = parse_options(args.driver, file, args.set, args.at, args.timezone, args.data)
        for line in records(job) if args.records else decode(job):
            write(line + b"\n")
    sys.stdout.buffer.flush()
    return 0
