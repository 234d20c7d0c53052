"""From a box whose line is dead, by a file, to the CRM and to the box that replaces it."""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
import pytest
from msgspec.structs import replace

from edge.delivery.wanted import Wanted
from edge.journal.journal import Journal
from edge.journal.records import Position
from tests.edge.box_process import crm, running
from tests.edge.delivery.comparing import ComparingCrm
from tests.edge.delivery.conftest import START, call

__all__ = ["crm"]

SITE = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"
[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}", token = "made-up-token" }}
[destination.wanted]
all_but_devices = ["box"]
"""
Payvand = Callable[..., CompletedProcess[str]]
Line = dict[str, object]


async def box_with(folder: Path, url: str, count: int, *, cursor: int = 0) -> Journal:
    """A closed journal of calls, of which the CRM has all up to `cursor`."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    journal = await Journal.open(folder / "journal.sqlite")
    await journal.append([call(number) for number in range(1, count + 1)])
    journal.advance("crm", Position(cursor))
    await journal.close()
    (folder / "site.toml").write_text(SITE.format(url=url))
    return journal


def lines(file: Path) -> list[Line]:
    with gzip.open(file) as packed:
        return [msgspec.json.decode(line) for line in packed]


def at(folder: Path, *words: str | Path) -> tuple[str | Path, ...]:
    return (*words, "--data", folder)


async def test_an_export_holds_what_waits_and_says_when_it_is_whole(
    tmp_path: Path, payvand: Payvand
) -> None:
    journal = await box_with(tmp_path / "old", "http://127.0.0.1:9", 12, cursor=8)
    file = tmp_path / "stick.events"
    done = payvand(*at(tmp_path / "old", "export", file))
    assert done.stdout == f"{file}: 4 events, which stay on the box as well (0 KiB)\n"
    assert file.stat().st_mode & 0o777 == 0o600
    head, *events, end = lines(file)
    assert {key: head[key] for key in ("payvand", "box", "journal", "first", "last")} == {
        "payvand": "export 1",
        "box": journal.box,
        "journal": journal.id,
        "first": 9,
        "last": 12,
    }
    assert [event["id"] for event in events] == [f"{journal.id}-{n}" for n in range(9, 13)]
    with gzip.open(file) as packed:
        own = b"".join([*packed][1:-1])
    assert end == {"payvand": "end", "events": 4, "sha256": hashlib.sha256(own).hexdigest()}
    again = await Journal.open(tmp_path / "old" / "journal.sqlite")
    assert again.position("crm").cursor == 8
    await again.close()


async def test_a_live_range_is_delivered_and_filtered_events_stay_out(
    tmp_path: Path, payvand: Payvand
) -> None:
    await box_with(tmp_path / "old", "http://127.0.0.1:9", 6)
    journal = await Journal.open(tmp_path / "old" / "journal.sqlite")
    await journal.append([replace(call(7), device="box"), call(8)])
    journal.advance("crm", Position(1, (4, 5)))
    await journal.close()
    assert payvand(*at(tmp_path / "old", "export", tmp_path / "f")).returncode == 0
    sequences = [event["sequence"] for event in lines(tmp_path / "f")[1:-1]]
    assert sequences == ["2", "3", "6", "8"]


async def test_where_nothing_waits_no_file_is_made(tmp_path: Path, payvand: Payvand) -> None:
    await box_with(tmp_path / "old", "http://127.0.0.1:9", 3, cursor=3)
    done = payvand(*at(tmp_path / "old", "export", tmp_path / "f"))
    assert (done.returncode, done.stdout) == (0, "nothing waits: no file was written\n")
    assert list(tmp_path.iterdir()) == [tmp_path / "old"]  # noqa: ASYNC240


