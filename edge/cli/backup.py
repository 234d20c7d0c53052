"""`payvand backup`: the journal and the settings in one file, also while payvand runs.

The file holds every event, telephone numbers included, and no password and no token.
"""

import argparse
from contextlib import ExitStack, suppress
from pathlib import Path

HELP = "Write the journal and the settings to one file, also while payvand runs."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """0 when the file is on the disk. Raises CommandFailed."""
    import sqlite3

    from edge.errors import CommandFailed
    from edge.journal.backup import back_up
    from edge.local.lock import AlreadyRunning, hold
    from edge.service import DATABASE

    journal: Path = args.data / DATABASE
    if not journal.is_file():
        raise CommandFailed(f"there is no journal in {args.data}: name the right --data")
    if args.file.exists() and args.file.samefile(journal):
        raise CommandFailed(f"{args.file} is the journal itself: name another file")
    settings, note = _settings(args.data)
    with ExitStack() as stack:
        # While the edge runs, it writes on, and the backup is of one moment all the same.
        with suppress(AlreadyRunning):
            stack.enter_context(hold(args.data))
        try:
            contents = back_up(journal, args.file, settings)
        except (OSError, sqlite3.Error) as error:
            raise CommandFailed(
                f"no backup was written to {args.file} ({error}): check its disk, and the journal"
                f" {journal}"
            ) from error
    size = args.file.stat().st_size // 1024
    print(f"{args.file}: {contents.events} events up to {contents.last}, {note} ({size} KiB)")
    return 0


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
