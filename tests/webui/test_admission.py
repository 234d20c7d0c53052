"""Who gets what without a session, from a foreign page, or under a foreign name."""

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import pytest

from edge.local.client import Client
from tests.webui.house import NO_CHECK, PASSWORD, USER, House
from webui.admission import OPEN
from webui.app import application, house
from webui.guard import HEADERS
from webui.idle import Idle
from webui.visit import SESSION_COOKIE


@dataclass(frozen=True)
class Got:
    status: int
    headers: http.client.HTTPMessage
    text: str


def ask(
    branch: House, method: str, path: str, form: dict[str, str] | None = None, **headers: str
) -> Got:
    """One request as a browser on the page itself makes it, unless the headers say otherwise."""
    place = urlsplit(branch.url)
    connection = http.client.HTTPSConnection(place.netloc, context=NO_CHECK, timeout=30)
    body = urlencode(form or {})
    sent = {"Host": place.netloc, "Accept": "text/html", "Origin": branch.url} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    if method == "POST":
        sent |= {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, body if method == "POST" else None, sent)
    answer = connection.getresponse()
    got = Got(answer.status, answer.headers, answer.read().decode(errors="replace"))
    connection.close()
    return got


def routes(branch: House) -> list[tuple[str, str, str]]:
    """Of the application as it is: (method, pattern, a path of that pattern)."""
    app = application(house(Client(branch.data, token=""), ""), [], Idle())
    found = []
    for route in app.router.routes():
        assert route.resource is not None
        pattern = route.resource.canonical
        path = pattern.replace("{name}", "crm").replace("{key}", "pbx1").replace("{id}", "x")
        if route.method != "HEAD":
            found.append((route.method, pattern, path))
    assert len(found) > 40
    return found


def test_without_a_session_nothing_but_the_list_answers(branch: House) -> None:
    for method, pattern, path in routes(branch):
        got = ask(branch, method, path)
        if pattern in OPEN:
            assert got.status in {200, 303, 400, 404, 409, 422}, (method, path)
            continue
        assert (got.status, got.text) == (303, ""), (method, path)
        assert got.headers["Location"].startswith("/login?back="), (method, path)
        live = ask(branch, method, path, HX_Request="true")
        assert live.status == 401, (method, path)


def test_before_log_in_the_pages_tell_nothing_of_the_branch(branch: House) -> None:
    for path in ("/", "/login", "/setup", "/nowhere"):
        text = ask(branch, "GET", path).text
        for secret in ("0.1.0", "pbx1", "KX-TDA", "0912", "mashhad", branch.crm):
            assert secret not in text, (path, secret)


def test_every_answer_carries_the_headers(branch: House) -> None:
    style = ask(branch, "GET", "/login").text.partition("/static/style.")[2].partition('"')[0]
    for path in ("/", "/login", "/status", "/nowhere", f"/static/style.{style}", "/static/no.css"):
        got = ask(branch, "GET", path)
        for name, text in HEADERS.items():
            assert got.headers[name] == text, path
        assert "unsafe" not in got.headers["Content-Security-Policy"]
        assert got.headers["Strict-Transport-Security"] is None
        assert got.headers["Access-Control-Allow-Origin"] is None
        expected = "immutable" if got.status == 200 and "/static/" in path else "no-store"
        assert expected in got.headers["Cache-Control"], path


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_of_another_page_changes_nothing(branch: House, headers: dict[str, str]) -> None:
    cookie = f"{SESSION_COOKIE}={branch.log_in().token}"
    got = ask(branch, "POST", "/logout", None, Cookie=cookie, **headers)
    assert got.status == 403
    assert ask(branch, "GET", "/users", Cookie=cookie).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "192.0.2.77", "127.0.0.1.evil.example", "", "[", "::1"]
)
def test_a_name_that_is_not_the_boxs_reads_nothing(branch: House, host: str) -> None:
    for path in ("/login", "/status", "/status/live", "/static/x.css"):
        assert ask(branch, "GET", path, Host=host).status in {400, 421}
    got = ask(branch, "GET", "/login", Host=host)
    assert "<form" not in got.text or 'name="password"' not in got.text


def test_the_cookie_is_the_browsers_alone(branch: House) -> None:
    got = ask(
        branch, "POST", "/login", {"name": USER, "password": PASSWORD, "back": "//evil.example"}
    )
    assert got.status == 303
    assert got.headers["Location"] == "/"
    cookie = got.headers["Set-Cookie"]
    assert cookie.startswith("__Host-payvand=")
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_a_viewer_sees_but_does_not_touch(branch: House) -> None:
    cookie = f"{SESSION_COOKIE}={branch.log_in('vahid').token}"
    assert ask(branch, "GET", "/status", Cookie=cookie).status == 200
    calls = ask(branch, "GET", "/calls", Cookie=cookie).text
    assert "+989121110001" not in calls
    for path in ("/backup", "/logs", "/logs/bundle", "/users/audit", "/users/sara/change"):
        assert ask(branch, "GET", path, Cookie=cookie).status == 403, path
    for path in ("/devices/pbx1", "/devices/pbx1/test", "/queue/crm/test", "/setup/branch"):
        form = {"revision": "x", "link": "serial", "timezone": "Asia/Tehran", "name": "x"}
        assert ask(branch, "POST", path, form, Cookie=cookie).status == 403, path


def test_guesses_are_slowed_down_and_the_owner_is_let_in(factory: House) -> None:
    factory.commission()
    answers = [
        ask(factory, "POST", "/login", {"name": USER, "password": f"guess-{number}"}).status
        for number in range(30)
    ]
    assert answers[:5] == [422] * 5
    assert answers.count(429) >= 20
    assert factory.log_in().user == USER  # from another address


def test_a_browser_that_knows_authorities_refuses_the_certificate(branch: House) -> None:
    place = urlsplit(branch.url)
    strict = http.client.HTTPSConnection(place.netloc, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        strict.request("GET", "/")
