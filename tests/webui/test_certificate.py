"""The page's key stays, its certificate follows the addresses, and neither depends on the clock."""

import asyncio
import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.errors import CommandFailed
from webui.addresses import addresses, names
from webui.certificate import CERTIFICATE, KEY, ready
from webui.idle import Idle
from webui.sockets import Place, listeners, place


def read(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())


async def test_new_addresses_make_a_new_certificate_over_the_same_key(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = await ready(folder, ["box", "box.local", "192.0.2.7", "fd00::7"])
    old, fingerprint = read(folder), first.fingerprint
    again = await ready(folder, ["box", "box.local", "192.0.2.7", "fd00::7"])
    assert read(folder) == old
    other = await ready(folder, ["box", "box.local", "192.0.2.8"])
    new = read(folder)
    assert new.serial_number != old.serial_number
    assert again.fingerprint == other.fingerprint == fingerprint
    held = new.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert held.get_values_for_type(x509.DNSName) == ["box", "box.local"]
    assert [str(each) for each in held.get_values_for_type(x509.IPAddress)] == ["192.0.2.8"]


async def test_the_certificate_is_what_every_browser_takes(tmp_path: Path) -> None:
    keys = await ready(tmp_path, ["box"])
    found = read(tmp_path)
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert keys.fingerprint.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert found.not_valid_before_utc < datetime(2021, 1, 1, tzinfo=UTC)
    assert found.not_valid_after_utc > found.not_valid_before_utc + timedelta(days=19 * 365)
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    keys.into(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))


async def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match="let this user write there"):
        await ready(tmp_path / "file" / "keys", ["box"])


def test_the_machine_knows_its_addresses_and_names() -> None:
    assert "127.0.0.1" in addresses()
    assert "localhost" in names()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("0.0.0.0:8443", "0.0.0.0", 8443), ("[::1]:0", "::1", 0)],  # noqa: S104
)
def test_a_place_is_host_and_port(text: str, host: str, port: int) -> None:
    assert place(text) == Place(host, port)


@pytest.mark.parametrize("text", ["", "8443", ":8443", "host:", "host:http", "host:65536"])
def test_what_is_no_place_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write HOST:PORT"):
        place(text)


def test_nothing_to_listen_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")  # systemd meant another process
    monkeypatch.setenv("LISTEN_FDS", "2")
    with pytest.raises(CommandFailed, match="--listen"):
        listeners(None, None)


async def test_idle_means_that_nobody_is_there() -> None:
    idle = Idle()
    waiting = asyncio.ensure_future(idle.lasts(0.05))
    with idle.visit():
        await asyncio.sleep(0.2)
        assert not waiting.done()
    async with asyncio.timeout(10):
        await waiting
