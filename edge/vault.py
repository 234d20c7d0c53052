"""Passwords and tokens at rest: each one sealed by itself, under a key that lies elsewhere.

    DATA/vault.json (0600)   {"box": …, "key": "file", "sealed": {"destination.crm.token": "…"}}
    sealed                   12 bytes drawn ┃ AES-256-GCM of the text ┃ 16 bytes of proof
    bound to                 the field's name and the box: none can be put in another's place
    the key                  HKDF-SHA256 of the systemd credential `vault-key`,
                             or else of DATA/vault.key (0600), made on first use

What it keeps from whom: another user of the box, a backup, a file sent to support. Without a
credential, who holds the card holds the key too: then change the passwords and revoke the box.
Once a credential is there, all is sealed anew under it, and the key file goes.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.durable_file import replace_file, sync_folder

FILE = "vault.json"
KEY_FILE = "vault.key"
CREDENTIAL = "vault-key"
_LEAST_KEY = 32
_NONCE_BYTES = 12
_PURPOSE = b"payvand vault 1"

Source = Literal["credential", "file"]


class SecretLost(Exception):
    """A secret cannot be had, or not be kept; the text says why and what to do."""


class _Kept(Struct, frozen=True, forbid_unknown_fields=True):
    box: str
    key: Source
    sealed: dict[str, bytes] = {}


class Vault:
    """The secrets of one data directory. Importing what it takes is heavy: use it in a thread.

    box: this box's id; once there is a vault, the one that it was made with counts, since a journal
    that was lost gives the box another. Every method raises SecretLost.
    """

    def __init__(self, folder: Path, box: str) -> None:
        self._folder = folder
        self._box = box

    def put(self, texts: Mapping[str, str]) -> None:
        """Seal texts by the names of their fields; returns when they are on disk."""
        self._write(self._sealing(self._read(), texts))

    def get(self, name: str) -> str:
        """The text of a field."""
        return self._open(self._read(), name)

    def names(self) -> frozenset[str]:
        """The fields that it holds."""
        return frozenset(self._read().sealed)

    def prefer_credential(self) -> None:
        """Where a credential has come, seal all under it, and only then take the key file away."""
        kept = self._read()
        if _credential() is None:
            return
        if kept.key == "file" and kept.sealed:
            texts = {name: self._open(kept, name) for name in kept.sealed}
            self._write(self._sealing(replace(kept, key="credential"), texts))
        if (self._folder / KEY_FILE).exists():
            (self._folder / KEY_FILE).unlink()
            sync_folder(self._folder)

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode((self._folder / FILE).read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept(self._box, "file" if _credential() is None else "credential")
        except (OSError, msgspec.MsgspecError) as error:
            raise SecretLost(
                f"the vault {self._folder / FILE} cannot be read ({error}): move it away, and write"
                " the passwords and tokens into site.toml again"
            ) from error

    def _write(self, kept: _Kept) -> None:
        try:
            replace_file(self._folder / FILE, msgspec.json.encode(kept))
        except OSError as error:
            raise SecretLost(
                f"the vault {self._folder / FILE} cannot be written ({error}): check the disk"
            ) from error

    def _sealing(self, kept: _Kept, texts: Mapping[str, str]) -> _Kept:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(self._key(kept.key, make=not kept.sealed))
        sealed = dict(kept.sealed)
        for name, text in texts.items():
            nonce = secrets.token_bytes(_NONCE_BYTES)
            sealed[name] = nonce + cipher.encrypt(nonce, text.encode(), _bound(kept.box, name))
        return replace(kept, sealed=sealed)

    def _open(self, kept: _Kept, name: str) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if name not in kept.sealed:
            raise SecretLost(f"the vault does not hold {name}: write it into site.toml again")
        nonce, rest = kept.sealed[name][:_NONCE_BYTES], kept.sealed[name][_NONCE_BYTES:]
        try:
            cipher = AESGCM(self._key(kept.key))
            return cipher.decrypt(nonce, rest, _bound(kept.box, name)).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretLost(
                f"the vault's key does not open {name}: write it into site.toml again"
            ) from error

    def _key(self, source: Source, *, make: bool = False) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        file = self._folder / KEY_FILE if source == "file" else _credential()
        try:
            if source == "file" and make and not (self._folder / KEY_FILE).exists():
                replace_file(self._folder / KEY_FILE, secrets.token_bytes(_LEAST_KEY))
            material = file.read_bytes() if file else b""
        except OSError as error:
            raise SecretLost(f"the vault's key cannot be had: {error}") from error
        if len(material) < _LEAST_KEY:
            raise SecretLost(
                f"the vault's key is missing: give the service its credential {CREDENTIAL}"
                f" ({_LEAST_KEY} bytes or more), or write the secrets into site.toml again"
            )
        return HKDF(SHA256(), 32, None, _PURPOSE).derive(material)


def _credential() -> Path | None:
    """Where systemd puts what LoadCredentialEncrypted=vault-key brings."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder, CREDENTIAL) if folder else None
    return path if path and path.is_file() else None


def _bound(box: str, name: str) -> bytes:
    return f"{box}/{name}".encode()
