"""`payvand decode`: what a capture means, as the CRM would receive it.

    payvand decode panasonic --set model=KX-TDA100 --set hidden_extensions=601,602 wire.cap

One JSON object a line: `{"type": …, "data": {…}}`, call ids as c1, c2, …; with `--records` what
the device said, before calls are joined. A capture's chunks arrive at their own times; raw bytes
have no time of arrival, so their calls take the printed one. At the end time runs on until no call
is pending.
"""

import argparse
import sys
from pathlib import Path

HELP = "Show what recorded bytes mean."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("driver", help="name of the driver, such as panasonic")
    parser.add_argument("file", help="a .cap file or raw bytes; - for standard input")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the driver"
    )
    parser.add_argument("--at", metavar="TIME", help="the clock, RFC 3339 (the capture's, or now)")
    parser.add_argument("--timezone", help="the site's zone (the capture's, or this machine's)")
    parser.add_argument("--records", action="store_true", help="what the device said, not joined")


def run(args: argparse.Namespace) -> int:
    from edge.decoding import decode, parse_options, records
    from edge.errors import BadInput

    try:
        data = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {args.file}: {error.strerror}; name a file or -") from error
    job = parse_options(args.driver, data, args.set, args.at, args.timezone)
    write = sys.stdout.buffer.write
    for line in records(job) if args.records else decode(job):
        write(line + b"\n")
    sys.stdout.buffer.flush()
    return 0
