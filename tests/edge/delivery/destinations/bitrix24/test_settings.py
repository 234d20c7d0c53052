"""Settings are checked by looking only; the address is a secret and told in no message."""

import pytest

from edge.delivery.destinations.bitrix24.settings import Bitrix24Settings
from edge.site.redaction import without_secrets
from edge.site.site import Destination, Site

URL = "https://crm.example.com/rest/1/k9k9k9"


@pytest.mark.parametrize("url", [URL, URL + "/", "http://192.168.1.5/rest/12/a1b2c3d4/"])
def test_good_addresses(url: str) -> None:
    settings = Bitrix24Settings(url=url, default_user=1)
    assert settings.problems() == []
    assert settings.method("a.b") == url.rstrip("/") + "/a.b.json"


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com/",
        URL + "/profile/",
        URL + "/profile.json",
        URL.replace("/1/", "/"),
        URL + "?a=1",
        URL.replace("https", "http"),
        URL.replace("crm.", "me:word@crm."),
        "",
    ],
)
def test_bad_addresses_are_told_without_saying_them(url: str) -> None:
    found = Bitrix24Settings(url=url, default_user=1).problems()
    assert {field for field, _ in found} == {"url"}
    assert not any("k9k9" in message for _, message in found)


def test_the_address_stays_on_the_box() -> None:
    site = Site(
        1,
        "a",
        "UTC",
        (),
        (Destination("b", "bitrix24", Bitrix24Settings(url=URL, default_user=1)),),
    )
    assert URL not in repr(without_secrets(site))
