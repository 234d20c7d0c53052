"""The box's key on disk: made once, kept, renewed, and never in two pieces."""

import asyncio
import base64
import hashlib
import stat
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.delivery.identity import (
    FILE,
    IdentityFile,
    IdentityLost,
    begin,
    endorsed_bytes,
    read,
    renewed,
)


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = begin(tmp_path / FILE)
    second = begin(tmp_path / FILE)
    assert first.public_key == second.public_key
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert (first.starts, second.starts) == (1, 2)
    assert first.run != second.run


def test_the_device_id_is_made_of_the_public_key(tmp_path: Path) -> None:
    identity = begin(tmp_path / FILE)
    digest = hashlib.sha256(identity.public_key).digest()
    assert identity.device == base64.b32encode(digest)[:16].decode()


def test_a_nonce_never_comes_twice(tmp_path: Path) -> None:
    first, second = begin(tmp_path / FILE), begin(tmp_path / FILE)
    nonces = [each.nonce() for each in (first, first, second, second)]
    assert len(set(nonces)) == 4
    assert [nonce.rpartition(".")[0] for nonce in nonces] == ["1.1", "1.2", "2.1", "2.2"]


def test_a_renewed_key_is_endorsed_by_the_one_before(tmp_path: Path) -> None:
    begin(tmp_path / FILE)
    first = read(tmp_path / FILE)
    assert first
    second = renewed(first, "5e1f00c0ffee")
    third = renewed(second, "5e1f00c0ffee")
    assert [link.number for link in third.line] == [2, 3]
    for key, link in zip((first, second), third.line, strict=True):
        told = endorsed_bytes("5e1f00c0ffee", link.number, link.public_key)
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(link.signature, told)
    assert third.line[-1].public_key == third.public_key
    assert third.starts == 0
    assert first.private_key not in {second.private_key, third.private_key}


async def test_all_who_ask_get_one_start_of_one_key(tmp_path: Path) -> None:
    file = IdentityFile(tmp_path)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(file.identity()) for _ in range(5)]
    assert len({task.result().run for task in asked}) == 1
    kept = read(tmp_path / FILE)
    assert kept
    assert kept.starts == 1


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 1, "number": 1}', b"\xff"])
def test_a_file_that_is_none_is_not_replaced_by_a_new_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(IdentityLost, match="backup"):
        begin(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_key_of_a_wrong_length_is_told(tmp_path: Path) -> None:
    begin(tmp_path / FILE)
    kept = read(tmp_path / FILE)
    assert kept
    short = msgspec.structs.replace(kept, private_key=b"short")
    (tmp_path / FILE).write_bytes(msgspec.json.encode(short))
    with pytest.raises(IdentityLost):
        begin(tmp_path / FILE)
