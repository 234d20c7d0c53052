"""A Bitrix24 portal, for tests and trials: its telephony as far as a telephone box sees it.

    python -m edge.delivery.destinations.bitrix24.stand_in [--port 8093]

Its oddities, as documented or reported by those who connect exchanges to it:

- `register` again within 30 minutes with the same number, type, user, line and external id returns
  the CALL_ID of the registration that is not finished yet
- `finish` of a call that is finished or unknown is refused with an empty code, and stands in no
  statistics; what was registered and never finished is nowhere to be seen
- what a method refuses is 400 with `ERROR_CORE` or an empty code, and words
- 50 requests are taken at once and then 2 a second, the rest is refused with 503
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import msgspec
from aiohttp import web

from edge.delivery.destinations.bad_day import BadDay

CODE = "a1b2c3d4e5f6g7h8"
_REPEAT_SECONDS = 30 * 60.0
_PHONE = re.compile(r"\+?[0-9]{2,20}|anonymous")
_TYPES = range(1, 6)

Body = dict[str, Any]


class _Refused(Exception):
    """An error of the interface, as it goes out."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words


@dataclass(slots=True)
class Portal:
    """extensions, ids: of the users there. now: seconds. depth, leak: of the bucket of requests.

    said: every request that was understood, (method, body, answer). finished: what is in the
    statistics, by CALL_ID.
    """

    extensions: frozenset[str] = frozenset({"12", "104", "105", "106", "107", "109"})
    ids: frozenset[int] = frozenset({1})
    now: Callable[[], float] = monotonic
    depth: float = 50.0
    leak: float = 2.0
    said: list[tuple[str, Body, Body]] = field(default_factory=list)
    registered: dict[str, tuple[tuple[object, ...], float]] = field(default_factory=dict)
    finished: dict[str, Body] = field(default_factory=dict)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)
    bad_day: BadDay = field(default_factory=BadDay)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    _level: float = 0.0
    _at: float = 0.0

    def app(self) -> web.Application:
        app = web.Application()
        self.bad_day.join(app)
        app.router.add_post("/rest/{user}/{code}/{method}", self.post)
        return app

    async def post(self, request: web.Request) -> web.Response:
        self.before()
        method = request.match_info["method"].removesuffix(".json")
        body = msgspec.json.decode(await request.read())
        try:
            answer = {"result": self._do(request.match_info, method, body)}
            status = 200
        except _Refused as refused:
            answer = {"error": refused.code, "error_description": refused.words}
            status = refused.status
        self.said.append((method, body, answer))
        self.after()
        return web.json_response(answer, status=status)

    def _do(self, address: Any, method: str, body: Body) -> object:  # noqa: ANN401 - of aiohttp
        self._pour()
        if self.refusals:
            raise _Refused(*self.refusals.pop(0))
        if (address["user"], address["code"]) != ("1", CODE):
            raise _Refused(401, "INVALID_CREDENTIALS", "Invalid request credentials")
        known = {
            "telephony.externalCall.register": self._register,
            "telephony.externalCall.finish": self._finish,
            "voximplant.statistic.get": self._statistic,
        }
        if method not in known:
            raise _Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        return known[method](body)

    def _pour(self) -> None:
        now = self.now()
        self._level = max(0.0, self._level - (now - self._at) * self.leak) + 1
        self._at = now
        if self._level > self.depth:
            raise _Refused(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")

    def _user(self, body: Body) -> object:
        inner, number = body.get("USER_PHONE_INNER"), body.get("USER_ID")
        if inner is None and number is None:
            raise _Refused(400, "ERROR_CORE", "USER_ID or USER_PHONE_INNER should be set")
        if inner not in self.extensions and number not in self.ids:
            raise _Refused(400, "ERROR_CORE", "User is not found or is not active")
        return number or inner

    def _register(self, body: Body) -> Body:
        user = self._user(body)
        if body.get("TYPE") not in _TYPES:
            raise _Refused(400, "ERROR_CORE", "Unknown TYPE")
        if datetime.fromisoformat(body["CALL_START_DATE"]).tzinfo is None:
            raise _Refused(400, "ERROR_CORE", "CALL_START_DATE should be in the ISO-8601 format")
        if not _PHONE.fullmatch(body.get("PHONE_NUMBER", "")):
            raise _Refused(400, "ERROR_CORE", "Unsupported phone number format")
        line, external = body.get("LINE_NUMBER"), body.get("EXTERNAL_CALL_ID")
        key = (body["PHONE_NUMBER"], body["TYPE"], user, line, external)
        for named, (known, at) in self.registered.items():
            young = self.now() - at < _REPEAT_SECONDS
            if known == key and young and named not in self.finished:
                return {"CALL_ID": named, "CRM_ENTITY_TYPE": "CONTACT", "CRM_ENTITY_ID": 1}
        named = f"externalCall.{len(self.registered) + 1}"
        self.registered[named] = (key, self.now())
        return {"CALL_ID": named, "CRM_CREATED_LEAD": None, "CRM_CREATED_ENTITIES": []}

    def _finish(self, body: Body) -> Body:
        self._user(body)
        named = body["CALL_ID"]
        if named in self.finished or named not in self.registered:
            raise _Refused(
                400, "", "Call is not found (call should be registered prior to finishing)"
            )
        duration = body.get("DURATION", 0)
        code = body.get("STATUS_CODE") or ("200" if duration else "304")
        self.finished[named] = {"CALL_ID": named, "CALL_FAILED_CODE": code} | body
        return {"CALL_ID": named, "CALL_DURATION": duration, "CALL_FAILED_CODE": code}

    def _statistic(self, body: Body) -> list[Body]:
        named = body["FILTER"]["CALL_ID"]
        return [self.finished[named]] if named in self.finished else []

    def external_ids(self) -> list[str]:
        """Of the calls in the statistics, in their order."""
        return [str(self.registered[named][0][-1]) for named in self.finished]


async def serve(portal: Portal, port: int = 0) -> tuple[web.AppRunner, str]:
    """Listen on loopback; the runner to clean up, and the address of the inbound webhook."""
    runner = web.AppRunner(portal.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/rest/1/{CODE}/"


async def _run(port: int) -> None:
    portal = Portal()

    def show() -> None:
        sys.stdout.write(f"{portal.said[-1]}\n")
        sys.stdout.flush()

    portal.after = show
    runner, url = await serve(portal, port)
    sys.stdout.write(f"The inbound webhook is {url}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Play a Bitrix24 portal and show what it is told.")
    parser.add_argument("--port", type=int, default=8093)
    asyncio.run(_run(parser.parse_args().port))
