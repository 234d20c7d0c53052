"""`payvand restore`: a backup into an empty data directory.

The box keeps its id and its events their ids; what the backup had not delivered goes out again. Out
of a backup under a passphrase come passwords, tokens and an heir of the box's key as well.
"""

import argparse
from pathlib import Path

HELP = "Bring a backup into an empty data directory."
_CLEAR = ".backup.clear"
_ENDS = ("", "-wal", "-shm", "-journal", ".recovered")
"""What a journal there may have left; each of them would be taken for a part of the new one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a file that `payvand backup` wrote")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="the passphrase that the backup is under",
    )


def run(args: argparse.Namespace) -> int:
    """0 when journal and settings are on the disk. Raises CommandFailed."""
    import sqlite3

    from edge.delivery.identity import FILE as IDENTITY
    from edge.errors import CommandFailed
    from edge.journal.backup import restore
    from edge.journal.records import JournalUnusable
    from edge.local.lock import hold
    from edge.service.service import DATABASE
    from edge.upkeep.guarded_backup import in_clear, restored

    try:
        args.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold(args.data):
            for name in (*(f"{DATABASE}{end}" for end in _ENDS), IDENTITY):
                if (args.data / name).exists():
                    raise CommandFailed(
                        f"{args.data / name} is there: restore into an empty directory"
                    )
            with in_clear(args.file, args.data / _CLEAR, args.passphrase_file) as (clear, secret):
                contents = restore(clear, args.data / DATABASE)
            note = (
                _put_settings(args.data, contents.settings)
                if secret is None
                else restored(secret, args.data, contents.box)
            )
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
    from edge.site.site import FILE

    if (data / FILE).exists():
        return f"the {FILE} that is there stays"
    if settings is None:
        return f"the backup has no settings: write {FILE}"
    replace_file(data / FILE, settings.encode())
    return (
        f"write passwords and tokens into {FILE} before the start; a CRM that knows boxes by their"
        " key must accept this one again"
    )
