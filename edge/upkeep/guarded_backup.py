"""What a backup holds under a passphrase only: settings with secrets, users, the box's key.

    guarded ──▶ bytes beside the journal in the sealed file ──▶ restored

A restored box does not go on with the key itself but with a new one that it endorses: the CRM
follows by itself, and the box that the backup was taken of, should it still run, is locked out and
told so. Two boxes with one key would give one number to two events.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.access import kept as users_file
from edge.delivery import identity
from edge.delivery.identity import IdentityLost, Kept
from edge.durable_file import replace_file
from edge.errors import BadInput, CommandFailed
from edge.site.file import load, to_toml
from edge.site.secrets import move, opened
from edge.site.site import FILE
from edge.upkeep.passphrase import LEAST_CHARACTERS, WrongPassphrase, is_sealed, unseal
from edge.vault import SecretLost, Vault


class _Guarded(Struct, frozen=True):
    settings: str | None
    identity: Kept | None
    access: users_file.Kept | None = None


def passphrase_in(path: Path) -> str:
    """The first line of a file. Raises BadInput."""
    try:
        text = path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"no passphrase can be read from {path}: {error}") from error
    if len(text) < LEAST_CHARACTERS:
        raise BadInput(
            f"the passphrase in {path} must have {LEAST_CHARACTERS} characters or more: take some"
            " words that do not belong together"
        )
    return text


@contextmanager
def in_clear(
    file: Path, clear: Path, passphrase_file: Path | None
) -> Iterator[tuple[Path, bytes | None]]:
    """A file in clear, and what comes with it under a passphrase, None where it is under none.

    clear: where it lies meanwhile. Raises CommandFailed.
    """
    if not is_sealed(file):
        yield file, None
        return
    if passphrase_file is None:
        raise CommandFailed(f"{file} is under a passphrase: name its file with --passphrase-file")
    try:
        yield clear, unseal(file, clear, passphrase_in(passphrase_file))
    except WrongPassphrase as error:
        raise CommandFailed(
            f"the passphrase in {passphrase_file} does not open {file}, or the file is damaged:"
            " check both"
        ) from error
    finally:
        clear.unlink(missing_ok=True)


def guarded(data: Path) -> bytes:
    """What is secret in a data directory. Raises CommandFailed where a part cannot be had."""
    vault = Vault(data, "")
    try:
        kept, people = identity.read(data / identity.FILE), users_file.read(data)
        site = load(data / FILE)
        device = tuple(opened(each, vault) for each in site.device)
        destination = tuple(opened(each, vault) for each in site.destination)
        settings = to_toml(replace(site, device=device, destination=destination))
    except BadInput:
        settings = None
    except (SecretLost, IdentityLost) as error:
        raise CommandFailed(f"the backup would not be whole: {error}") from error
    return msgspec.json.encode(_Guarded(settings, kept, _people(people)))


def restored(note: bytes, data: Path, box: str) -> str:
    """Put it into an empty data directory, as of this box; returns what is to be said of it.

    Raises CommandFailed.
    """
    held = msgspec.json.decode(note, type=_Guarded)
    said = "the backup has no settings: write site.toml"
    try:
        if (data / FILE).exists():
            said = f"the {FILE} that is there stays"
        elif held.settings is not None:
            replace_file(data / FILE, held.settings.encode())
            move(data / FILE, Vault(data, box))
            said = "settings with passwords and tokens"
        if held.identity is not None:
            identity.write(data / identity.FILE, identity.renewed(held.identity, box))
            said += "; its key is renewed, and the CRM knows it by that"
        if held.access is not None and not (data / users_file.FILE).exists():
            users_file.write(data, held.access)
    except (OSError, SecretLost, IdentityLost) as error:
        raise CommandFailed(f"the journal is restored, the secrets are not: {error}") from error
    return said


def _people(kept: users_file.Kept) -> users_file.Kept:
    """The users alone: the setup code stands on another box's label, and sessions end."""
    return users_file.Kept(users=kept.users)
