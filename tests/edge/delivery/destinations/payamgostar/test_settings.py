"""What a technician may write for PayamGostar, and what comes of a mistake."""

from typing import Any

import pytest

from edge.delivery.destinations.payamgostar.destination import SPEC
from edge.delivery.destinations.payamgostar.settings import PayamGostarSettings
from edge.site.checking import check_table
from edge.site.redaction import without_secrets
from edge.site.site import check

GOOD: dict[str, Any] = {
    "url": "https://crm.example.com",
    "username": "payvand",
    "password": "made-up",
}


def _problems(**changed: Any) -> list[str]:  # noqa: ANN401 - what somebody wrote
    table = {name: value for name, value in (GOOD | changed).items() if value is not None}
    _, problems = check_table(SPEC.settings, table, "settings")
    return [each.field for each in problems]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "crm.example.com"}, "settings.url"),
        ({"url": "http://crm.example.com"}, "settings.url"),
        ({"url": "https://me:secret@crm.example.com"}, "settings.url"),
        ({"url": None}, "settings.url"),
        ({"username": ""}, "settings.username"),
        ({"password": None}, "settings.password"),
        ({"login": "v3"}, "settings.login"),
        ({"system_keys": {"pbx1": 7}}, "settings.system_keys.pbx1"),
        ({"system_keys": {"pbx1": ""}}, "settings.system_keys.pbx1"),
    ],
)
def test_a_mistake_is_told_with_its_field(changed: dict[str, Any], field: str) -> None:
    assert _problems(**changed) == [field]


def test_an_address_in_the_office_may_be_plain_http() -> None:
    assert _problems(url="http://192.168.1.87:8080/pg/") == []


def test_a_system_has_the_key_of_its_device_unless_another_is_written() -> None:
    settings = PayamGostarSettings(**GOOD, system_keys={"pbx2": "Branch 2"})
    assert (settings.system("pbx1"), settings.system("pbx2")) == ("pbx1", "Branch 2")


def test_the_password_leaves_with_no_settings() -> None:
    entry = {"name": "crm", "kind": "payamgostar", "settings": GOOD}
    table = {"version": 1, "name": "mashhad", "timezone": "Asia/Tehran", "destination": [entry]}
    (cleaned,) = without_secrets(check(table)).destination
    assert isinstance(cleaned.settings, PayamGostarSettings)
    assert cleaned.settings.password == ""
    assert cleaned.settings.username == "payvand"
