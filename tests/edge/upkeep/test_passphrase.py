"""Files under a passphrase: what comes out is what went in, or nothing."""

import stat
from pathlib import Path

import pytest

from edge.upkeep.passphrase import MAGIC, WrongPassphrase, is_sealed, seal, unseal

WORDS = "correct horse battery"
PIECE = 1 << 20


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_goes_in_comes_out(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "clear").write_bytes(content[:size])
    seal(tmp_path / "clear", b"a note", tmp_path / "sealed", WORDS)
    assert unseal(tmp_path / "sealed", tmp_path / "again", WORDS) == b"a note"
    assert (tmp_path / "again").read_bytes() == content[:size]
    for name in ("sealed", "again"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert is_sealed(tmp_path / "sealed")
    assert not is_sealed(tmp_path / "clear")


@pytest.fixture
def sealed(tmp_path: Path) -> bytes:
    (tmp_path / "clear").write_bytes(b"x" * (2 * PIECE + 5))
    seal(tmp_path / "clear", b"a note", tmp_path / "sealed", WORDS)
    return (tmp_path / "sealed").read_bytes()


HEAD = len(MAGIC) + 16 + 7 + 4
NOTE = len(b"a note") + 16


def changed(whole: bytes, what: str) -> bytes:
    first, second = HEAD + NOTE, HEAD + NOTE + PIECE + 16
    third = second + PIECE + 16
    return {
        "a bit": whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:],
        "a bit of the head": whole[: HEAD - 6] + bytes([whole[HEAD - 6] ^ 1]) + whole[HEAD - 5 :],
        "cut at a piece": whole[:third],
        "cut in a piece": whole[: third + 9],
        "cut in the head": whole[: HEAD - 2],
        "a piece left out": whole[:first] + whole[second:],
        "pieces in another order": whole[:first]
        + whole[second:third]
        + whole[first:second]
        + whole[third:],
        "something behind it": whole + b"x" * PIECE,
        "a huge note": whole[: HEAD - 4] + b"\xff" * 4 + whole[HEAD:],
    }[what]


@pytest.mark.parametrize(
    "what",
    [
        "a bit",
        "a bit of the head",
        "cut at a piece",
        "cut in a piece",
        "cut in the head",
        "a piece left out",
        "pieces in another order",
        "something behind it",
        "a huge note",
    ],
)
def test_what_was_changed_gives_nothing(tmp_path: Path, sealed: bytes, what: str) -> None:
    (tmp_path / "sealed").write_bytes(changed(sealed, what))
    with pytest.raises(WrongPassphrase):
        unseal(tmp_path / "sealed", tmp_path / "again", WORDS)
    assert not (tmp_path / "again").exists()


def test_another_passphrase_gives_nothing(tmp_path: Path, sealed: bytes) -> None:
    assert b"xxxx" not in sealed
    with pytest.raises(WrongPassphrase):
        unseal(tmp_path / "sealed", tmp_path / "again", WORDS + "s")
    assert not (tmp_path / "again").exists()
