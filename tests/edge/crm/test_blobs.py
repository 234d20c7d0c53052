"""Recordings come in pieces, stop anywhere, and are whole or not there."""

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.crm.server import serve

if TYPE_CHECKING:
    from tests.edge.crm.conftest import Box, Got

DATA = os.urandom(2_500_000)
NAME = hashlib.sha256(DATA).hexdigest()
PATH = f"/v1/blobs/{NAME}"
PIECES = [(0, 1 << 20), (1 << 20, 2 << 20), (2 << 20, len(DATA))]


async def put(box: "Box", first: int, end: int, data: bytes = DATA, path: str = PATH) -> "Got":
    headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(data)}"}
    return await box.ask("PUT", path, data=io.BytesIO(data[first:end]), headers=headers)


async def test_pieces_become_a_whole(box: "Box", tmp_path: Path) -> None:
    assert (await box.ask("HEAD", PATH)).status == 404
    for first, end in PIECES[:2]:
        got = await put(box, first, end)
        assert (got.status, got.headers["Payvand-Received"]) == (204, str(end))
    got = await box.ask("HEAD", PATH)
    assert (got.status, got.headers["Payvand-Received"]) == (200, str(2 << 20))
    assert (await put(box, *PIECES[2])).status == 201
    got = await box.ask("HEAD", PATH)
    assert (got.status, got.headers["Content-Length"]) == (200, str(len(DATA)))
    assert "Payvand-Received" not in got.headers
    assert (tmp_path / "crm" / "blobs" / NAME).read_bytes() == DATA
    assert (await put(box, *PIECES[2])).status == 201  # the answer may have been lost


async def test_a_piece_out_of_its_turn_is_told_where_to_go_on(box: "Box") -> None:
    await put(box, *PIECES[0])
    for first, end in (PIECES[0], PIECES[2], (1, 9)):
        got = await put(box, first, end)
        assert (got.status, got.body["code"]) == (409, "wrong-offset")
        assert got.headers["Payvand-Received"] == str(1 << 20)


async def test_it_goes_on_after_a_restart(box: "Box", tmp_path: Path) -> None:
    await put(box, *PIECES[0])
    await box.crm.close()
    running = await serve("127.0.0.1", 0, tmp_path / "crm", None)
    try:
        again = box.at(running)
        assert (await again.ask("HEAD", PATH)).headers["Payvand-Received"] == str(1 << 20)
        assert [(await put(again, *piece)).status for piece in PIECES[1:]] == [204, 201]
    finally:
        await running.close()


async def test_a_wrong_hash_drops_it(box: "Box") -> None:
    wrong = f"/v1/blobs/{'0f' * 32}"
    got = await put(box, 0, 9, b"some data", wrong)
    assert (got.status, got.body["code"]) == (422, "wrong-hash")
    assert (await box.ask("HEAD", wrong)).status == 404


@pytest.mark.parametrize(
    "span",
    ["", "bytes 0-9/10", "bytes 0-8/8", "bytes 1-9/9", "bytes 9-1/9", "bytes */9", "items 0-8/9"],
)
async def test_a_range_that_does_not_fit_is_a_bad_request(box: "Box", span: str) -> None:
    got = await box.ask("PUT", PATH, data=b"some data", headers={"Content-Range": span})
    assert (got.status, got.body["code"]) == (400, "bad-request")
    assert (await box.ask("HEAD", PATH)).status == 404


async def test_what_is_too_large_is_refused(box: "Box") -> None:
    headers = {"Content-Range": f"bytes 0-8/{(100 << 20) + 1}"}
    assert (await box.ask("PUT", PATH, data=b"some data", headers=headers)).status == 413
    assert (await put(box, 0, (1 << 20) + 1)).status == 413
    assert (await box.ask("PUT", "/v1/blobs/..", data=b"")).status == 404
