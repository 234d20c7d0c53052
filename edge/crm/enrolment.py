"""Which boxes may send: their keys, and the claim codes that let new ones in.

    box, unknown ──▶ pending ──operator──▶ accepted ──operator──▶ revoked
        │               └─────operator──▶ refused        └─another key for its branch─▶ replaced
        └──claim code, or endorsed by the key before──▶ accepted

One key is accepted for a box, and one for a branch: who accepts another, by claim code or by hand,
replaces it. A key is used by one box only: its requests count up, so of two boxes with a copied
card one falls behind, or both begin with the same number.
"""

import base64
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from edge.crm.signatures import KeyName, Proof

SCHEMA = """
CREATE TABLE IF NOT EXISTS box (
    device TEXT PRIMARY KEY,
    box TEXT NOT NULL,
    number INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    state TEXT NOT NULL,
    branch TEXT NOT NULL,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    starts INTEGER NOT NULL DEFAULT 0,
    run TEXT NOT NULL DEFAULT '',
    count INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0,
    doubles INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS claim (
    hash BLOB PRIMARY KEY, branch TEXT NOT NULL, until REAL NOT NULL, device TEXT
) STRICT;
"""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another
CODE_LETTERS = 10  # 50 bits
CODE_SECONDS = 72 * 3600
MOST_PENDING = 1000
GUESSES, GUESS_SECONDS = 20, 3600.0
MOST_SKEW = 300.0
WINDOW = 60  # requests that may overtake each other; fits into SQLite's integer

State = Literal["pending", "accepted", "refused", "revoked", "replaced"]


class Endorsement(Struct, frozen=True):
    number: int
    public_key: bytes
    signature: bytes


class Application(Struct, frozen=True):
    """Body of `POST /v1/enrol`."""

    box: str
    number: int
    public_key: bytes
    claim: str = ""
    model: str = ""
    version: str = ""
    line: tuple[Endorsement, ...] = ()


class KnownBox(Struct, frozen=True):
    """One key of one box, for the operator. doubles: how often another box used the same."""

    device: str
    box: str
    number: int
    state: State
    branch: str
    model: str
    version: str
    starts: int
    doubles: int


class TooManyGuesses(Exception):
    """Wrong claim codes, or boxes waiting to be accepted, are too many just now."""


