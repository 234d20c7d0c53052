"""`payvand restore`: a backup into an empty data directory.

The box keeps its id and its events their ids; what the backup had not delivered goes out again. Out
of a backup under a passphrase come passwords, tokens and an heir of the box's key as well.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
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
    from edge.guarded_backup import restored
    from edge.journal.backup import restore
    from edge.journal.records import JournalUnusable
    from edge.local.lock import hold
    from edge.service import DATABASE

    try:
        args.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold(args.data):
            for name in (*(f"{DATABASE}{end}" for end in _ENDS), IDENTITY):
                if (args.data / name).exists():
                    raise CommandFailed(
                        f"{args.data / name} is there: restore into an empty directory"
                    )
            with _opened(args.file, args.data, args.passphrase_file) as (clear, secret):
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


@contextmanager
def _opened(
    file: Path, data: Path, passphrase_file: Path | None
) -> Iterator[tuple[Path, bytes | None]]:
    """The backup in clear, and what comes with it under a passphrase. Raises CommandFailed."""
    from edge.errors import CommandFailed
    from edge.guarded_backup import passphrase_in
    from edge.passphrase import WrongPassphrase, is_sealed, unseal

    if not is_sealed(file):
        yield file, None
        return
    if passphrase_file is None:
        raise CommandFailed(f"{file} is under a passphrase: name its file with --passphrase-file")
    clear = data / _CLEAR
    try:
        yield clear, unseal(file, clear, passphrase_in(passphrase_file))
    except WrongPassphrase as error:
        raise CommandFailed(
            f"the passphrase in {passphrase_file} does not open {file}, or the file is damaged:"
            " check both"
        ) from error
    finally:
        clear.unlink(missing_ok=True)


def _put_settings(data: Path, settings: str | None) -> str:
    """Write site.toml unless there is one; returns what is to be said of it."""
    from edge.durable_file import replace_file
    from edge.site import FILE

    if (data / FILE).exists():
        return f"the {FILE} that is there stays"
    if settings is None:
        return f"the backup has no settings: write {FILE}"
    replace_file(data / FILE, settings.encode())
    return (
        f"write passwords and tokens into {FILE} before the start; a CRM that knows boxes by their"
        " key must accept this one again"
    )
