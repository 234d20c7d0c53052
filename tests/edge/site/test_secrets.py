"""Secrets leave site.toml for the vault; the rest of the file stays as somebody wrote it."""

import tomllib
from pathlib import Path

import pytest

import drivers.catalog
import edge.delivery.destinations.catalog
from edge.delivery.destinations.link.settings import LinkSettings
from edge.site.file import load, save
from edge.site.secret_fields import MARK, secret_fields
from edge.site.secrets import Secrets, move, opened
from edge.site.site import Destination
from edge.vault import FILE as VAULT
from edge.vault import Vault

TEXT = """\
version = 1   # the first
name = "mashhad"
timezone = "Asia/Tehran"

[[device]]
key = "pbx1"
driver = "panasonic"
link = { tcp = "192.168.1.20:2300" }
settings = { model = "KX-TDA100", password = 'PCCSMDR' }  # ask the installer

[[destination]]
name = "crm"
kind = "link"
[destination.settings]
url = "https://crm.example.com"
token = "a\\"b"
claim = ""
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, "5e1f00c0ffee")


def test_a_mark_takes_the_place_and_comments_stay(path: Path, vault: Vault) -> None:
    assert move(path, vault) == 2
    expected = TEXT.replace("'PCCSMDR'", f'"{MARK}"').replace('"a\\"b"', f'"{MARK}"')
    assert path.read_text() == expected
    assert vault.get("device.pbx1.password") == "PCCSMDR"
    assert vault.get("destination.crm.token") == 'a"b'
    assert move(path, vault) == 0


def test_the_settings_get_their_secrets_back(path: Path, tmp_path: Path) -> None:
    before = load(path)
    secrets = Secrets(tmp_path, "5e1f00c0ffee")
    assert secrets.guard(before) == before
    after = load(path)
    assert after.device[0].settings != before.device[0].settings
    assert secrets.opened(after.device[0]) == before.device[0]
    assert secrets.guard(after).destination == before.destination
    assert secrets.lost == []


def test_a_file_written_by_hand_in_another_way_is_written_anew(path: Path, vault: Vault) -> None:
    text = TEXT.replace("'PCCSMDR'", '"""PCCSMDR"""').replace("password", '"password"')
    path.write_text(text)
    expected = tomllib.loads(text)
    move(path, vault)
    assert "PCCSMDR" not in path.read_text()
    expected["device"][0]["settings"]["password"] = MARK
    expected["destination"][0]["settings"]["token"] = MARK
    assert tomllib.loads(path.read_text()) == expected


def test_a_secret_that_is_also_another_word_spoils_nothing(path: Path, vault: Vault) -> None:
    path.write_text(TEXT.replace("PCCSMDR", "mashhad"))
    expected = tomllib.loads(path.read_text())
    move(path, vault)
    expected["device"][0]["settings"]["password"] = MARK
    expected["destination"][0]["settings"]["token"] = MARK
    assert tomllib.loads(path.read_text()) == expected


def test_the_copies_that_are_kept_tell_no_secret_either(path: Path, vault: Vault) -> None:
    path.with_name("site.toml.1").write_text(TEXT.replace("PCCSMDR", "OLDER"))
    path.with_name("site.toml.2").write_text(TEXT.replace('"crm"', '"gone"'))
    path.with_name("site.toml.3").write_text("this was never right")
    move(path, vault)
    for number in (1, 2):
        text = path.with_name(f"site.toml.{number}").read_text()
        assert "OLDER" not in text
        assert 'a\\"b' not in text
    assert vault.get("device.pbx1.password") == "PCCSMDR"
    assert vault.get("destination.gone.token") == 'a"b'
    assert path.with_name("site.toml.3").read_text() == "this was never right"


def test_a_marked_site_can_be_checked_and_saved(path: Path, vault: Vault, tmp_path: Path) -> None:
    move(path, vault)
    site = load(path)
    save(site, tmp_path / "copy.toml")
    assert load(tmp_path / "copy.toml") == site
    assert (tmp_path / "copy.toml").read_text().count(MARK) == 2


def test_a_lost_secret_is_told_and_the_rest_works(path: Path, vault: Vault, tmp_path: Path) -> None:
    move(path, vault)
    (tmp_path / VAULT).unlink()
    secrets = Secrets(tmp_path, "5e1f00c0ffee")
    [crm] = secrets.guard(load(path)).destination
    assert crm.settings == LinkSettings(url="https://crm.example.com", token="")
    [told] = secrets.lost
    assert "destination.crm.token" in told
    assert "site.toml" in told


def test_settings_without_secrets_need_no_vault(tmp_path: Path) -> None:
    crm = Destination("crm", "link", LinkSettings(url="https://crm.example.com"))
    assert opened(crm, Vault(tmp_path / "none", "")) == crm


@pytest.mark.parametrize("catalog", [drivers.catalog, edge.delivery.destinations.catalog])
def test_every_secret_is_text(catalog: object) -> None:
    for name in catalog.NAMES:  # type: ignore[attr-defined]  # both tables have it
        settings = catalog.spec(name).settings  # type: ignore[attr-defined]
        for field in secret_fields(settings):
            assert "str" in str(settings.__annotations__[field]), (name, field)