class Register:
    """The boxes in the store's database; used in the store's thread, within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.executescript(SCHEMA)
        self._execute = connection.execute
        self._guesses: list[float] = []

    def new_claim(self, branch: str) -> str:
        """A code that lets one box in, for three days; it replaces the branch's box, if any."""
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))
        row = (_hash(code), branch, time.time() + CODE_SECONDS)
        self._execute("INSERT INTO claim (hash, branch, until) VALUES (?, ?, ?)", row)
        return f"{code[:5]}-{code[5:]}"

    def boxes(self) -> list[KnownBox]:
        sql = """SELECT device, box, number, state, branch, model, version, starts, doubles
                 FROM box ORDER BY rowid DESC"""
        return [KnownBox(*row) for row in self._execute(sql)]

    def admit(
        self, name: KeyName, prove: Callable[[bytes], Proof | None]
    ) -> tuple[str, Proof | None]:
        """Judge a request by the keys known under the name that it gives.

        More than one is known where a box lost its key. Returns why it is refused, or nothing.
        """
        sql = "SELECT public_key, state FROM box WHERE box = ? AND number = ?"
        for key, state in self._execute(sql, (name.box, name.number)).fetchall():
            if (proved := prove(key)) is None:
                continue
            if state == "replaced":
                self._double(key)
                return "two-boxes", proved
            if state != "accepted":
                break
            if abs(proved.skew) > MOST_SKEW:
                return "clock-skew", proved
            return self._use(key, proved), proved
        return "not-enrolled", None

    def apply(self, asked: Application) -> tuple[State, str]:
        """Decide on a box whose request was signed by the key that it shows.

        Returns its state, and `bad-claim` where the code was the reason. Raises TooManyGuesses.
        """
        device = device_id(asked.public_key)
        row = self._execute("SELECT state FROM box WHERE device = ?", (device,)).fetchone()
        if row and row[0] == "accepted":
            return "accepted", ""
        branch = self._endorsed(asked) or self._claimed(asked.claim, device)
        if branch is None and asked.claim:
            return "refused", "bad-claim"
        if not row:
            self._note(asked, device)
        if branch is None:
            return (row[0] if row else "pending"), ""
        self.decide(device, "accepted", branch)
        return "accepted", ""

    def decide(self, device: str, state: State, branch: str | None = None) -> bool:
        """The operator's word on a key; False where there is none such. Accepting replaces."""
        row = self._execute("SELECT box, branch FROM box WHERE device = ?", (device,)).fetchone()
        if row is None:
            return False
        branch = row[1] if branch is None else branch
        if state == "accepted":
            self._execute(
                "UPDATE box SET state = 'replaced' WHERE state = 'accepted' AND device <> ?"
                " AND (box = ? OR branch = ? AND branch <> '')",
                (device, row[0], branch),
            )
        self._execute(
            "UPDATE box SET state = ?, branch = ? WHERE device = ?", (state, branch, device)
        )
        return True

    def _use(self, public_key: bytes, proof: Proof) -> str:
        """Count a request; `two-boxes` or `replay` for one that is not new."""
        device = device_id(public_key)
        sql = "SELECT starts, run, count, seen FROM box WHERE device = ?"
        starts, run, count, seen = self._execute(sql, (device,)).fetchone()
        if (proof.starts, proof.run) != (starts, run):
            if proof.starts <= starts:
                self._double(public_key)
                return "two-boxes"
            count, seen = 0, 0
        ahead = proof.count - count
        if ahead <= -WINDOW or (ahead <= 0 and seen >> -ahead & 1):
            return "replay"
        seen = (seen << ahead | 1) & (1 << WINDOW) - 1 if ahead > 0 else seen | 1 << -ahead
        self._execute(
            "UPDATE box SET starts = ?, run = ?, count = ?, seen = ? WHERE device = ?",
            (proof.starts, proof.run, max(count, proof.count), seen, device),
        )
        return ""

    def _double(self, public_key: bytes) -> None:
        """Note for the operator that a key is in use twice, or still in use."""
        sql = "UPDATE box SET doubles = doubles + 1 WHERE device = ?"
        self._execute(sql, (device_id(public_key),))

    def _note(self, asked: Application, device: str) -> None:
        sql = "SELECT count(*) FROM box WHERE state = 'pending'"
        if self._execute(sql).fetchone()[0] >= MOST_PENDING:
            raise TooManyGuesses
        self._execute(
            "INSERT INTO box (device, box, number, public_key, state, branch, model, version)"
            " VALUES (?, ?, ?, ?, 'pending', '', ?, ?)",
            (device, asked.box, asked.number, asked.public_key, asked.model, asked.version),
        )

    def _endorsed(self, asked: Application) -> str | None:
        """The branch of the accepted key that leads to this one, link by link."""
        sql = "SELECT number, public_key, branch FROM box WHERE box = ? AND state = 'accepted'"
        row = self._execute(sql, (asked.box,)).fetchone()
        if row is None:
            return None
        number, key, branch = row
        for link in asked.line:
            if link.number == number + 1 and _vouches(key, asked.box, link):
                number, key = link.number, link.public_key
        return branch if (number, key) == (asked.number, asked.public_key) else None

    def _claimed(self, code: str, device: str) -> str | None:
        """The branch that a code is for; used up by it, but for the same box once more."""
        if not code:
            return None
        now = time.time()
        self._guesses = [at for at in self._guesses if now - at < GUESS_SECONDS]
        if len(self._guesses) >= GUESSES:
            raise TooManyGuesses
        sql = "SELECT branch FROM claim WHERE hash = ? AND until > ? AND device IS NULL"
        row = self._execute(sql, (_hash(code), now)).fetchone()
        if row is None:
            self._guesses.append(now)
            return None
        self._execute("UPDATE claim SET device = ? WHERE hash = ?", (device, _hash(code)))
        return str(row[0])


def device_id(public_key: bytes) -> str:
    return base64.b32encode(hashlib.sha256(public_key).digest()).decode()[:16]


def _hash(code: str) -> bytes:
    return hashlib.sha256("".join(filter(str.isalnum, code.upper())).encode()).digest()


def _vouches(key: bytes, box: str, link: Endorsement) -> bool:
    told = f"payvand key {box}#{link.number} ".encode() + base64.b64encode(link.public_key)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(link.signature, told)
    except (InvalidSignature, ValueError):
        return False
    return True
