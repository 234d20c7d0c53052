"""A backup under a passphrase brings secrets and key to a new box, and tells nobody else."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge.local.status import Status
from edge.site.secret_fields import MARK
from edge.vault import Vault
from tests.ports import free_port
from tests.system.processes import Box, Program, eventually, payvand

SITE = """\
version = 1
name = "mashhad"
timezone = "Asia/Tehran"

[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}", token = "made-up-token", claim = "{claim}" }}
"""
WORDS = "some words that do not belong together"


class EnrollingCrm(Program):
    """`payvand crm` that knows boxes by their keys."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        words = ("crm", "--port", str(port), "--data", folder, "--claim", "mashhad")
        super().__init__(folder.with_name("crm.log"), *words)
        self.url = f"http://127.0.0.1:{port}"

    async def claim(self) -> str:
        async def look() -> str | None:
            return self.log.partition("Claim code for mashhad: ")[2].strip() or None

        return await eventually(look, "a claim code is printed")

    async def states(self) -> list[tuple[str, int]]:
        """State and number of every key, the newest first."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/boxes") as told:
            return [(box["state"], box["number"]) for box in await told.json()]


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[EnrollingCrm]:
    crm = EnrollingCrm(tmp_path / "crm")
    crm.spawn()
    yield crm
    crm.kill()


@pytest.fixture
async def box(tmp_path: Path, crm: EnrollingCrm) -> AsyncIterator[Box]:
    box = Box(tmp_path / "box")
    site = SITE.format(url=crm.url, claim=await crm.claim())
    (box.data / "site.toml").write_text(site)
    async with served(box):
        yield box


@asynccontextmanager
async def served(box: Box) -> AsyncIterator[None]:
    box.spawn()
    try:
        yield
    finally:
        box.kill()


async def delivered(box: Box) -> Status:
    """Wait until the CRM has taken something since the box's start."""

    async def look() -> Status | None:
        status = await box.status()
        return status if status and status.destinations[0].delivered else None

    return await eventually(look, f"something is delivered; log:\n{box.log}")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(f"{WORDS}\n")
    return path


async def test_a_restored_box_takes_the_place_of_the_old_one(
    tmp_path: Path, box: Box, crm: EnrollingCrm, words: Path
) -> None:
    await delivered(box)
    file = tmp_path / "file"
    done = payvand("backup", file, "--data", box.data, "--passphrase-file", words)
    assert done.returncode == 0, done.stderr
    assert "under the passphrase" in done.stdout
    new = Box(tmp_path / "new")
    done = payvand("restore", file, "--data", new.data, "--passphrase-file", words)
    assert done.returncode == 0, done.stderr
    site = (new.data / "site.toml").read_text()
    assert (site.count(MARK), "made-up" in site) == (2, False)
    assert Vault(new.data, "").get("destination.crm.token") == "made-up-token"
    async with served(new):
        await delivered(new)
        assert await crm.states() == [("accepted", 2), ("replaced", 1)]
        await box.stop()
        box.spawn()
        locked_out = await box.delivers("stopped")
        assert locked_out.code == "two-boxes"
    assert {path.name for path in new.data.iterdir()} >= {"identity.json", "vault.json"}
    for data in (box.data, new.data):
        assert not (data / ".backup.clear").exists()


async def test_nothing_of_it_is_in_clear(tmp_path: Path, box: Box, words: Path) -> None:
    status = await delivered(box)
    sealed, clear = tmp_path / "sealed", tmp_path / "clear"
    payvand("backup", sealed, "--data", box.data, "--passphrase-file", words)
    payvand("backup", clear, "--data", box.data)
    assert status.box.encode() in clear.read_bytes()
    assert status.box.encode() not in sealed.read_bytes()
    key = (box.data / "identity.json").read_text().partition('"private_key":"')[2][:43]
    assert key.encode() not in clear.read_bytes()
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(sealed).execute("SELECT * FROM event")


async def test_without_a_passphrase_the_crm_must_accept_again(
    tmp_path: Path, box: Box, crm: EnrollingCrm
) -> None:
    await delivered(box)
    payvand("backup", tmp_path / "file", "--data", box.data)
    new = Box(tmp_path / "new")
    done = payvand("restore", tmp_path / "file", "--data", new.data)
    assert "accept this one again" in done.stdout
    async with served(new):
        waiting = await new.delivers("retrying")
        assert waiting.code == "pending"
    assert await crm.states() == [("pending", 1), ("accepted", 1)]


@pytest.mark.parametrize(
    ("passphrase", "said"),
    [
        ("short", "12 characters"),
        ("another passphrase\n", "does not open"),
        (None, "cannot be read|no passphrase can be read"),
    ],
)
async def test_a_wrong_passphrase_is_one_line(
    tmp_path: Path, box: Box, words: Path, passphrase: str | None, said: str
) -> None:
    await delivered(box)
    file, other = tmp_path / "file", tmp_path / "other"
    payvand("backup", file, "--data", box.data, "--passphrase-file", words)
    if passphrase is not None:
        other.write_text(passphrase)
    done = payvand("restore", file, "--data", tmp_path / "new", "--passphrase-file", other)
    assert done.returncode in {1, 2}
    assert any(part in done.stderr for part in said.split("|")), done.stderr
    assert done.stderr.count("\n") == 1
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"lock"}


async def test_a_passphrase_that_is_needed_is_asked_for(
    tmp_path: Path, box: Box, words: Path
) -> None:
    await delivered(box)
    file = tmp_path / "file"
    payvand("backup", file, "--data", box.data, "--passphrase-file", words)
    done = payvand("restore", file, "--data", tmp_path / "new")
    assert "--passphrase-file" in done.stderr
