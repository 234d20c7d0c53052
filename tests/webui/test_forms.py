"""Every form of the page tells all of its mistakes at once, and does nothing while it has any."""

import re

import pytest

from edge.local.client import Client
from edge.local.settings_records import SettingsShown
from tests.webui.house import PASSWORD, House, aside
from tests.webui.test_admission import Got, ask
from webui.visit import LANGUAGE_COOKIE, SESSION_COOKIE

_Case = tuple[str, dict[str, str], set[str]]

_PBX = {"driver": "panasonic", "link": "tcp", "link.tcp": "127.0.0.1:9"} | {
    "settings.model": "KX-TDA100"
}
_CASES: tuple[_Case, ...] = (
    (
        "/users",
        {"name": "", "password": "12345", "role": "viewer"},
        {"name", "password"},
    ),
    ("/users/vahid/change", {"role": "viewer", "password": "12345"}, {"password"}),
    ("/backup", {"passphrase": "short", "again": "other"}, {"passphrase", "again"}),
    ("/backup/reset", {"name": "another"}, {"name"}),
    (
        "/queue/new",
        {
            "kind": "link",
            "name": "Bad Name",
            "settings.url": "nowhere",
            "forwarding.backlog_kbit_per_second": "۰",
        },
        {"name", "settings.url", "forwarding.backlog_kbit_per_second"},
    ),
    (
        "/devices/new?driver=panasonic&link=tcp",
        {
            "driver": "panasonic",
            "link": "tcp",
            "key": "Bad Key",
            "link.tcp": "nowhere",
            "settings.area_code": "051x",
        },
        {"key", "link.tcp", "settings.area_code"},
    ),
    (
        "/about",
        {"name": "", "history.days": "۰", "history.megabytes": "many", "wire.days": "-1"},
        {"name", "history.days", "history.megabytes", "wire.days"},
    ),
    ("/commands", {"commands.forget": "-1"}, {"commands.forget"}),
    (
        "/queue/crm",
        {"kind": "link", "settings.url": "http://127.0.0.1:9", "wanted.only_numbers": "12, x"},
        {"wanted.only_numbers"},
    ),
    (
        "/devices/pbx1",
        _PBX
        | {
            "settings.release_codes": "9, x",
            "settings.line_names": "01 = bank\n02",
            "settings.extension_names": "= nobody",
        },
        {"settings.release_codes", "settings.line_names", "settings.extension_names"},
    ),
)
_WITH_PASSWORD: tuple[_Case, ...] = (
    (
        "/users/password",
        {"old": "wrong", "password": "12345", "again": "54321"},
        {"old", "password", "again"},
    ),
    # The password was given lately, and the edge would add this user.
    (
        "/users",
        {"name": "nima", "password": "nine boats at sea", "role": "viewer", "confirm": "wrong"},
        {"confirm"},
    ),
)


@pytest.fixture(scope="module")
def cookie(branch: House) -> str:
    return f"{SESSION_COOKIE}={branch.log_in().token}"


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case[0])
def test_all_mistakes_stand_beside_their_fields(branch: House, cookie: str, case: _Case) -> None:
    _told(branch, cookie, case)


def test_also_those_of_ones_own_password(factory: House) -> None:
    factory.commission()
    cookie = f"{SESSION_COOKIE}={factory.log_in().token}"
    for case in _WITH_PASSWORD:
        _told(factory, cookie, case)
    assert "nima" not in ask(factory, "GET", "/users", Cookie=cookie).text


def test_what_is_saved_counts_and_what_a_form_does_not_show_stays(factory: House) -> None:
    factory.commission()
    cookie = f"{SESSION_COOKIE}={factory.log_in().token}"
    sent = (
        ("/about", {"name": "شعبهٔ مشهد ۲", "history.days": "۳۰", "wire.megabytes": "5"}),
        ("/commands", {"commands.forget": "12"}),
        (
            "/devices/new?driver=callerid&link=tcp",
            {
                "driver": "callerid",
                "link": "tcp",
                "key": "lines",
                "link.tcp": "127.0.0.1:9",
                "settings.profile": "segal-c",
            },
        ),
        (
            "/devices/lines",
            {
                "link": "tcp",
                "link.tcp": "127.0.0.1:9",
                "settings.profile": "segal-c",
                "feeds.device": "pbx1",
                "feeds.lines": "1 = 01\n۲ = 02",
            },
        ),
        ("/setup/names", {"line.lines.1": " شعبهٔ ۲\u202e ", "extension.lines.7": "علي ۲"}),
    )
    for path, typed in sent:
        got = _send(factory, cookie, path, typed)
        assert got.status == 303, got.text
    settings = aside(_settings(factory))
    assert (settings.history["days"], settings.history["megabytes"]) == (30, 1000)
    assert (settings.wire["days"], settings.wire["megabytes"]) == (7, 5)
    assert settings.commands == {"forget": 12}
    lines = settings.devices[1]
    assert lines.settings["line_names"] == {"1": "شعبهٔ ۲"}
    assert lines.settings["extension_names"] == {"7": "علي ۲"}
    assert settings.name == "شعبهٔ مشهد ۲"
    assert lines.feeds == {"device": "pbx1", "lines": {"1": "01", "2": "02"}}
    assert "feeds.device" in ask(factory, "GET", "/devices/lines", Cookie=cookie).text


async def _settings(house: House) -> SettingsShown:
    async with Client(house.data) as edge:
        return await edge.settings()


def _send(house: House, cookie: str, path: str, typed: dict[str, str]) -> Got:
    """What a browser would send from the form there."""
    page = ask(house, "GET", path.replace("/reset", "").replace("/password", ""), Cookie=cookie)
    revision = re.search(r'name="revision" value="(\w+)"', page.text)
    sent = typed | ({"revision": revision[1]} if revision else {})
    return ask(house, "POST", path.partition("?")[0], sent, Cookie=cookie)


def _told(house: House, cookie: str, case: _Case) -> None:
    path, typed, fields = case
    got = _send(house, cookie, path, typed)
    assert got.status == 422
    wrong = re.findall(r'name="([^"]+)" aria-invalid="true"', got.text)
    assert set(wrong) == fields
    for name in wrong:
        assert re.search(rf'id="(\w+-)?{name}-mistake"', got.text), name
    for secret in ("12345", "54321", "nine boats", PASSWORD):
        assert secret not in got.text


def test_a_sample_in_a_label_is_not_turned_round(branch: House, cookie: str) -> None:
    page = ask(branch, "GET", "/queue/crm", Cookie=f"{cookie}; {LANGUAGE_COOKIE}=fa")
    assert '<bdi dir="ltr">08:00-16:30</bdi></label>' in page.text
