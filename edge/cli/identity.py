"""`payvand identity`: by what a CRM knows this box, and a new key where that is wanted.

A new key is endorsed by the old one, so that the CRM follows by itself; use it when somebody else
may have read the old one, such as a card that was lent.
"""

import argparse
from pathlib import Path

HELP = "Show by what a CRM knows this box, or renew its key."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument(
        "--renew", action="store_true", help="make a new key; payvand must not run meanwhile"
    )


def run(args: argparse.Namespace) -> int:
    """0 when it is shown, or the new key is on the disk. Raises CommandFailed."""
    from edge.delivery.identity import FILE, IdentityLost, device_id, read, renewed, write
    from edge.errors import CommandFailed
    from edge.journal.inspection import box_of
    from edge.local.lock import hold
    from edge.service.service import DATABASE

    path, box = args.data / FILE, box_of(args.data / DATABASE)
    try:
        kept = read(path)
        if kept is None or box is None:
            raise CommandFailed(f"there is no key in {args.data} yet: the first start makes one")
        if args.renew:
            with hold(args.data):
                kept = renewed(kept, box)
                write(path, kept)
    except IdentityLost as error:
        raise CommandFailed(str(error)) from error
    print(f"device id {device_id(kept.public_key)}, key {box}#{kept.number}")
    return 0
