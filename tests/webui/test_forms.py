"""Every form of the page tells all of its mistakes at once, and does nothing while it has any."""

import re

import pytest

from tests.webui.house import PASSWORD, House
from tests.webui.test_admission import ask
from webui.visit import SESSION_COOKIE

_Case = tuple[str, dict[str, str], set[str]]

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
        {"kind": "link", "name": "Bad Name", "settings.url": "nowhere"},
        {"name", "settings.url"},
    ),
    (
        "/devices/new?driver=panasonic&link=tcp",
        {
            **{"driver": "panasonic", "link": "tcp", "key": "Bad Key", "link.tcp": "nowhere"},
            "settings.area_code": "051x",
        },
        {"key", "link.tcp", "settings.area_code"},
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


def _told(house: House, cookie: str, case: _Case) -> None:
    path, typed, fields = case
    page = ask(house, "GET", path.replace("/reset", "").replace("/password", ""), Cookie=cookie)
    revision = re.search(r'name="revision" value="(\w+)"', page.text)
    sent = typed | ({"revision": revision[1]} if revision else {})
    got = ask(house, "POST", path.partition("?")[0], sent, Cookie=cookie)
    assert got.status == 422
    wrong = re.findall(r'name="([^"]+)" aria-invalid="true"', got.text)
    assert set(wrong) == fields
    for name in wrong:
        assert re.search(rf'id="(\w+-)?{name}-mistake"', got.text), name
    for secret in ("12345", "54321", "nine boats", PASSWORD):
        assert secret not in got.text
