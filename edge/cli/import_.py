"""`payvand import`: what another box could not deliver, from a file that `payvand export` wrote.

The events go out from this box under the ids that they have from the other one, so that what the
CRM has already is not there twice. They go to the destination for which they were exported and to
no other. payvand must not run meanwhile: it takes seconds, and is done as a whole or not at all.
"""

import argparse
from pathlib import Path

HELP = "Take in what another box could not deliver, from a file of `payvand export`."
_CLEAR = ".export.clear"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a file that `payvand export` wrote")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument(
        "--to", metavar="DESTINATION", help="to which they go here, where it has another name"
    )
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="the passphrase that the file is under"
    )


def run(args: argparse.Namespace) -> int:
    """0 when all of it is on the disk. Raises CommandFailed."""
    import sqlite3

    from edge.delivery.export import NoExport, read_events, read_whole
    from edge.errors import BadInput, CommandFailed
    from edge.journal.records import JournalUnusable
    from edge.journal.taking import take
    from edge.local.lock import hold
    from edge.service.service import DATABASE
    from edge.upkeep.guarded_backup import in_clear

    try:
        args.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            hold(args.data),
            in_clear(args.file, args.data / _CLEAR, args.passphrase_file) as (clear, _),
        ):
            head, _ = read_whole(clear)
            name = _destination(args.data, args.to or head.destination)
            taken = take(args.data / DATABASE, read_events(clear), name)
    except NoExport as error:
        raise BadInput(str(error)) from error
    except JournalUnusable as error:
        raise CommandFailed(error.advice) from error
    except OSError as error:
        raise CommandFailed(f"{args.file} was not taken in: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise CommandFailed(f"{args.file} was not taken in: {error}") from error
    known = f"; {taken.known} were here already" if taken.known else ""
    print(
        f"{taken.new} events of box {head.box} go to {name} when payvand runs, under the ids that"
        f" they have{known}"
    )
    return 0


def _destination(data: Path, name: str) -> str:
    """The name, if this box has such a destination. Raises BadInput."""
    from edge.errors import BadInput
    from edge.site.file import load
    from edge.site.site import FILE

    names = [entry.name for entry in load(data / FILE).destination]
    if name not in names:
        told = " or ".join(names) or "first write one into the settings"
        raise BadInput(f"this box has no destination {name}: say with --to where they go: {told}")
    return name
