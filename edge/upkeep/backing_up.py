"""A backup of a data directory in one file, in clear or under a passphrase, also while it serves.

In clear it holds the journal, telephone numbers included, and the settings without passwords and
tokens. Under a passphrase it holds these too, with the users and the box's key.
"""

from contextlib import ExitStack, suppress
from pathlib import Path
from shutil import disk_usage

from edge.errors import BadInput, CommandFailed
from edge.journal.backup import Contents, back_up
from edge.local.lock import DATABASE, AlreadyRunning, hold
from edge.site.file import load, to_toml
from edge.site.redaction import without_secrets
from edge.site.site import FILE
from edge.upkeep.guarded_backup import guarded
from edge.upkeep.passphrase import seal

_CLEAR = ".backup.clear"
_SPARE_BYTES = 64 << 20


def write_backup(data: Path, file: Path, passphrase: str | None) -> tuple[Contents, str]:
    """Write the file; what is in it, and what is to be said of that. Raises CommandFailed."""
    import sqlite3

    journal = data / DATABASE
    if not journal.is_file():
        raise CommandFailed(f"there is no journal in {data}: name the right --data")
    if file.exists() and file.samefile(journal):
        raise CommandFailed(f"{file} is the journal itself: name another file")
    with ExitStack() as stack:
        # While the edge runs, it writes on, and the backup is of one moment all the same.
        with suppress(AlreadyRunning):
            stack.enter_context(hold(data))
        try:
            return _write(journal, file, passphrase)
        except (OSError, sqlite3.Error) as error:
            raise CommandFailed(
                f"no backup was written to {file} ({error}): check its disk, and the journal"
                f" {journal}"
            ) from error


def _write(journal: Path, file: Path, passphrase: str | None) -> tuple[Contents, str]:
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
    words = "settings, passwords, tokens, users and the box's key, under the passphrase"
    return contents, words


def _make_sure_of_room(journal: Path) -> None:
    needed = journal.stat().st_size + _SPARE_BYTES
    if disk_usage(journal.parent).free < needed:
        raise CommandFailed(
            f"{journal.parent} must have {needed >> 20} MiB free for a copy of the journal:"
            " make room, or back up without a passphrase"
        )


def _settings(data: Path) -> tuple[str | None, str]:
    """The text of site.toml without secrets, and what is to be said of it."""
    try:
        return to_toml(without_secrets(load(data / FILE))), "settings without passwords and tokens"
    except BadInput:
        return None, f"no settings, since {FILE} is missing or has mistakes"
