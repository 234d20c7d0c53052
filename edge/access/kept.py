"""What is kept of access: DATA/access.json, 0600, replaced whole.

    {"version": 1, "code": "$argon2id$…", "users": […], "boot": "…", "sessions": […]}

A file of its own beside the journal, for two reasons: a backup without a passphrase holds the
journal and must not hold the hashes of passwords; and whoever has to make room on a full disk must
be able to log in while the journal takes nothing. A backup under a passphrase holds the users.

The factory lays in DATA/setup-code with the argon2id hash of the label's code. Where it did not,
the box puts a code of its own there in clear, for whoever may read the data directory.
"""

from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from edge.access.roles import Role
from edge.access.sessions import Session
from edge.durable_file import replace_file
from edge.errors import CommandFailed

FILE = "access.json"
CODE_FILE = "setup-code"
_VERSION = 1


class User(Struct, frozen=True, kw_only=True):
    """password: its argon2id hash. password_at: when it was last changed."""

    name: str
    role: Role
    password: str
    made_at: datetime
    password_at: datetime


class Reset(Struct, frozen=True):
    """A password that was set by the label's code, when the setup was opened once more."""

    user: str
    at: datetime


class Kept(Struct, frozen=True, kw_only=True):
    """code: the hash of the setup code, "" before there is one. sessions: of this boot alone.

    code_made: the box made the code, so that no label has it. reset: the last one.
    """

    version: int = _VERSION
    code: str = ""
    code_made: bool = False
    users: tuple[User, ...] = ()
    reset: Reset | None = None
    boot: str = ""
    sessions: tuple[Session, ...] = ()


def read(folder: Path) -> Kept:
    """What is there; nothing where there is no file. Raises CommandFailed."""
    path = folder / FILE
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return Kept()
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandFailed(
            f"{path} cannot be read ({error}): move it away, then set the box up again with its"
            " setup code"
        ) from error
    if kept.version != _VERSION:
        raise CommandFailed(f"{path} is from a newer payvand: update payvand, or move it away")
    return kept


def write(folder: Path, kept: Kept) -> None:
    """Returns when it is on the disk. Raises OSError."""
    replace_file(folder / FILE, msgspec.json.encode(kept))


def read_code(folder: Path) -> str:
    """The setup code's file: a hash from the factory, a code in clear, or "" without one."""
    try:
        return (folder / CODE_FILE).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write_code(folder: Path, code: str) -> None:
    """Show a code to whoever may read the data directory. Raises OSError."""
    replace_file(folder / CODE_FILE, f"{code}\n".encode())


def drop_code(folder: Path) -> None:
    """The code was used: its text goes. Raises OSError."""
    (folder / CODE_FILE).unlink(missing_ok=True)