async def test_what_waits_goes_out_from_the_box_that_replaces_it(
    tmp_path: Path, crm: ComparingCrm, payvand: Payvand, pytestconfig: pytest.Config
) -> None:
    old = await box_with(tmp_path / "old", "http://127.0.0.1:9", 700, cursor=100)
    new = await box_with(tmp_path / "new", crm.url, 5, cursor=3)
    file = tmp_path / "stick"
    assert payvand(*at(tmp_path / "old", "export", file)).returncode == 0
    done = payvand(*at(tmp_path / "new", "import", file))
    assert done.stdout.startswith(f"600 events of box {old.box} go to crm")
    again = payvand(*at(tmp_path / "new", "import", file))
    assert again.stdout.startswith("0 events")
    assert "600 were here already" in again.stdout
    async with running(tmp_path / "new", pytestconfig.rootpath) as client:
        shown = [msgspec.json.decode(line) async for line in client.events()]
        status = await client.status()
    theirs = {key[1]: event["source"] for key, event in crm.events.items() if key[0] == old.id}
    assert theirs == dict.fromkeys(range(101, 701), f"/boxes/{new.box}/pbx1")
    assert [key[1] for key in crm.events if key[0] == new.id] == [4, 5]
    assert status.journal not in (old.id, new.id)
    ids = [event["id"] for event in shown]
    assert ids[:6] == [*(f"{new.id}-{n}" for n in range(1, 6)), f"{old.id}-101"]
    assert len(set(ids)) == len(ids)


async def test_an_export_of_the_new_box_has_the_old_ids_too(
    tmp_path: Path, payvand: Payvand
) -> None:
    old = await box_with(tmp_path / "old", "http://127.0.0.1:9", 6, cursor=4)
    await box_with(tmp_path / "new", "http://127.0.0.1:9", 2, cursor=2)
    assert payvand(*at(tmp_path / "old", "export", tmp_path / "a")).returncode == 0
    assert payvand(*at(tmp_path / "new", "import", tmp_path / "a")).returncode == 0
    assert payvand(*at(tmp_path / "new", "export", tmp_path / "b")).returncode == 0
    first, second = (lines(tmp_path / name)[1:-1] for name in ("a", "b"))
    assert [each | {"source": ""} for each in second] == [each | {"source": ""} for each in first]
    # And a third box, which never ran, takes it in under these ids as well.
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "site.toml").write_text(SITE.format(url="http://127.0.0.1:9"))
    assert payvand(*at(tmp_path / "third", "import", tmp_path / "b")).returncode == 0
    third = await Journal.open(tmp_path / "third" / "journal.sqlite")
    assert [third.origin(event.sequence) for event in await third.read(0)] == [old.id] * 2
    await third.close()


async def test_only_the_destination_of_the_export_gets_it(tmp_path: Path) -> None:
    from edge.delivery.choosing import Choice
    from edge.journal.taking import Foreign, take

    await box_with(tmp_path, "http://127.0.0.1:9", 2)
    take(tmp_path / "journal.sqlite", [Foreign("0a0b0c0d", 9, call(9))], "crm")
    journal = await Journal.open(tmp_path / "journal.sqlite")
    read = [*await journal.read(0), *await journal.read(2)]
    for name, found in (("crm", [1, 2, 3]), ("store", [1, 2])):
        chosen = await Choice(name, Wanted(), journal).of(read)
        assert [event.sequence for event in chosen] == found
    await journal.close()


async def test_a_passphrase_keeps_the_numbers_from_who_finds_the_stick(
    tmp_path: Path, payvand: Payvand
) -> None:
    await box_with(tmp_path / "old", "http://127.0.0.1:9", 3)
    await box_with(tmp_path / "new", "http://127.0.0.1:9", 3)
    (tmp_path / "p").write_text("four words of no kin\n")
    with_it = ("--passphrase-file", tmp_path / "p")
    assert payvand(*at(tmp_path / "old", "export", tmp_path / "f", *with_it)).returncode == 0
    assert not (tmp_path / "f").read_bytes().startswith(b"\x1f\x8b")
    refused = payvand(*at(tmp_path / "new", "import", tmp_path / "f"))
    assert (refused.returncode, "is under a passphrase" in refused.stderr) == (1, True)
    assert payvand(*at(tmp_path / "new", "import", tmp_path / "f", *with_it)).returncode == 0
    take = ("crm", "--data", tmp_path / "crm", "--take", tmp_path / "f")
    refused = payvand(*take)
    assert (refused.returncode, "is under a passphrase" in refused.stderr) == (1, True)
    taken = payvand(*take, *with_it)
    assert (taken.returncode, taken.stdout[:9]) == (0, "3 events:")
    assert not [*tmp_path.glob("crm/.take*")]  # noqa: ASYNC240
    assert not [*tmp_path.glob("*/.export*")]  # noqa: ASYNC240


