"""Backup, restore, factory reset, logs, the support bundle, and what leaves the box.

    look      GET /privacy
    diagnose  GET /log?most=N  GET /bundle
    govern    POST /backup  PUT /restore  POST /reset      with the password given lately

A backup comes and goes as a stream, so that neither side holds it in memory. What is seldom needed
is done aside.
"""

import asyncio
import base64
import binascii
import errno
import os
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

import msgspec

from edge.access import names
from edge.access.access import Access
from edge.access.passwords import differing
from edge.access.refusals import Conflict, Mistake, Mistakes, Refusal, Unable
from edge.aside import aside
from edge.errors import CommandFailed
from edge.local.issue import Words
from edge.local.persian import persian
from edge.local.route import Ask, Route, answered, route, taking
from edge.local.upkeep_records import (
    PASSPHRASE_HEADER,
    LogLine,
    LogQuery,
    Passphrase,
    Privacy,
    ResetOrder,
    Restored,
)
from edge.upkeep.log_tail import MOST_LINES, TAIL
from edge.upkeep.passphrase import LEAST_CHARACTERS
from edge.upkeep.privacy import privacy
from edge.upkeep.renewal import erasing, restoring
from edge.upkeep.upkeep import Upkeep

if TYPE_CHECKING:
    from aiohttp import web

_BACKUP = ".backup.page"
_PIECE = 64 * 1024
_SPARE_BYTES = 32 << 20
_NO_FILE = Mistake("file", Words("Choose a backup file.", "فایل پشتیبان را انتخاب کنید."))


