"""`payvand backup`: the journal and the settings in one file, also while payvand runs.

The file holds every event, telephone numbers included, and no password, no token and not the box's
key. Under a passphrase it holds these too, and only who knows it can read any of it.
"""

import argparse
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.journal.backup import Contents

HELP = "Write the journal and the settings to one file, also while payvand runs."
_CLEAR = ".backup.clear"
_SPARE_BYTES = 64 << 20


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
    import sqlite3

    from edge.errors import CommandFailed
    from edge.guarded_backup import passphrase_in
    from edge.local.lock import AlreadyRunning, hold
    from edge.service import DATABASE

    journal: Path = args.data / DATABASE
    if not journal.is_file():
        raise CommandFailed(f"there is no journal in {args.data}: name the right --data")
    if args.file.exists() and args.file.samefile(journal):
        raise CommandFailed(f"{args.file} is the journal itself: name another file")
    passphrase = passphrase_in(args.passphrase_file) if args.passphrase_file else None
    with ExitStack() as stack:
        # While the edge runs, it writes on, and the backup is of one moment all the same.
        with suppress(AlreadyRunning):
            stack.enter_context(hold(args.data))
        try:
            contents, note = _write(journal, args.file, passphrase)
        except (OSError, sqlite3.Error) as error:
            raise CommandFailed(
                f"no backup was written to {args.file} ({error}): check its disk, and the journal"
                f" {journal}"
            ) from error
    size = args.file.stat().st_size // 1024
    print(f"{args.file}: {contents.events} events up to {contents.last}, {note} ({size} KiB)")
    return 0


def _write(journal: Path, file: Path, passphrase: str | None) -> tuple["Contents", str]:
    """Write the file; returns what is in it and what is to be said of it."""
    from edge.guarded_backup import guarded
    from edge.journal.backup import back_up
    from edge.passphrase import seal

    settings, note = _settings(journal.parent)
    if passphrase is None:
        return back_up(journal, file, settings), note
    secret = guarded(journal.parent)
    # Nothing in clear may lie beside the target: that may be a stick that goes through many hands.
    clear = journal.with_name(_CLEAR)
    _make_sure_of_room(journal)
    try:
        contents = back_up(journal, clear, settings)
        seal(clear, secret, file, passphrase)
    finally:
        clear.unlink(missing_ok=True)
    return contents, "settings, passwords, tokens and the box's key, under the passphrase"


def _make_sure_of_room(journal: Path) -> None:
    from shutil import disk_usage

    from edge.errors import CommandFailed

    needed = journal.stat().st_size + _SPARE_BYTES
    if disk_usage(journal.parent).free < needed:
        raise CommandFailed(
            f"{journal.parent} must have {needed >> 20} MiB free for a copy of the journal:"
            " make room, or back up without a passphrase"
        )


def _settings(data: Path) -> tuple[str | None, str]:
    """The text of site.toml without secrets, and what is to be said of it."""
    from edge.errors import BadInput
    from edge.redaction import without_secrets
    from edge.site import FILE
    from edge.site_file import load, to_toml

    try:
        return to_toml(without_secrets(load(data / FILE))), "settings without passwords and tokens"
    except BadInput:
        return None, f"no settings, since {FILE} is missing or has mistakes"