@pytest.mark.parametrize("harm", ["cut", "altered", "no-end", "other", "no-event"])
async def test_a_file_that_is_not_whole_is_refused_and_nothing_is_taken(
    tmp_path: Path, payvand: Payvand, harm: str
) -> None:
    await box_with(tmp_path / "old", "http://127.0.0.1:9", 50)
    await box_with(tmp_path / "new", "http://127.0.0.1:9", 1)
    file = tmp_path / "f"
    assert payvand(*at(tmp_path / "old", "export", file)).returncode == 0
    whole, text = file.read_bytes(), gzip.decompress(file.read_bytes())
    first, *middle, _ = text.splitlines(keepends=True)
    made_up = b'{"id": "x"}\n'
    end = {"payvand": "end", "events": 1, "sha256": hashlib.sha256(made_up).hexdigest()}
    harmed = {
        "cut": whole[:-40],
        "altered": gzip.compress(
            text.replace(b'"109"', b'"110"').replace(b"made-up-7", b"made-up-x")
        ),
        "no-end": gzip.compress(first + b"".join(middle)),
        "other": b"no export",
        "no-event": gzip.compress(first + made_up + msgspec.json.encode(end) + b"\n"),
    }
    file.write_bytes(harmed[harm])
    done = payvand(*at(tmp_path / "new", "import", file))
    assert done.returncode == 2, done.stderr
    journal = await Journal.open(tmp_path / "new" / "journal.sqlite")
    assert journal.last == 1
    await journal.close()


async def test_estimated_times_keep_bounds_that_are_true_here(tmp_path: Path) -> None:
    """A new box's own events stood before theirs, and happened later."""
    from edge.delivery.retimed import Times
    from edge.intake.clock import BoxClock, Reading
    from edge.journal.retime import Timeline
    from edge.journal.taking import Foreign, take

    journal = await Journal.open(tmp_path / "journal.sqlite")
    later = START + timedelta(days=5)
    own = replace(call(1), timequality="estimated", boot="own", time=later)
    await journal.append([replace(call(1), time=later), own])
    await journal.close()
    theirs = [
        Foreign("0a0b0c0d", 7, replace(call(7), boot="x", timequality="estimated")),
        Foreign("0a0b0c0d", 8, call(8)),
    ]
    take(tmp_path / "journal.sqlite", theirs, "crm")
    journal = await Journal.open(tmp_path / "journal.sqlite")
    clock = BoxClock("now", Timeline(), Reading(0.0, 0.0, synchronized=False))
    times = Times(journal, clock)
    [mine] = await times.right((await journal.read(0))[1:])
    [his, _] = await times.right(await journal.read(2))
    assert (mine.not_before, mine.not_after) == (later, None)
    assert (his.not_before, his.not_after) == (None, call(8).time)
    await journal.close()


async def test_a_running_box_exports_too(
    tmp_path: Path, crm: ComparingCrm, payvand: Payvand, pytestconfig: pytest.Config
) -> None:
    await box_with(tmp_path, crm.url, 4)
    async with running(tmp_path, pytestconfig.rootpath):
        done = await asyncio.to_thread(payvand, *at(tmp_path, "export", tmp_path / "f"))
        assert done.stdout == "nothing waits: no file was written\n"
        other = await asyncio.to_thread(
            payvand, *at(tmp_path, "export", tmp_path / "f", "--to", "nobody")
        )
        assert other.stderr == "payvand: there is no CRM nobody: it is one of crm\n"
        taken = await asyncio.to_thread(payvand, *at(tmp_path, "import", tmp_path / "f"))
        assert "already running" in taken.stderr


async def test_the_reference_crm_takes_it_and_knows_it_again_over_the_line(
    tmp_path: Path, payvand: Payvand
) -> None:
    old = await box_with(tmp_path / "old", "http://127.0.0.1:9", 30, cursor=10)
    await box_with(tmp_path / "new", "http://127.0.0.1:9", 2, cursor=2)
    assert payvand(*at(tmp_path / "old", "export", tmp_path / "a")).returncode == 0
    assert payvand(*at(tmp_path / "new", "import", tmp_path / "a")).returncode == 0
    assert payvand(*at(tmp_path / "new", "export", tmp_path / "b")).returncode == 0
    taken = payvand(*at(tmp_path / "crm", "crm", "--take", tmp_path / "a"))
    assert taken.stdout.startswith("20 events: 20 new, 0 were here, 0 refused"), taken.stderr
    again = payvand(*at(tmp_path / "crm", "crm", "--take", tmp_path / "b"))
    assert again.stdout.startswith("20 events: 0 new, 20 were here, 0 refused"), again.stderr
    assert old.id in (tmp_path / "crm" / "crm.sqlite").read_bytes().decode("latin-1")
