"""Settings are checked by looking only, and without the library that speaks MQTT."""

import subprocess
import sys

import pytest

from edge.delivery.destinations.mqtt.settings import MqttSettings


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("mqtts://broker.example.com", "broker.example.com", 8883, True),
        ("mqtts://broker.example.com:443/", "broker.example.com", 443, True),
        ("mqtt://192.168.1.9", "192.168.1.9", 1883, False),
        ("mqtt://localhost:1884", "localhost", 1884, False),
        ("mqtts://[2001:db8::9]:8883", "2001:db8::9", 8883, True),
    ],
)
def test_good_addresses(url: str, host: str, port: int, *, tls: bool) -> None:
    settings = MqttSettings(url=url)
    assert settings.problems() == []
    assert (settings.host, settings.port, settings.is_tls) == (host, port, tls)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker.example.com",
        "https://broker.example.com",
        "mqtts://",
        "mqtts://broker.example.com:99999",
        "mqtts://broker.example.com:0",
        "mqtts://[::1",
        "mqtts://me:secret@broker.example.com",
        "mqtts://broker.example.com/payvand",
        "mqtts://broker.example.com/?a=1",
        "mqtts://broker .example.com",
        "mqtts://broker..example.com",
        "mqtt://broker.example.com",
        "mqtt://203.0.113.9.example.com",
    ],
)
def test_bad_addresses_are_named_with_what_to_do(url: str) -> None:
    assert {field for field, _ in MqttSettings(url=url).problems()} == {"url"}


@pytest.mark.parametrize("prefix", ["", "/", "/a", "a/", "a//b", "a/+", "#", "$SYS", "a\nb"])
def test_a_prefix_that_makes_no_topic_is_refused(prefix: str) -> None:
    settings = MqttSettings(url="mqtts://broker.example.com", topic_prefix=prefix)
    assert {field for field, _ in settings.problems()} == {"topic_prefix"}


def test_all_problems_come_at_once_and_show_no_secret() -> None:
    problems = MqttSettings(
        url="mqtt://u@broker.example.com/x",
        password="made-up\nsecret",
        topic_prefix="a/#",
        client_id="two words",
        ca="-----BEGIN CERTIFICATE-----",
    ).problems()
    fields = ["url", "url", "url", "username", "password", "topic_prefix", "client_id", "ca"]
    assert [field for field, _ in problems] == fields
    assert not any("made-up" in sentence for _, sentence in problems)


def test_a_text_that_is_no_certificate_is_refused() -> None:
    settings = MqttSettings(url="mqtts://broker.example.com", ca="the file is on my desktop")
    assert {field for field, _ in settings.problems()} == {"ca"}


def test_checking_imports_nothing_heavy() -> None:
    code = (
        "import sys;"
        "from edge.delivery.destinations.catalog import spec;"
        "spec('mqtt').settings(url='mqtts://x.example').problems();"
        "assert not {'paho', 'aiohttp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
