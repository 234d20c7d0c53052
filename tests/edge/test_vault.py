"""The vault on disk: what it gives back, to whom, and what it does not."""

import secrets
import stat
from pathlib import Path

import msgspec
import pytest

from edge.vault import CREDENTIAL, FILE, KEY_FILE, SecretLost, Vault

BOX = "5e1f00c0ffee"
TOKEN = "destination.crm.token"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, BOX)


@pytest.fixture
def credential(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("credentials")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    (folder / CREDENTIAL).write_bytes(secrets.token_bytes(32))
    return folder / CREDENTIAL


def test_what_goes_in_comes_out_and_lies_nowhere_in_clear(tmp_path: Path, vault: Vault) -> None:
    vault.put({TOKEN: "made-up", "device.pbx1.password": "پنهان"})
    again = Vault(tmp_path, "another-box-id")
    assert again.get(TOKEN) == "made-up"
    assert again.get("device.pbx1.password") == "پنهان"
    assert again.names() == {TOKEN, "device.pbx1.password"}
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"made-up" not in path.read_bytes()


def test_a_text_is_bound_to_its_field_and_its_box(tmp_path: Path, vault: Vault) -> None:
    vault.put({TOKEN: "made-up", "destination.other.token": "other"})
    kept = msgspec.json.decode((tmp_path / FILE).read_bytes())
    good = msgspec.json.encode(kept)
    sealed = kept["sealed"]
    sealed[TOKEN] = sealed["destination.other.token"]
    (tmp_path / FILE).write_bytes(msgspec.json.encode(kept))
    with pytest.raises(SecretLost, match="does not open"):
        vault.get(TOKEN)
    (tmp_path / FILE).write_bytes(good.replace(BOX.encode(), b"000000000000"))
    with pytest.raises(SecretLost, match="does not open"):
        vault.get(TOKEN)


def test_the_same_text_is_never_sealed_alike(tmp_path: Path, vault: Vault) -> None:
    seen = set()
    for _ in range(3):
        vault.put({TOKEN: "made-up"})
        seen.add(msgspec.json.decode((tmp_path / FILE).read_bytes())["sealed"][TOKEN])
    assert len(seen) == 3


def test_without_its_key_nothing_opens(tmp_path: Path, vault: Vault) -> None:
    vault.put({TOKEN: "made-up"})
    (tmp_path / KEY_FILE).write_bytes(secrets.token_bytes(32))
    with pytest.raises(SecretLost, match=r"into site\.toml again"):
        vault.get(TOKEN)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(SecretLost, match="key"):
        vault.get(TOKEN)
    with pytest.raises(SecretLost):  # a new key would lose what the old one may still open
        vault.put({"device.pbx1.password": "x"})
    assert not (tmp_path / KEY_FILE).exists()


def test_a_credential_is_the_key_and_no_file_is_made(
    tmp_path: Path, vault: Vault, credential: Path
) -> None:
    vault.put({TOKEN: "made-up"})
    assert not (tmp_path / KEY_FILE).exists()
    assert vault.get(TOKEN) == "made-up"
    credential.write_bytes(b"too short")
    with pytest.raises(SecretLost, match="vault-key"):
        vault.get(TOKEN)


def test_a_credential_that_comes_later_takes_over(
    tmp_path: Path,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    vault.put({TOKEN: "made-up"})
    vault.prefer_credential()
    assert (tmp_path / KEY_FILE).exists()
    request.getfixturevalue("credential")
    vault.prefer_credential()
    assert not (tmp_path / KEY_FILE).exists()
    assert vault.get(TOKEN) == "made-up"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(SecretLost):
        vault.get(TOKEN)


def test_a_file_that_is_no_vault_is_not_overwritten(tmp_path: Path, vault: Vault) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(SecretLost, match="move it away"):
        vault.put({TOKEN: "made-up"})
    assert (tmp_path / FILE).read_text() == "{"
