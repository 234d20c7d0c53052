"""Settings are checked by looking only, and a secret is told in no message."""

import base64

import pytest

from edge.delivery.destinations.webhook.settings import WebhookSettings, is_secret
from edge.site.redaction import without_secrets
from edge.site.site import Destination, Site

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://crm.example.com/hooks/box?branch=1"


def test_good_settings() -> None:
    assert WebhookSettings(url=URL, secret=SECRET).problems() == []
    assert WebhookSettings(url=URL, secret=SECRET).secrets == (SECRET,)
    both = WebhookSettings(url=URL, secret=SECRET, old_secret="whsec_" + "A" * 32)
    assert both.problems() == []
    assert both.secrets == (SECRET, "whsec_" + "A" * 32)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/hook",
        "https://me:word@crm.example.com/",
        "https://crm.example.com/#a",
        "https://crm.example.com/?a=b c",
        "crm.example.com",
    ],
)
def test_bad_addresses(url: str) -> None:
    found = WebhookSettings(url=url, secret=SECRET).problems()
    assert {field for field, _ in found} == {"url"}


@pytest.mark.parametrize("size", [23, 65])
def test_a_key_of_another_size_is_no_secret(size: int) -> None:
    assert not is_secret("whsec_" + base64.b64encode(bytes(size)).decode())


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_key_of_an_allowed_size_is_one(size: int) -> None:
    assert is_secret("whsec_" + base64.b64encode(bytes(size)).decode())


@pytest.mark.parametrize(
    "secret", ["", "whsec_", SECRET[6:], SECRET[:-1], SECRET + " ", "whsk_" + SECRET[6:], "whsec_é"]
)
def test_a_bad_secret_is_told_without_saying_it(secret: str) -> None:
    found = WebhookSettings(url=URL, secret=secret, old_secret=secret or "x").problems()
    assert [field for field, _ in found] == ["secret", "old_secret"]
    assert not any(SECRET[6:20] in message for _, message in found)


def test_both_secrets_stay_on_the_box() -> None:
    settings = WebhookSettings(url=URL, secret=SECRET, old_secret=SECRET)
    site = Site(1, "a", "UTC", (), (Destination("hook", "webhook", settings),))
    assert without_secrets(site).destination[0].settings == WebhookSettings(url=URL, secret="")
