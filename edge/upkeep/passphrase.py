"""A file under a passphrase, for a backup that holds passwords, tokens and the box's key.

    magic ┃ salt 16 ┃ prefix 7 ┃ length of the note 4 ┃ note ┃ piece ┃ … ┃ last piece
    note    some bytes beside the file; it counts as piece 0
    piece   AES-256-GCM of a megabyte, nonce = prefix ┃ number 4 ┃ 1 in the last, else 0

The key is made of the passphrase by Argon2id as RFC 9106 recommends it where memory is short (64
MiB, 3 passes, 4 lanes): a guess costs a tenth of a second and that memory, on any machine. Number
and mark of the end are in the nonce, so that a piece that is missing, moved or cut off is noticed
before anything of the file is used (the STREAM construction of Hoang and others).
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from edge.durable_file import sync_file, sync_folder

MAGIC = b"payvand backup under a passphrase 1\n"
LEAST_CHARACTERS = 12
_SALT_BYTES, _PREFIX_BYTES, _LENGTH_BYTES = 16, 7, 4
_HEAD_BYTES = len(MAGIC) + _SALT_BYTES + _PREFIX_BYTES + _LENGTH_BYTES
_LONGEST_NOTE = 16 << 20
_PIECE = 1 << 20
_PROOF = 16
_PASSES, _LANES, _KIBIBYTES = 3, 4, 64 * 1024


class WrongPassphrase(Exception):
    """It does not open the file, or the file is damaged: the two cannot be told apart."""


def is_sealed(path: Path) -> bool:
    """Whether the file is one of these. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def seal(source: Path, note: bytes, target: Path, passphrase: str) -> None:
    """Write both under a passphrase; replaces `target` when all is on disk. Raises OSError."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    drawn = secrets.token_bytes(_SALT_BYTES + _PREFIX_BYTES)
    head = MAGIC + drawn + len(note).to_bytes(_LENGTH_BYTES, "big")
    cipher = AESGCM(_key(passphrase, head))
    made = target.with_name(f".{target.name}.new")
    try:
        with source.open("rb") as clear, _created(made) as sealed:
            sealed.write(head)
            sealed.write(cipher.encrypt(_nonce(head, 0), note, head))
            for piece, nonce in _pieces(clear, _PIECE, head):
                sealed.write(cipher.encrypt(nonce, piece, head))
        sync_file(made)
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)
    sync_folder(target.absolute().parent)


def unseal(source: Path, target: Path, passphrase: str) -> bytes:
    """Write the file that is in `source` to a new one, for its owner's eyes only; gives the note.

    Raises WrongPassphrase and OSError; there is no target then.
    """
    from cryptography.exceptions import InvalidTag

    try:
        with source.open("rb") as sealed, _created(target) as clear:
            return _unseal(sealed, clear, passphrase)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, InvalidTag):
            raise WrongPassphrase from error
        raise


def _unseal(sealed: BinaryIO, clear: BinaryIO, passphrase: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = sealed.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES:
        raise WrongPassphrase
    cipher = AESGCM(_key(passphrase, head))
    length = int.from_bytes(head[-_LENGTH_BYTES:], "big")
    note = sealed.read(min(length, _LONGEST_NOTE) + _PROOF)
    told = cipher.decrypt(_nonce(head, 0), note, head)
    clear.writelines(
        cipher.decrypt(nonce, piece, head)
        for piece, nonce in _pieces(sealed, _PIECE + _PROOF, head)
    )
    return told


def _pieces(file: BinaryIO, size: int, head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each piece with its nonce; the last may be empty, and is marked."""
    number, piece = 1, file.read(size)
    while True:
        following = file.read(size)
        yield piece, _nonce(head, number, last=not following)
        if not following:
            return
        number, piece = number + 1, following


def _nonce(head: bytes, number: int, *, last: bool = False) -> bytes:
    prefix = head[len(MAGIC) + _SALT_BYTES :][:_PREFIX_BYTES]
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _key(passphrase: str, head: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    salt = head[len(MAGIC) :][:_SALT_BYTES]
    argon2 = Argon2id(
        salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_KIBIBYTES
    )
    return argon2.derive(passphrase.encode())


def _created(path: Path) -> BinaryIO:
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")
