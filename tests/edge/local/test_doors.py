"""Who may do what, of every route, and that another user can open only the web socket."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.access.records import ChangedUser
from edge.access.roles import ROLES, Role
from edge.local import control
from edge.local.client import Client
from edge.local.doors import TOKEN_HEADER
from edge.local.lock import hold
from edge.local.route import Route
from edge.site.site import FILE
from tests.edge.running import SECONDS, SITE, Running, running

ALL, SKILLED, ADMIN = (
    ("administrator", "technician", "viewer"),
    ("administrator", "technician"),
    ("administrator",),
)
ANYBODY = ("", *ALL)
TABLE: dict[str, tuple[str, ...]] = {
    "GET /setup": ANYBODY,
    "POST /setup": ANYBODY,
    "POST /setup/password": ANYBODY,
    "POST /session": ANYBODY,
    "GET /session": ALL,
    "DELETE /session": ALL,
    "POST /session/confirm": ALL,
    "PUT /session/password": ALL,
    "GET /sessions": ALL,
    "DELETE /sessions/{id}": ALL,
    "GET /status": ALL,
    "GET /checks": ALL,
    "GET /metrics": ALL,
    "GET /events": SKILLED,
    "GET /forms": ALL,
    "GET /settings": ALL,
    "GET /calls": ALL,
    "GET /calls/{id}": ALL,
    "GET /commands": ALL,
    "GET /queue": ALL,
    "GET /queue/{name}/parked": ALL,
    "POST /queue/{name}/parked/send": SKILLED,
    "POST /queue/{name}/parked/drop": SKILLED,
    "PUT /settings/site": SKILLED,
    "POST /settings/devices": SKILLED,
    "PUT /settings/devices/{name}": SKILLED,
    "DELETE /settings/devices/{name}": SKILLED,
    "POST /settings/destinations": SKILLED,
    "PUT /settings/destinations/{name}": SKILLED,
    "DELETE /settings/destinations/{name}": SKILLED,
    "POST /devices/{key}/test": SKILLED,
    "GET /detect": SKILLED,
    "GET /devices/{key}/capture": SKILLED,
    "GET /devices/{key}/wire": SKILLED,
    "POST /devices/{key}/replay": SKILLED,
    "POST /destinations/{name}/test": SKILLED,
    "GET /feed": ALL,
    "GET /commissioning": ALL,
    "GET /commissioning/test": SKILLED,
    "POST /commissioning/lines": SKILLED,
    "POST /commissioning/finish": SKILLED,
    "GET /privacy": ALL,
    "GET /log": SKILLED,
    "GET /bundle": SKILLED,
    "POST /resend": SKILLED,
    "GET /undelivered": SKILLED,
    "POST /forget": ADMIN,
    "POST /backup": ADMIN,
    "PUT /restore": ADMIN,
    "POST /reset": ADMIN,
    "GET /users": ADMIN,
    "POST /users": ADMIN,
    "PATCH /users/{name}": ADMIN,
    "DELETE /users/{name}": ADMIN,
    "GET /audit": ADMIN,
    # Of these the console alone may do what they are for.
    "POST /setup/reopen": (),
    "POST /setup/code": (),
}
FRESH = {
    "POST /forget",
    "POST /backup",
    "PUT /restore",
    "POST /reset",
    "POST /settings/destinations",
    "PUT /settings/destinations/{name}",
    "DELETE /settings/destinations/{name}",
    "POST /users",
    "PATCH /users/{name}",
    "DELETE /users/{name}",
}


_NOTHING = str.maketrans("", "", "{}")
"""Of the path `/users/{name}` makes `/users/name`, which nobody has."""
_BRIEFLY = {"/commissioning/test": "?seconds=0", "/detect": "?seconds=0"}


@pytest.fixture
def routes(box: Running) -> list[Route]:
    return box.edge.routes


def _session(box: Running) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(box.data / "web.sock")))


def test_the_table_names_every_route(routes: list[Route]) -> None:
    assert {f"{each.method} {each.path}" for each in routes} == set(TABLE)
    assert {f"{each.method} {each.path}" for each in routes if each.fresh} == FRESH


async def test_every_route_is_open_to_whom_the_table_says_and_closed_to_others(
    box: Running, routes: list[Route]
) -> None:
    async with _session(box) as session:
        for route in routes:
            if route.path == "/feed":
                continue  # it has no end; see test_feed.py
            path = route.path.translate(_NOTHING) + _BRIEFLY.get(route.path, "")
            people: tuple[Role | Literal[""], ...] = ("", *ROLES)
            for who in people:
                headers = {TOKEN_HEADER: box.token(who)} if who else {}
                async with session.request(
                    route.method, f"http://edge{path}", headers=headers, data=b"[]"
                ) as answer:
                    body = await answer.text(errors="replace")
                refused = '"no-session"' in body or '"forbidden"' in body
                allowed = who in TABLE[f"{route.method} {route.path}"]
                assert refused is not allowed, (route.method, path, who, body)
                assert answer.status == (401 if not who else 403) or not refused
                assert answer.status < 500, body


async def test_what_changes_access_or_crms_asks_for_the_password_after_a_while(
    box: Running, routes: list[Route], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.sessions.CONFIRMED_SECONDS", 0.0)
    token = box.token("administrator")
    async with _session(box) as session:
        for route in routes:
            if route.fresh:
                path = route.path.translate(_NOTHING)
                async with session.request(
                    route.method, f"http://edge{path}", headers={TOKEN_HEADER: token}
                ) as answer:
                    told = await answer.text()
                    assert '"confirm-first"' in told or '"mistakes"' in told


async def test_who_gave_the_password_too_long_ago_hears_of_all_mistakes_and_changes_nothing(
    box: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.sessions.CONFIRMED_SECONDS", 0.0)
    edge, token = box.as_role("administrator"), box.token("administrator")
    before = (await edge.users(), await edge.settings())
    revision = before[1].revision
    crm: dict[str, object] = {"name": "Crm", "kind": "link", "revision": revision}
    crm["settings"] = {"url": "crm"}
    right: dict[str, object] = {"name": "crm", "settings": {"url": "https://crm.example.com"}}
    cases: dict[tuple[str, str], tuple[dict[str, object], dict[str, object], set[str]]] = {
        ("POST", "/users"): (
            {"name": "", "password": "12345", "role": "viewer"},
            {"name": "sara", "password": "seven boats in a row"},
            {"name", "password"},
        ),
        ("PATCH", "/users/viewer"): (
            {"password": "12345"},
            {"password": "seven boats in a row"},
            {"password"},
        ),
        ("POST", "/settings/destinations"): (crm, right, {"name", "settings.url"}),
        ("POST", "/backup"): (
            {"passphrase": "short", "again": "another"},
            {"passphrase": "four words of no sense", "again": "four words of no sense"},
            {"passphrase", "again"},
        ),
        ("POST", "/reset"): ({"name": "another"}, {"name": before[1].name}, {"name"}),
    }
    async with _session(box) as session:
        for (method, path), (wrong, better, fields) in cases.items():
            for body, code in ((wrong, "mistakes"), (wrong | better, "confirm-first")):
                async with session.request(
                    method, f"http://edge{path}", headers={TOKEN_HEADER: token}, json=body
                ) as answer:
                    told = await answer.json()
                assert told["code"] == code, (path, told)
                named = {each["field"] for each in told["mistakes"]}
                assert named == (fields if code == "mistakes" else set())
    assert (await edge.users(), await edge.settings()) == before


async def test_a_stream_ends_with_its_session_and_with_its_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.access._LOOK_SECONDS", 0.05)
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as box, _session(box) as session, asyncio.timeout(SECONDS):
        for end in (_log_out, _demote):
            token = box.token("technician")
            async with session.get(
                "http://edge/events?follow=1", headers={TOKEN_HEADER: token}
            ) as stream:
                assert stream.status == 200
                await end(box, token)
                with suppress(aiohttp.ClientError):
                    async for _ in stream.content:
                        pass
                assert stream.content.exception() or stream.content.at_eof()


async def _log_out(box: Running, token: str) -> None:
    async with Client(box.data, token=token) as edge:
        await edge.log_out()


async def _demote(box: Running, _token: str) -> None:
    await box.as_role("administrator").change_user("technician", ChangedUser(role="viewer"))


async def test_an_old_or_made_up_token_is_nobody_also_at_the_console(box: Running) -> None:
    for socket in ("web.sock", "control.sock"):
        connector = aiohttp.UnixConnector(str(box.data / socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://edge/status", headers={TOKEN_HEADER: "made up"}) as answer,
        ):
            assert answer.status == 401


async def test_before_log_in_nothing_of_the_box_is_told(box: Running) -> None:
    async with _session(box) as session, session.get("http://edge/setup") as answer:
        assert await answer.json() == {"setup": "done", "seconds": None}


_BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
        max_leaves=8,
    ),
)


async def test_no_body_query_or_path_breaks_a_route(box: Running, routes: list[Route]) -> None:
    """A fault of our own would be a 500; each case goes to every route that takes anything."""
    loop = asyncio.get_running_loop()
    role: Role = "administrator"
    async with _session(box) as session:

        async def knock(data: bytes, text: str) -> None:
            for route in routes:
                if route.path in (
                    "/setup",
                    "/session",
                    "/setup/password",
                    "/events",
                    "/feed",
                    *_BRIEFLY,
                ):
                    continue  # these hash, or stream
                path = route.path.translate(_NOTHING)
                query = {"text": text, "most": text, "since": text, "check": text}
                async with session.request(
                    route.method,
                    f"http://edge{path}",
                    headers={TOKEN_HEADER: box.token(role)},
                    data=data,
                    params=query,
                ) as answer:
                    assert answer.status < 500, (route.path, data, text, await answer.text())

        @settings(max_examples=25)
        @given(_BODIES, st.text(max_size=20))
        def cases(body: object, text: str) -> None:
            import msgspec

            data = body if isinstance(body, bytes) else msgspec.json.encode(body)
            text = text.encode("utf-8", "replace").decode()
            asyncio.run_coroutine_threadsafe(knock(data, text), loop).result(60)

        await asyncio.to_thread(cases)


_OTHER_USER = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(65534)
for path in sys.argv[1:3]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print("open")
    except PermissionError:
        print("closed")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, so it needs root")
async def test_the_web_process_opens_its_own_socket_and_no_other(tmp_path: Path) -> None:
    group = 54321
    data, run = tmp_path / "data", tmp_path / "run"
    for folder in (data, run):
        folder.mkdir()
    # pytest's own folders are closed to other users.
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o711)
    data.chmod(0o700)
    os.chown(run, -1, group)
    run.chmod(0o750)
    with hold(data) as lock:
        async with control.serve(lock, [], None, run / "web.sock"):
            for groups, seen in ((group, "closed\nopen\n"), (65534, "closed\nclosed\n")):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-S", "-c", _OTHER_USER),
                    *(data / "control.sock", run / "web.sock", str(groups)),
                    stdout=asyncio.subprocess.PIPE,
                )
                out, _ = await process.communicate()
                assert out.decode() == seen
            mode = (run / "web.sock").stat()
            assert (mode.st_mode & 0o777, mode.st_gid) == (0o660, group)


async def test_the_console_may_do_everything_without_a_session(box: Running) -> None:
    async with Client(box.data) as console:
        assert (await console.whoami()).console
        assert len(await console.users()) == 3
        assert (await console.reopen_setup()).setup == "reopened"
        assert len(await console.new_code()) == 11
