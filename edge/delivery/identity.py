"""The box's own key, by which every CRM tells it from all others.

    DATA/identity.json (0600)   private key · its number · starts · endorsements

    device id   base32 of SHA-256 of the public key, 16 letters: what an operator compares
    key id      box id # number of the key: what requests are signed with
    starts      rises with each start of the box, on disk before the first request is signed

The key is made on the first start and never leaves the box, but in a backup with a passphrase. A
renewed key is endorsed by the one before it, so that a CRM that knows an older one follows by
itself. Two boxes with one key (a copied card) start with the same number sooner or later, or one
falls behind the other: the CRM sees it in the nonce of their requests.
"""

import asyncio
import base64
import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from edge.durable_file import replace_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = "identity.json"
DEVICE_LETTERS = 16
KEY_BYTES = 32


class IdentityLost(Exception):
    """The box's key cannot be read or kept; the text says what to do."""


class Endorsement(Struct, frozen=True):
    """A key that the one before it vouches for. signature: by that one, of `endorsed_bytes`."""

    number: int
    public_key: bytes
    signature: bytes


class Kept(Struct, frozen=True, forbid_unknown_fields=True):
    """The file. Bytes are base64 in it. starts: how often the box began to use this key."""

    version: int
    number: int
    private_key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    public_key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    starts: int = 0
    line: tuple[Endorsement, ...] = ()


class Identity:
    """The key in service, since one start of the box.

    run: differs from that of any other start, of this box or a copy of it. line: the endorsements
    that lead to this key, the oldest first.
    """

    def __init__(self, kept: Kept) -> None:
        self.number = kept.number
        self.public_key = kept.public_key
        self.device = device_id(kept.public_key)
        self.line = kept.line
        self.starts = kept.starts
        self.run = secrets.token_hex(4)
        self.private_key = _private(kept)
        self._requests = 0

    def nonce(self) -> str:
        """`<starts>.<count>.<run>`, with a count that rises by one."""
        self._requests += 1
        return f"{self.starts}.{self._requests}.{self.run}"


class IdentityFile:
    """Where the key lies. `identity` opens it once for all who ask."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._opening = asyncio.Lock()
        self._identity: Identity | None = None

    @property
    def device(self) -> str | None:
        """The device id, None until somebody needed the key."""
        return self._identity.device if self._identity else None

    async def identity(self) -> Identity:
        """The key, made if there is none; imports cryptography, in a thread.

        Raises IdentityLost when it cannot be read or kept.
        """
        async with self._opening:
            if self._identity is None:
                self._identity = await asyncio.to_thread(begin, self._path)
            return self._identity


def begin(path: Path) -> Identity:
    """Take the key into service for one start. Raises IdentityLost."""
    kept = read(path) or _made()
    kept = msgspec.structs.replace(kept, starts=kept.starts + 1)
    write(path, kept)
    return Identity(kept)


def read(path: Path) -> Kept | None:
    """What the file holds, None where there is none. Raises IdentityLost."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise IdentityLost(
            f"{path} cannot be read ({error}): bring it back from a backup with a passphrase, or"
            " move it away; then the box makes a new key, which the CRM's operator must accept"
        ) from error


def write(path: Path, kept: Kept) -> None:
    """Return when it is on the disk. Raises IdentityLost; the old one stands then."""
    try:
        replace_file(path, msgspec.json.encode(kept))
    except OSError as error:
        raise IdentityLost(f"{path} cannot be written ({error}): check the disk") from error


def renewed(kept: Kept, box: str) -> Kept:
    """A new key, endorsed by the one of `kept`, which is gone then."""
    new = _made()
    number = kept.number + 1
    signed = _private(kept).sign(endorsed_bytes(box, number, new.public_key))
    line = (*kept.line, Endorsement(number, new.public_key, signed))
    return msgspec.structs.replace(new, number=number, line=line)


def endorsed_bytes(box: str, number: int, public_key: bytes) -> bytes:
    """What a key signs to vouch for the next one of the same box."""
    return f"payvand key {box}#{number} ".encode() + base64.b64encode(public_key)


def device_id(public_key: bytes) -> str:
    """What a person reads off two screens to compare a key."""
    digest = hashlib.sha256(public_key).digest()
    return base64.b32encode(digest).decode()[:DEVICE_LETTERS]


def _made() -> Kept:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return Kept(1, 1, private.private_bytes_raw(), public)


def _private(kept: Kept) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(kept.private_key)
