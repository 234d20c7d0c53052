"""Recordings and fax pages: named by their SHA-256, sent in pieces, resumed where they stopped.

blobs/<sha256>.part   the pieces so far, each on the disk before it is answered
blobs/<sha256>        the whole one, once its hash is what its name says
"""

import asyncio
import fcntl
import hashlib
import os
import re
from pathlib import Path

from aiohttp import web

from edge.crm.answers import BadRequest, NotStored, Refused, TooLarge
from edge.durable_file import sync_folder

FOLDER = web.AppKey("folder", Path)
PATH = "/v1/blobs/{sha256:[0-9a-f]{64}}"
PIECE = re.compile(r"bytes (0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,14})/([1-9][0-9]{0,14})")
MOST_BYTES = 100 << 20
routes = web.RouteTableDef()


@routes.head(PATH)
async def head_blob(request: web.Request) -> web.Response:
    whole = request.app[FOLDER] / request.match_info["sha256"]
    part = whole.with_suffix(".part")
    if whole.exists():
        return web.Response(headers={"Content-Length": str(whole.stat().st_size)})
    if part.exists():
        return web.Response(headers={"Payvand-Received": str(part.stat().st_size)})
    raise Refused(404, "not-found", "nothing of it is here")


@routes.put(PATH)
async def put_blob(request: web.Request) -> web.Response:
    whole, body = request.app[FOLDER] / request.match_info["sha256"], await request.read()
    found = PIECE.fullmatch(request.headers.get("Content-Range", ""))
    first, last, total = map(int, found.groups()) if found else (0, -1, 0)
    if not (body and len(body) == last - first + 1 and last < total):
        raise BadRequest("Content-Range must read 'bytes A-B/TOTAL', and the body be A to B")
    if total > MOST_BYTES:
        raise TooLarge(f"send {MOST_BYTES} bytes at most in all")
    try:
        received = await asyncio.to_thread(_keep, whole, first, body, total)
    except OSError as error:
        raise NotStored(error) from error
    if received == total:
        return web.Response(status=201)
    return web.Response(status=204, headers={"Payvand-Received": str(received)})


def _keep(whole: Path, first: int, piece: bytes, total: int) -> int:
    """Add a piece; how much is on the disk then. Raises Refused, OSError."""
    if whole.exists():
        return total
    part = whole.with_suffix(".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the same piece may come twice at once
        if (here := file.seek(0, os.SEEK_END)) != first:
            advice = f"send what comes after the first {here} bytes"
            raise Refused(409, "wrong-offset", advice, Payvand_Received=str(here))
        file.write(piece)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        if first + len(piece) == total:
            if hashlib.file_digest(file, "sha256").hexdigest() != whole.name:
                part.unlink()
                advice = "what came is not what its name says, and was dropped: send it anew"
                raise Refused(422, "wrong-hash", advice)
            part.rename(whole)
    sync_folder(part.parent)
    return first + len(piece)
