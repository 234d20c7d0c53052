"""Backup and restore: one encrypted file, and the way back to a box as it was new.

POST /backup            a file, streamed from the edge
POST /backup/restore    a file, streamed to the edge; the edge begins anew, sessions end
POST /backup/reset      all is erased, after the branch's name was typed
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

from aiohttp import BodyPartReader, web

from webui.confirming import confirmed
from webui.form import READ_SECONDS, Form, read, readable
from webui.visit import SESSION_COOKIE, Visit

ROUTES = web.RouteTableDef()
MOST_FIELD = 4096
"""Bytes of a field beside the file."""


@ROUTES.get("/backup")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request))


@ROUTES.post("/backup")
async def backup(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)

    async def work() -> web.StreamResponse:
        return await _streamed(visit, form.exact("passphrase"), form.exact("again"))

    return await confirmed(visit, form, work, "again") or await _page(visit, saving=form)


@ROUTES.post("/backup/restore")
async def restore(request: web.Request) -> web.StreamResponse:
    """The fields come before the file, as they stand in the form."""
    visit = Visit(request)
    form = Form()
    file = await _to_the_file(request, form)

    async def work() -> web.StreamResponse:
        restored = await visit.edge.restore(_pieces(file), form.exact("passphrase"))
        return _anew(visit, visit.page("anew.html", word="restored", events=restored.events))

    return await confirmed(visit, form, work, "file") or await _page(visit, restoring=form)


@ROUTES.post("/backup/reset")
async def reset(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)

    async def work() -> web.Response:
        await visit.edge.reset(form.written("name"))
        return _anew(visit, visit.page("anew.html", word="erased", events=0))

    return await confirmed(visit, form, work) or await _page(visit, erasing=form)


async def _streamed(visit: Visit, passphrase: str, again: str) -> web.StreamResponse:
    name = f"payvand-{datetime.now(UTC):%Y-%m-%d}.backup"
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    answer = web.StreamResponse(headers=headers)
    async with aclosing(visit.edge.backup(passphrase, again)) as pieces:
        async for piece in pieces:
            if not answer.prepared:
                await answer.prepare(visit.request)
            await answer.write(piece)
    await answer.write_eof()
    return answer


async def _to_the_file(request: web.Request, form: Form) -> BodyPartReader | None:
    """Read the fields up to the file, which is left to be streamed."""
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest
    values: dict[str, str] = {}
    form.values = values
    with readable():
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise web.HTTPBadRequest
            if part.name == "file":
                return part if part.filename else None
            values[part.name] = (await part.read_chunk(MOST_FIELD)).decode(errors="replace")
    return None


async def _pieces(file: BodyPartReader | None) -> AsyncIterator[bytes]:
    """However long it takes, as long as something comes. Raises TimeoutError."""
    while file:
        async with asyncio.timeout(READ_SECONDS):
            piece = await file.read_chunk(64 * 1024)
        if not piece:
            return
        yield piece


def _anew(visit: Visit, answer: web.Response) -> web.Response:
    """The session ends with what the box was."""
    answer.del_cookie(SESSION_COOKIE, secure=True, httponly=True, samesite="Strict")
    visit.house.zone.forget()
    return answer


async def _page(
    visit: Visit,
    saving: Form | None = None,
    restoring: Form | None = None,
    erasing: Form | None = None,
) -> web.Response:
    if not visit.may("govern"):
        raise web.HTTPForbidden
    wrong = saving or restoring or erasing
    return visit.page(
        "backup.html",
        status=422 if wrong else 200,
        saving=saving or Form(),
        restoring=restoring or Form(),
        erasing=erasing or Form(),
        branch=(await visit.edge.settings()).name,
    )
