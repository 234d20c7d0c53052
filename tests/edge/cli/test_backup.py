"""`payvand backup`, `payvand restore` and a damaged journal, with real processes around them."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from edge.crm.server import Running, serve
from edge.errors import CommandFailed
from edge.journal.journal import Journal, Position, Sealed
from edge.local.client import Client
from edge.local.status import Status
from tests.edge.plain_event import PLAIN

Payvand = Callable[..., subprocess.CompletedProcess[str]]
Run = Callable[[Path], Awaitable[asyncio.subprocess.Process]]
SECONDS = 60
TOKEN = "a-made-up-token"
SITE = """\
version = 1
name = "mashhad"
timezone = "Asia/Tehran"

[history]
days = 30

[[device]]
key = "pbx1"
driver = "panasonic"
link = {{ tcp = "127.0.0.1:9" }}
settings = {{ model = "KX-NS500", password = "a-made-up-password" }}

[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}", token = "{token}" }}
"""


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _event(number: int) -> Sealed:
    return replace(
        PLAIN,
        type="device.online",
        data=b'{"device": "pbx1", "state": "online", "code": "%d", "since": null, "advice": ""}'
        % number,
    )


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[Running]:
    running = await serve("127.0.0.1", 0, tmp_path / "crm", TOKEN)
    yield running
    await running.close()


@pytest.fixture
def box(tmp_path: Path, crm: Running) -> Path:
    data = tmp_path / "box"
    data.mkdir()
    (data / "site.toml").write_text(SITE.format(url=crm.url, token=TOKEN), encoding="utf-8")
    return data


async def _fill(data: Path, count: int, cursor: int = 0) -> Journal:
    journal = await Journal.open(data / "journal.sqlite")
    await journal.append([_event(n) for n in range(count)], ("pbx1", b""))
    await journal.park("crm", [], Position(cursor))
    await journal.close()
    return journal


@asynccontextmanager
async def _running(data: Path, root: Path) -> AsyncIterator[None]:
    """`payvand run` until the CRM has everything."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "run", "--data", data),
        cwd=root,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            await _until_delivered(data)
        yield
    finally:
        process.terminate()
        _, said = await process.communicate()
    assert process.returncode == 0, said


async def _until_delivered(data: Path) -> None:
    while True:
        await asyncio.sleep(0.05)
        try:
            status = await _status(data)
        except CommandFailed:
            continue
        if status.last_sequence and all(
            each.cursor == status.last_sequence for each in status.destinations
        ):
            return


async def _status(data: Path) -> Status:
    async with Client(data) as edge:
        return await edge.status()


def _at_crm(tmp_path: Path) -> list[tuple[str, int, str]]:
    """(journal, sequence, type) of each event that the CRM stored, in order of arrival."""
    with closing(sqlite3.connect(tmp_path / "crm" / "crm.sqlite")) as connection:
        rows = connection.execute("SELECT journal, sequence, raw FROM event ORDER BY received")
        return [(j, s, msgspec.json.decode(raw)["type"]) for j, s, raw in rows]


async def test_a_restored_box_goes_on_and_the_crm_gets_each_event_once(
    box: Path, tmp_path: Path, payvand: Payvand, pytestconfig: pytest.Config
) -> None:
    """After the backup the old box still delivers; the new one delivers the same again."""
    root, file, new = pytestconfig.rootpath, tmp_path / "box.backup", tmp_path / "new"
    old = await _fill(box, 10, cursor=4)
    done = await asyncio.to_thread(payvand, "backup", file, "--data", box)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 events up to 10" in done.stdout
    async with _running(box, root):
        pass
    delivered = _at_crm(tmp_path)
    assert [(j, s) for j, s, _ in delivered[:6]] == [(old.id, n) for n in range(5, 11)]
    done = await asyncio.to_thread(payvand, "restore", file, "--data", new)
    assert (done.returncode, done.stderr) == (0, "")
    site = (new / "site.toml").read_text(encoding="utf-8")
    (new / "site.toml").write_text(
        site.replace('url = "', f'token = "{TOKEN}"\nurl = "'), encoding="utf-8"
    )
    async with _running(new, root):
        status = await _status(new)
    assert status.box == old.box
    assert status.journal != old.id
    again = _at_crm(tmp_path)
    assert again[: len(delivered)] == delivered
    assert again[len(delivered) :]
    assert {journal for journal, _, _ in again[len(delivered) :]} == {status.journal}
    assert len({(journal, sequence) for journal, sequence, _ in again}) == len(again)


