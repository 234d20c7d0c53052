"""`payvand backup`: the journal and the settings in one file, also while payvand runs.

The file holds every event, telephone numbers included, and no password, no token and not the box's
key. Under a passphrase it holds these too, and only who knows it can read any of it.
"""

import argparse
from pathlib import Path

HELP = "Write the journal and the settings to one file, also while payvand runs."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="put it, with passwords, tokens and the box's key, under the passphrase in FILE",
    )


def run(args: argparse.Namespace) -> int:
    """0 when the file is on the disk. Raises CommandFailed."""
    from edge.upkeep.backing_up import write_backup
    from edge.upkeep.guarded_backup import passphrase_in

    passphrase = passphrase_in(args.passphrase_file) if args.passphrase_file else None
    contents, note = write_backup(args.data, args.file, passphrase)
    size = args.file.stat().st_size // 1024
    print(f"{args.file}: {contents.events} events up to {contents.last}, {note} ({size} KiB)")
    return 0
