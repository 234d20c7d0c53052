"""`payvand restore`: a backup into an empty data directory.

The box keeps its id and its events their ids; what the backup had not delivered goes out again.
"""

import argparse
from pathlib import Path

HELP = "Bring a backup into an empty data directory."
_ENDS = ("", "-wal", "-shm", "-journal", ".recovered")
"""What a journal there may have left; each of them would be taken for a part of the new one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a file that `payvand backup` wrote")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """0 when journal and settings are on the disk. Raises CommandFailed."""
    import sqlite3

    from edge.errors import CommandFailed
    from edge.journal.backup import restore
    from edge.journal.records import JournalUnusable
    from edge.local.lock import hold
    from edge.service import DATABASE

    try:
        args.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold(args.data):
            for end in _ENDS:
                if (there := args.data / f"{DATABASE}{end}").exists():
                    raise CommandFailed(f"{there} is there: restore into an empty directory")
            contents = restore(args.file, args.data / DATABASE)
            note = _put_settings(args.data, contents.settings)
    except JournalUnusable as error:
        raise CommandFailed(error.advice) from error
    except (OSError, sqlite3.Error) as error:
        raise CommandFailed(f"{args.file} cannot be restored to {args.data}: {error}") from error
    print(
        f"{args.data}: box {contents.box}, {contents.events} events up to {contents.last}; {note}"
    )
    return 0


def _put_settings(data: Path, settings: str | None) -> str:
    """Write site.toml unless there is one; returns what is to be said of it."""
    from edge.durable_file import replace_file
    from edge.site import FILE

    if (data / FILE).exists():
        return f"the {FILE} that is there stays"
    if settings is None:
        return f"the backup has no settings: write {FILE}"
    replace_file(data / FILE, settings.encode())
    return f"write passwords and tokens into {FILE} before the start"