def routes(access: Access, upkeep: Upkeep) -> list[Route]:
    """All of them."""
    one_at_a_time = asyncio.Lock()

    async def leaving(_ask: Ask) -> Privacy:
        return privacy(upkeep.site())

    async def log(ask: Ask) -> tuple[LogLine, ...]:
        return TAIL.last(min(MOST_LINES, max(0, ask.query(LogQuery).most)))

    async def bundle(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        from edge.upkeep.support_bundle import Given

        settings = await upkeep.settings()
        checks = await upkeep.checks()
        given = Given(upkeep.status(), checks, settings, TAIL.last(MOST_LINES))
        body = await aside("edge.upkeep.support_bundle", given=msgspec.msgpack.encode(given))
        await access.note(ask.caller, "bundle.made")
        return web.Response(body=body, content_type="application/zip")

    return [
        route("GET", "/privacy", "look", leaving),
        route("GET", "/log", "diagnose", log),
        Route("GET", "/bundle", "diagnose", bundle),
        _backup(access, upkeep, one_at_a_time),
        _restore(access, upkeep, one_at_a_time),
        _reset(access, upkeep),
    ]


def _backup(access: Access, upkeep: Upkeep, one_at_a_time: asyncio.Lock) -> Route:
    async def check(_ask: Ask, given: Passphrase) -> None:
        differ = differing(given.passphrase, given.again)
        if found := [*_short(given.passphrase), *differ]:
            raise Mistakes(tuple(found))

    async def answer(ask: Ask, given: Passphrase) -> "web.StreamResponse":
        await check(ask, given)
        _check_free(one_at_a_time)
        file = upkeep.data / _BACKUP
        async with one_at_a_time:
            try:
                words = (str(upkeep.data), str(file))
                await aside("edge.upkeep.backing_up", *words, given=given.passphrase.encode())
                await access.note(ask.caller, "backup.made")
                return await _streamed(ask, file)
            except CommandFailed as error:
                if isinstance(error, Refusal):
                    raise
                raise Unable(
                    Words(str(error), "پشتیبان گرفته نشد؛ حافظه دستگاه را بررسی کنید.")
                ) from error
            finally:
                await asyncio.to_thread(file.unlink, missing_ok=True)

    return taking("POST", "/backup", "govern", Passphrase, answer, fresh=True, check=check)


def _restore(access: Access, upkeep: Upkeep, one_at_a_time: asyncio.Lock) -> Route:
    async def check(ask: Ask) -> None:
        if short := _short(_given_passphrase(ask)):
            nothing = not await ask.request.content.readany()
            raise Mistakes((*short, _NO_FILE) if nothing else tuple(short))

    async def answer(ask: Ask) -> "web.StreamResponse":
        from edge.upkeep.restoring import SEALED, NotRestored, prepare

        await check(ask)
        passphrase = _given_passphrase(ask)
        _check_free(one_at_a_time)
        async with one_at_a_time:
            try:
                await _received(ask, upkeep.data / SEALED)
                contents = await asyncio.to_thread(prepare, upkeep.data, passphrase)
            except NotRestored as error:
                text = Words(str(error), "این پشتیبان بازنگشت؛ عبارت رمز و فایل را بررسی کنید.")
                raise Mistakes((Mistake("file", text),)) from error
            except OSError as error:
                raise Unable(
                    Words(f"It cannot be kept: {error}", "در حافظه دستگاه جا نیست.")
                ) from error
            finally:
                await asyncio.to_thread((upkeep.data / SEALED).unlink, missing_ok=True)
            await access.note(ask.caller, "box.restored")
            upkeep.renew(restoring(upkeep.data))
        return answered(Restored(box=contents.box, events=contents.events, last=contents.last))

    return Route("PUT", "/restore", "govern", answer, fresh=True, check=check)


def _reset(access: Access, upkeep: Upkeep) -> Route:
    async def check(_ask: Ask, order: ResetOrder) -> None:
        name = upkeep.site().name
        if names.key(order.name) != names.key(name):
            text = Words(f"Write the branch's name: {name}", f"نام شعبه را بنویسید: {name}")
            raise Mistakes((Mistake("name", text),))

    async def answer(ask: Ask, order: ResetOrder) -> None:
        await check(ask, order)
        await access.note(ask.caller, "box.erased")
        upkeep.renew(erasing(upkeep.data, upkeep.site().timezone))

    return taking("POST", "/reset", "govern", ResetOrder, answer, fresh=True, check=check)


async def _streamed(ask: Ask, file: Path) -> "web.StreamResponse":
    """Send the file, whose name is gone before the first byte: it ends with the request."""
    from aiohttp import web

    with await asyncio.to_thread(file.open, "rb") as opened:
        await asyncio.to_thread(file.unlink)
        size = os.fstat(opened.fileno()).st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        stream = web.StreamResponse(headers=headers)
        await stream.prepare(ask.request)
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            await stream.write(piece)
    await stream.write_eof()
    return stream


async def _received(ask: Ask, file: Path) -> None:
    """Write the body to a file that its owner alone may read, as long as the disk has room."""
    before = left = disk_usage(file.parent).free - _SPARE_BYTES
    with await asyncio.to_thread(os.fdopen, _created(file), "wb") as opened:
        async for piece in ask.request.content.iter_chunked(_PIECE):
            left -= len(piece)
            if left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            await asyncio.to_thread(opened.write, piece)
    if left == before:
        raise Mistakes((_NO_FILE,))


def _created(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _check_free(one_at_a_time: asyncio.Lock) -> None:
    if one_at_a_time.locked():
        raise Conflict(
            Words(
                "One is under way already.", "یکی هم‌اکنون در جریان است؛ کمی بعد دوباره امتحان کنید."
            )
        )


def _short(passphrase: str) -> list[Mistake]:
    if len(passphrase) >= LEAST_CHARACTERS:
        return []
    text = Words(
        f"Use {LEAST_CHARACTERS} characters or more: some words that do not belong together.",
        f"دست‌کم {persian(LEAST_CHARACTERS)} نویسه: چند واژه بی‌ربط به هم.",
    )
    return [Mistake("passphrase", text)]


def _given_passphrase(ask: Ask) -> str:
    try:
        text = base64.b64decode(ask.request.headers.get(PASSPHRASE_HEADER, ""), validate=True)
        passphrase = text.decode()
    except (binascii.Error, ValueError):
        return ""
    return passphrase