async def test_a_damaged_journal_is_told_once_and_the_rest_is_delivered(
    box: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    before = await _fill(box, 2000, cursor=100)
    with (box / "journal.sqlite").open("r+b") as file:
        file.seek(2048 * 60)
        file.write(b"\xa5" * 2048)
    async with _running(box, pytestconfig.rootpath):
        status = await _status(box)
        assert "was damaged" in str(status.trouble)
        assert (status.box, status.journal == before.id) == (before.box, False)
    async with _running(box, pytestconfig.rootpath):
        assert (await _status(box)).trouble is None
    stored = _at_crm(tmp_path)
    assert [event for event in stored if event[2] == "box.alarm"] == [
        (status.journal, 2001, "box.alarm")
    ]
    kept = [sequence for journal, sequence, _ in stored if journal == before.id]
    assert kept == sorted(set(kept))
    assert 1900 - 30 <= len(kept) < 1900


async def test_a_backup_holds_the_settings_without_secrets(
    box: Path, tmp_path: Path, payvand: Payvand
) -> None:
    file = tmp_path / "box.backup"
    await _fill(box, 3)
    done = await asyncio.to_thread(payvand, "backup", file, "--data", box)
    assert "settings without passwords and tokens" in done.stdout
    content = file.read_bytes()
    assert TOKEN.encode() not in content
    assert b"a-made-up-password" not in content
    await asyncio.to_thread(payvand, "restore", file, "--data", tmp_path / "new")
    site = (tmp_path / "new" / "site.toml").read_text(encoding="utf-8")
    assert "days = 30" in site
    assert "KX-NS500" in site
    assert not re.search("token|password", site)
    assert _mode(tmp_path / "new" / "journal.sqlite") & 0o077 == 0


async def test_a_box_without_settings_has_a_backup_too(
    box: Path, tmp_path: Path, payvand: Payvand
) -> None:
    await _fill(box, 3)
    (box / "site.toml").write_text("name = ", encoding="utf-8")
    done = await asyncio.to_thread(payvand, "backup", tmp_path / "file", "--data", box)
    assert done.returncode == 0
    assert "no settings" in done.stdout
    done = await asyncio.to_thread(payvand, "restore", tmp_path / "file", "--data", tmp_path / "n")
    assert "write site.toml" in done.stdout


async def test_a_box_with_a_journal_is_not_written_over(
    box: Path, tmp_path: Path, payvand: Payvand
) -> None:
    await _fill(box, 3)
    file = tmp_path / "file"
    await asyncio.to_thread(payvand, "backup", file, "--data", box)
    before = (box / "journal.sqlite").read_bytes()
    done = await asyncio.to_thread(payvand, "restore", file, "--data", box)
    assert done.returncode == 1
    assert "empty directory" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (box / "journal.sqlite").read_bytes() == before


async def test_while_the_edge_runs_a_backup_is_written(
    box: Path, tmp_path: Path, payvand: Payvand, pytestconfig: pytest.Config
) -> None:
    await _fill(box, 50)
    async with _running(box, pytestconfig.rootpath):
        done = await asyncio.to_thread(payvand, "backup", tmp_path / "file", "--data", box)
        assert done.returncode == 0, done.stderr
        refused = await asyncio.to_thread(payvand, "restore", tmp_path / "file", "--data", box)
        assert "already running" in refused.stderr
    with closing(sqlite3.connect(tmp_path / "file")) as connection:
        assert connection.execute("SELECT COUNT(*) > 50 FROM event").fetchone() == (1,)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backup", "FILE", "--data", "EMPTY"], "no journal in"),
        (["backup", "EMPTY/no/FILE", "--data", "BOX"], "no backup was written"),
        (["backup", "BOX/journal.sqlite", "--data", "BOX"], "is the journal itself"),
        (["restore", "FILE", "--data", "EMPTY"], "cannot be restored"),
        (["restore", "BOX/site.toml", "--data", "EMPTY"], "not a backup"),
    ],
)
async def test_what_cannot_be_done_is_one_line(
    box: Path, tmp_path: Path, payvand: Payvand, words: list[str], said: str
) -> None:
    await _fill(box, 3)
    (tmp_path / "empty").mkdir()
    places = {"FILE": "file", "EMPTY": "empty", "BOX": "box"}
    for name, place in places.items():
        words = [word.replace(name, str(tmp_path / place)) for word in words]
    words = [
        word.replace(f"{tmp_path}/empty/no/{tmp_path}", f"{tmp_path}/empty/no") for word in words
    ]
    done = await asyncio.to_thread(payvand, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
