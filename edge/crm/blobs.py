"""Recordings and fax pages: named by their SHA-256, sent in pieces, resumed where they stopped.

blobs/<sha256>.part   the pieces so far, each on the disk before it is answered
blobs/<sha256>        the whole one, once its hash is what its name says
"""

import asyncio
import hashlib
import os
import re
from pathlib import Path

from aiohttp import web

from edge.crm.answers import BadRequest, NotStored, Refused
from edge.durable_file import sync_folder

MOST_BYTES = 100 << 20
PIECE = re.compile(r"bytes (0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})/([1-9][0-9]{0,14})")


class Blobs:
    """The HTTP side, and the folder. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()  # one piece at a time, so that none goes in twice
        folder.mkdir(parents=True, exist_ok=True)

    def routes(self) -> list[web.RouteDef]:
        path = "/v1/blobs/{sha256:[0-9a-f]{64}}"
        return [web.head(path, self.head), web.put(path, self.put)]

    async def head(self, request: web.Request) -> web.Response:
        whole, part = self._paths(request)
        if whole.exists():
            return web.Response(headers={"Content-Length": str(whole.stat().st_size)})
        if part.exists():
            return _received(200, part)
        raise Refused(404, "not-found", "nothing of it is here")

    async def put(self, request: web.Request) -> web.Response:
        body = await request.read()
        found = PIECE.fullmatch(request.headers.get("Content-Range", ""))
        first, last, total = map(int, found.groups()) if found else (0, -1, 0)
        if not (body and len(body) == last - first + 1 and last < total):
            raise BadRequest("Content-Range must read 'bytes A-B/TOTAL', and the body be A to B")
        if total > MOST_BYTES:
            raise Refused(413, "too-large", f"send {MOST_BYTES} bytes at most in all")
        whole, part = self._paths(request)
        async with self._turn:
            try:
                return await asyncio.to_thread(_keep, whole, part, first, body, total)
            except OSError as error:
                raise NotStored(error) from error

    def _paths(self, request: web.Request) -> tuple[Path, Path]:
        whole = self._folder / request.match_info["sha256"]
        return whole, whole.with_suffix(".part")


def _keep(whole: Path, part: Path, first: int, piece: bytes, total: int) -> web.Response:
    """Add a piece. Raises Refused, OSError."""
    if whole.exists():
        return web.Response(status=201)
    with part.open("ab") as file:
        if (here := file.tell()) != first:
            advice = f"send what comes after the first {here} bytes"
            raise Refused(409, "wrong-offset", advice, Payvand_Received=str(here))
        file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if first + len(piece) < total:
        sync_folder(part.parent)
        return _received(204, part)
    with part.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != whole.name:
            part.unlink()
            advice = "what came is not what its name says, and was dropped: send it anew"
            raise Refused(422, "wrong-hash", advice)
    part.rename(whole)
    sync_folder(whole.parent)
    return web.Response(status=201)


def _received(status: int, part: Path) -> web.Response:
    return web.Response(status=status, headers={"Payvand-Received": str(part.stat().st_size)})
