"""Prepares a backup to take the place of all that a running box has, laid out beside it.

    upload ─▶ .restore.sealed ─▶ opened ─▶ .restoring/ { journal, site.toml, vault, users, key }

Nothing of the running box is touched; renewal.py puts it in place when nothing serves any more.
"""

import shutil
import sqlite3
from pathlib import Path

from msgspec.structs import replace

from edge.access import kept as access
from edge.errors import CommandFailed
from edge.journal.backup import Contents, restore
from edge.journal.records import JournalUnusable
from edge.local.lock import DATABASE
from edge.site.site import FILE
from edge.upkeep.guarded_backup import restored
from edge.upkeep.passphrase import WrongPassphrase, is_sealed, unseal
from edge.upkeep.renewal import RESTORING

SEALED = ".restore.sealed"
_CLEAR = ".restore.clear"


class NotRestored(Exception):
    """The backup cannot be used; the text says why and what to do."""


def prepare(data: Path, passphrase: str) -> Contents:
    """Lay out what is in SEALED, and take that away. Raises NotRestored; then nothing is left."""
    ready = data / RESTORING
    try:
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir(mode=0o700)
        contents = _laid_out(data, ready, passphrase)
    except BaseException:
        shutil.rmtree(ready, ignore_errors=True)
        raise
    finally:
        for name in (SEALED, _CLEAR):
            (data / name).unlink(missing_ok=True)
    return contents


def _laid_out(data: Path, ready: Path, passphrase: str) -> Contents:
    try:
        if not is_sealed(data / SEALED):
            raise NotRestored("This is no backup under a passphrase: take one that is.")
        note = unseal(data / SEALED, data / _CLEAR, passphrase)
        contents = restore(data / _CLEAR, ready / DATABASE)
        restored(note, ready, contents.box)
    except WrongPassphrase:
        text = "The passphrase does not open this backup, or the file is damaged."
        raise NotRestored(text) from None
    except JournalUnusable as error:
        raise NotRestored(error.advice) from error
    except (OSError, sqlite3.Error, CommandFailed) as error:
        raise NotRestored(f"It cannot be restored: {error}") from error
    if not (ready / FILE).exists():
        raise NotRestored("The backup holds no settings: restore it with `payvand restore`.")
    # The code stands on this box's label, wherever the users come from.
    own, people = access.read(data), access.read(ready)
    access.write(ready, replace(people, code=own.code, code_made=own.code_made))
    return contents
