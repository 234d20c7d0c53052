"""Settings are checked by looking only."""

import base64
import subprocess
import sys
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import cast

import pytest

from edge.delivery.destination import Branch, Notebook
from edge.delivery.destinations.catalog import NAMES, spec
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.identity import IdentityFile


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com",
        "https://crm.example.com.",
        f"https://{'a' * 63}.example.com",
        "https://crm.example.com:8443/api/",
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://192.168.1.9",
        "http://[::1]:8080",
    ],
)
def test_good_addresses(url: str) -> None:
    assert LinkSettings(url=url).problems() == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example.com",
        "ftp://crm.example.com",
        "https://",
        "https://crm.example.com:99999",
        "https://[::1",
        "https://me:secret@crm.example.com",
        "https://crm.example.com/?a=1",
        "https://crm.example.com/#top",
        "https://crm .example.com",
        "http://crm.example.com",
        "http://203.0.113.9.example.com",
        "https://crm..example.com",
        "https://.com",
        f"https://{'a' * 64}.example.com",
    ],
)
def test_bad_addresses_are_named_with_what_to_do(url: str) -> None:
    fields = {field for field, _ in LinkSettings(url=url).problems()}
    assert fields == {"url"}


def test_all_problems_come_at_once() -> None:
    problems = LinkSettings(url="http://u@crm.example.com?x", token="two words\r\n").problems()
    assert [field for field, _ in problems] == ["url", "url", "url", "token"]
    assert not any("two words" in sentence for _, sentence in problems)


def test_a_key_that_is_none_is_named() -> None:
    right = base64.b64encode(bytes(32)).decode()
    keys = {"k1": right, "k2": right[4:], "k3": "?"}
    settings = LinkSettings(url="https://crm.example.com", command_keys=keys)
    assert [field for field, _ in settings.problems()] == ["command_keys.k2", "command_keys.k3"]
    assert settings.key("k1") == bytes(32)
    assert settings.key("k4") is None


def test_only_with_keys_commands_are_asked_for(tmp_path: Path) -> None:
    silent = LinkSettings(url="https://crm.example.com")
    keys = {"k1": base64.b64encode(bytes(32)).decode()}
    giving = LinkSettings(url="https://crm.example.com", command_keys=keys)
    notebook = cast("Notebook", None)  # commands note nothing there
    branch = Branch("5e1f00c0ffee", UTC, notebook, lambda _: 0.0, lambda: None)
    assert spec("link").commands(silent, branch) is None
    source = spec("link").commands(giving, branch)
    assert source is not None
    assert source.keys.key("k1") == bytes(32)
    assert spec("link").commands(silent, replace(branch, identity=IdentityFile(tmp_path)))


def test_the_path_follows_the_base() -> None:
    for url in ("https://crm.example.com/a", "https://crm.example.com/a/"):
        assert LinkSettings(url=url).events_url == "https://crm.example.com/a/v1/events"


def test_the_catalog_names_each_kind_by_its_spec() -> None:
    assert [spec(name).name for name in NAMES] == list(NAMES)
    assert all(set(spec(name).titles) == {"en", "fa"} for name in NAMES)


def test_checking_settings_loads_nothing_heavy() -> None:
    program = (
        "import sys; from edge.delivery.destinations.catalog import spec;"
        "link = spec('link'); settings = link.settings(url='https://crm.example.com');"
        "from edge.delivery.destination import Branch;"
        "from edge.delivery.identity import IdentityFile;"
        "from pathlib import Path; identity = IdentityFile(Path('/nowhere'));"
        "made = link.destination(settings, Branch('b0c5', None, None, None, None, None, identity));"
        "assert not {'aiohttp', 'cryptography', 'http_message_signatures'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
