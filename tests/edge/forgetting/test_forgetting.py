"""A person's number is nowhere any more: looked for in every byte of a data directory."""

import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest
from msgspec.structs import replace

from edge.forgetting.forgetting import Forgetting, NoDevices
from edge.forgetting.person import Person, TooShort
from edge.journal import migration
from edge.journal.backup import back_up
from edge.journal.journal import Journal, Sealed
from edge.journal.packing import unpacked
from edge.journal.records import Position
from tests.edge.delivery.conftest import call

NUMBER = "+989120001122"
SPELLED = re.compile(rb"9[-. ]?1[-. ]?2[-. ]?0[-. ]?0[-. ]?0[-. ]?1[-. ]?1[-. ]?2[-. ]?2")


def of_person(number: int, raw: str = "09120001122", **more: object) -> Sealed:
    event = call(number)
    data = msgspec.json.decode(event.data)
    told = {"number": NUMBER, "number_raw": raw, "name": "Reza Made-Up", **more}
    return replace(event, data=msgspec.json.encode(data | told))


def traces(folder: Path) -> list[str]:
    """Every file in which the number is found, packed rows included."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if SPELLED.search(data):
            found.append(path.name)
        if data.startswith(b"SQLite format 3"):
            # A copy: opening the one in service would drop the locks of this process.
            with closing(_copied(path)) as connection:
                rows = connection.execute("SELECT data FROM event").fetchall()
            found += [f"row of {path.name}" for (row,) in rows if SPELLED.search(unpacked(row))]
    return found


def _copied(path: Path) -> sqlite3.Connection:
    spare = path.parent.parent / "spare"
    spare.mkdir(exist_ok=True)
    for end in ("", "-wal"):
        if Path(f"{path}{end}").exists():
            shutil.copyfile(f"{path}{end}", spare / f"copy{end}")
    return sqlite3.connect(spare / "copy")


@asynccontextmanager
async def forgetting(folder: Path) -> AsyncIterator[tuple[Journal, Forgetting]]:
    journal = await Journal.open(folder / "journal.sqlite")
    yield journal, Forgetting(folder, journal, NoDevices())
    await journal.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


async def test_no_byte_of_the_number_is_left(folder: Path) -> None:
    async with forgetting(folder) as (journal, forgets):
        for first in range(0, 600, 100):
            events = [of_person(n) if n % 10 == 0 else call(n) for n in range(first, first + 100)]
            await journal.append(events, ("pbx1", f"kept 0912 000 1122 {first}".encode()))
        await journal.note("commands/crm", [("a", b"+989120001122 ordered"), ("b", b"9120001122")])
        await journal.note("commands/crm", [("b", None)])
        await journal.park("crm", [(3, "989120001122 is blocked")], Position(3))
        await journal.append([], ("pbx1", b"shorter now 00989120001122"))
        assert "journal.sqlite-wal" in traces(folder)
        done = await forgets.forget(NUMBER)
        assert done.events == 60
        assert traces(folder) == []
        assert (folder / "journal.sqlite-wal").stat().st_size >= 4_000_000  # it has its size again
        assert await journal.append([call(601)]) == 601
    assert traces(folder) == []


async def test_free_space_of_before_is_wiped_too(folder: Path) -> None:
    """As a library without secure deletion leaves it, or an older version."""
    async with forgetting(folder) as (journal, _):
        await journal.append([call(1)])
    with closing(sqlite3.connect(folder / "journal.sqlite")) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        with connection:
            connection.execute("INSERT INTO memory VALUES ('gone', ?)", (b"9120001122" * 5000,))
        with connection:
            connection.execute("DELETE FROM memory")
    assert traces(folder) == ["journal.sqlite"]
    async with forgetting(folder) as (_, forgets):
        await forgets.forget(NUMBER)
        assert traces(folder) == []


async def test_number_and_name_go_and_the_rest_of_the_event_stays(folder: Path) -> None:
    early = replace(of_person(1, name="Reza"), subject="call/one", type="call.ringing")
    early = replace(
        early,
        data=msgspec.json.encode(
            msgspec.json.decode(early.data) | {"number": None, "number_raw": None}
        ),
    )
    late = replace(of_person(1, account_code="09120001122", talk_seconds=77), subject="call/one")
    other = call(2)
    async with forgetting(folder) as (journal, forgets):
        await journal.append([early, late, other])
        await forgets.forget(NUMBER)
        first, second, third = await journal.read(0)
    told = msgspec.json.decode(second.data)
    assert (told["number"], told["number_raw"], told["name"]) == (None, None, None)
    assert (told["number_status"], told["talk_seconds"]) == ("unavailable", 77)
    assert told["account_code"] == "00000000000"
    assert msgspec.json.decode(first.data)["name"] is None
    assert third.data == other.data
    assert msgspec.json.decode(second.data).keys() == msgspec.json.decode(other.data).keys()


async def test_what_is_still_to_be_delivered_goes_out_without_the_number(folder: Path) -> None:
    async with forgetting(folder) as (journal, forgets):
        await journal.append([of_person(1), call(2)])
        await forgets.forget(NUMBER)
        assert journal.pending("crm") == 2
        assert len(await journal.read(0)) == 2


async def test_copies_captures_and_leftovers_of_the_directory(folder: Path) -> None:
    async with forgetting(folder) as (journal, forgets):
        await journal.append([of_person(1), call(2)])
        database = folder / "journal.sqlite"
        migration.copy_whole(database, folder / "journal.sqlite.version-3")
        migration.copy_whole(database, folder / "journal.sqlite.damaged-20261121T000000.000000Z")
        back_up(database, folder / "old-backup", None)
        broken = folder / "journal.sqlite.damaged-20261122T000000.000000Z"
        broken.write_bytes((folder / "old-backup").read_bytes()[:5000] + b"9120001122" * 9)
        (folder / ".backup.clear").write_bytes(b"+989120001122")
        (folder / "captures").mkdir()
        cut = '# payvand capture 1\n0.5 < "21/11 I 0912"\n0.6 > "x"\n0.7 < "0001122  0\'06\\r\\n"\n'
        (folder / "captures" / "a.cap").write_text(cut)
        (folder / "captures" / "raw").write_bytes(b"\x02 9 0912-000-1122\r\n 02144556677\r\n")
        done = await forgets.forget(NUMBER)
    assert traces(folder) == []
    text = (folder / "captures" / "a.cap").read_text()
    assert text == cut.replace('I 0912"', 'I 0000"').replace("0001122", "0000000")
    assert b" 02144556677\r\n" in (folder / "captures" / "raw").read_bytes()
    assert not broken.exists()
    assert not (folder / ".backup.clear").exists()
    with closing(sqlite3.connect(folder / "old-backup")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM event").fetchone() == (2,)
    assert done.files == 7


async def test_what_cannot_be_reached_is_told(folder: Path) -> None:
    (folder / "site.toml").write_text(f'all_but_numbers = ["{NUMBER}"]\n')
    (folder / "stick.events").write_bytes(b"\x1f\x8b made up")
    async with forgetting(folder) as (_, forgets):
        done = await forgets.forget(NUMBER)
    told = "; ".join(done.unreached)
    for part in ("site.toml names the number", "stick.events", "the CRMs", "backups", "exchange"):
        assert part in told
    assert NUMBER in (folder / "site.toml").read_text()
    assert "912" not in done.words
    assert done.shown == "…22"


@pytest.mark.parametrize("number", ["+98112", "0912", "", "+", "9120001122", "+98 twelve"])
def test_what_is_no_full_number_is_refused(number: str) -> None:
    with pytest.raises(TooShort):
        Person.of(number)


async def test_other_peoples_numbers_stay(folder: Path) -> None:
    others = [of_person(1, raw="09120001123"), of_person(2, raw="0912000112")]
    others = [
        replace(each, data=each.data.replace(NUMBER.encode(), b"+989120001123")) for each in others
    ]
    async with forgetting(folder) as (journal, forgets):
        await journal.append(others)
        assert (await forgets.forget(NUMBER)).events == 0
        assert [event.data for event in await journal.read(0)] == [each.data for each in others]


async def test_a_backup_made_later_does_not_have_it(folder: Path) -> None:
    async with forgetting(folder) as (journal, forgets):
        await journal.append([of_person(1)])
        await forgets.forget(NUMBER)
        back_up(folder / "journal.sqlite", folder / "later", None)
    assert traces(folder) == []


async def test_the_command_line_forgets_without_a_box(
    folder: Path, payvand: Callable[..., CompletedProcess[str]]
) -> None:
    async with forgetting(folder) as (journal, _):
        await journal.append([of_person(1)])
    done = payvand("forget", "+98 912 000 1122", "--data", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 events, 0 notes and 0 files of …22 changed\nnot reached:\n")
    assert traces(folder) == []
    wrong = payvand("forget", "0912", "--data", folder)
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "payvand: write the full number, such as +989120001122\n",
    )
