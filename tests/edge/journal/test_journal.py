import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge.journal.journal import Journal, JournalFailed, Parked, Position, Sealed

Make = Callable[..., Sealed]


def _log(path: Path) -> bytes:
    return Path(f"{path}-wal").read_bytes()


async def test_what_is_read_is_what_was_appended(
    journal: Journal, path: Path, sealed: Make
) -> None:
    events = [sealed(1), sealed(2, device="پیوند")]
    assert await journal.append(events, ("pbx1", b"open calls")) == 2
    await journal.close()
    again = await Journal.open(path)
    try:
        stored = await again.read(0)
        assert [event.sequence for event in stored] == [1, 2]
        for before, after in zip(events, stored, strict=True):
            for field in Sealed.__struct_fields__:
                assert getattr(after, field) == getattr(before, field)
        assert again.memory("pbx1") == b"open calls"
        assert again.memory("pbx2") == b""
        assert (again.id, again.box, again.last) == (journal.id, journal.box, 2)
        assert await again.append([sealed(3)]) == 3
    finally:
        await again.close()


async def test_ids_are_new_with_every_database(journal: Journal, tmp_path: Path) -> None:
    other = await Journal.open(tmp_path / "other.db")
    await other.close()
    assert int(journal.id, 16) >= 0
    assert len(journal.id) == 8
    assert len(journal.box) >= 8
    assert {journal.id, journal.box}.isdisjoint({other.id, other.box})


async def test_memory_alone_uses_no_sequence(journal: Journal, sealed: Make) -> None:
    assert await journal.append([], ("pbx1", b"1")) == 0
    assert await journal.append([sealed(1)]) == 1
    assert await journal.append([], ("pbx1", b"2")) == 1
    assert journal.memory("pbx1") == b"2"
    assert await journal.append([]) == 1


async def test_a_memory_that_is_as_it_was_is_not_written_again(
    journal: Journal, path: Path, sealed: Make
) -> None:
    await journal.append([sealed(1)], ("pbx1", b"1"))
    before = _log(path)
    assert await journal.append([], ("pbx1", b"1")) == 1
    assert _log(path) == before
    await journal.append([], ("pbx1", b"2"))
    assert _log(path) != before
    assert journal.memory("pbx1") == b"2"


async def test_many_appenders_share_one_gap_free_order(journal: Journal, sealed: Make) -> None:
    given: dict[int, tuple[str, int]] = {}

    async def append(device: str) -> None:
        for number in range(0, 20, 2):
            pair = [sealed(number, device), sealed(number + 1, device)]
            last = await journal.append(pair, (device, b"%d" % number))
            given[last - 1], given[last] = (device, number), (device, number + 1)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for n in range(50):
            group.create_task(append(f"pbx{n}"))
    assert sorted(given) == list(range(1, 1001))
    assert journal.last == 1000
    stored = await journal.read(0, limit=2000)
    for event in stored:
        device, number = given[event.sequence]
        assert event.subject == f"call/{device}-{number}"
    assert {journal.memory(f"pbx{n}") for n in range(50)} == {b"18"}


async def test_read_stops_at_each_limit_but_gives_at_least_one(
    journal: Journal, sealed: Make
) -> None:
    await journal.append([sealed(n, size=1000) for n in range(10)])
    assert [e.sequence for e in await journal.read(3, limit=4)] == [4, 5, 6, 7]
    assert [e.sequence for e in await journal.read(3, max_bytes=3200)] == [4, 5, 6]
    assert [e.sequence for e in await journal.read(3, max_bytes=1)] == [4]
    assert await journal.read(10) == []


async def test_changed_wakes_every_waiter_at_the_commit(journal: Journal, sealed: Make) -> None:
    assert not await journal.changed(0, 0.01)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        waiters = [group.create_task(journal.changed(after)) for after in (0, 0, 1)]
        await journal.append([sealed(1)])
        assert await waiters[0]
        assert await waiters[1]
        assert not waiters[2].done()
        await journal.append([sealed(2)])
        assert await waiters[2]
    assert await journal.changed(1, 0)


def _saved_cursor(path: Path, destination: str) -> int | None:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT cursor FROM progress WHERE destination = ?"
        row = connection.execute(query, (destination,)).fetchone()
    return row and int(row[0])


async def test_a_cursor_waits_for_what_a_destination_wants_saved_at_once(
    journal: Journal, path: Path, sealed: Make
) -> None:
    """An append would write the page of the positions each time, of which repeats need nothing."""
    await journal.append([sealed(1), sealed(2)])
    journal.advance("crm", Position(1))
    journal.advance("crm", Position(2))
    assert (journal.position("crm").cursor, journal.pending("crm"), journal.pending("new")) == (
        2,
        0,
        2,
    )
    await journal.append([sealed(3)])
    assert _saved_cursor(path, "crm") is None
    await journal.note("other", [("call", b"17")])
    await journal.note("other", [("call", b"18")])
    assert _saved_cursor(path, "crm") == 2


async def test_of_a_park_and_the_positions_around_it_the_last_counts(
    journal: Journal, path: Path, sealed: Make
) -> None:
    await journal.append([sealed(n) for n in range(5)])
    journal.advance("crm", Position(1))
    parking = asyncio.create_task(journal.park("crm", [(2, "no call_id")], Position(2)))
    await asyncio.sleep(0)
    journal.advance("crm", Position(3))
    await parking
    await journal.note("crm", [])
    await journal.note("crm", [("call", b"17")])
    await journal.note("crm", [("call", b"18")])
    assert _saved_cursor(path, "crm") == 3


async def _saved(path: Path, destination: str) -> int:
    async with asyncio.timeout(60):
        while (cursor := await asyncio.to_thread(_saved_cursor, path, destination)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return cursor


async def test_a_cursor_without_company_is_saved_after_its_patience(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute, since a commit of its own costs a flush more; here a second."""
    monkeypatch.setattr("edge.journal.writer._PATIENCE", 1.0)
    begun = asyncio.get_running_loop().time()
    journal.advance("crm", Position(7))
    journal.advance("crm", Position(8))
    assert await _saved(path, "crm") == 8
    assert asyncio.get_running_loop().time() - begun > 0.8


async def test_a_cursor_that_moves_far_is_saved_at_once(journal: Journal, path: Path) -> None:
    """A power cut in a drain may repeat a thousand events, not a minute of them."""
    journal.advance("crm", Position(999))
    await asyncio.sleep(0.2)
    assert _saved_cursor(path, "crm") is None
    journal.advance("crm", Position(999, (5000, 5000)))
    assert await _saved(path, "crm") == 999
    journal.advance("crm", Position(1500, (5000, 5000)))
    await journal.close()
    assert _saved_cursor(path, "crm") == 1500


async def test_close_saves_cursors_and_what_is_queued(path: Path, sealed: Make) -> None:
    journal = await Journal.open(path)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        append = group.create_task(journal.append([sealed(1)]))
        await asyncio.sleep(0)
        journal.advance("crm", Position(1))
        await journal.close()
    assert append.result() == 1
    await journal.close()
    with pytest.raises(JournalFailed, match="closed"):
        await journal.append([sealed(2)])
    again = await Journal.open(path)
    assert (again.last, again.position("crm").cursor) == (1, 1)
    await again.close()


async def test_parked_events_keep_their_reason_with_the_cursor(
    journal: Journal, path: Path, sealed: Make
) -> None:
    await journal.append([sealed(n) for n in range(5)])
    await journal.park("crm", [(4, "unknown device"), (2, "no call_id")], Position(4))
    assert _saved_cursor(path, "crm") == 4
    assert await journal.parked("crm") == [Parked(2, "no call_id"), Parked(4, "unknown device")]
    assert await journal.parked("other") == []
    await journal.park("crm", [(4, "told twice")], Position(5))
    assert (await journal.parked("crm"))[1] == Parked(4, "told twice")
    assert journal.pending("crm") == 0


async def test_text_that_is_no_unicode_hurts_only_its_sender(
    journal: Journal, sealed: Make
) -> None:
    with pytest.raises(UnicodeEncodeError):
        await journal.append([sealed(1, device="\udcff")])
    assert await journal.append([sealed(2)]) == 1


async def test_the_loop_turns_while_a_long_read_runs(journal: Journal, sealed: Make) -> None:
    await journal.append([sealed(n, size=200) for n in range(20000)])
    turns = 0
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        reading = group.create_task(journal.read(0, limit=20000, max_bytes=1 << 30))
        while not reading.done():
            await asyncio.sleep(0.001)  # a loop that never rests would keep the reader waiting
            turns += 1
    assert len(reading.result()) == 20000
    assert turns > 10


async def test_a_live_range_is_kept_over_a_restart(path: Path, sealed: Make) -> None:
    journal = await Journal.open(path)
    await journal.append([sealed(n) for n in range(1, 21)])
    journal.advance("crm", Position(5, (16, 18)))
    assert journal.pending("crm") == 12
    await journal.close()
    again = await Journal.open(path)
    assert again.position("crm") == Position(5, (16, 18))
    again.advance("crm", Position(18))
    assert again.pending("crm") == 2
    await again.close()
    last = await Journal.open(path)
    assert last.position("crm") == Position(18)
    await last.close()


async def test_events_are_found_by_subject_in_order(path: Path, sealed: Make) -> None:
    journal = await Journal.open(path)
    with_subject = msgspec.structs.replace(sealed(1), subject="call/a")
    without = msgspec.structs.replace(sealed(2), subject=None)
    await journal.append([with_subject, without, with_subject, with_subject])
    found = await journal.find(["call/a", "call/b"], 1, 4)
    assert [event.sequence for event in found] == [3, 4]
    assert await journal.find(["call/b"], 0, 4) == []
    assert [event.sequence for event in await journal.find(["call/a"], 0, 3)] == [1, 3]
    await journal.close()


async def test_notes_are_kept_by_destination_and_forgotten(path: Path) -> None:
    journal = await Journal.open(path)
    await journal.note("crm", [("a", b"1"), ("b", b"2"), ("a", b"3")])
    await journal.note("other", [("a", b"4")])
    await journal.note("crm", [("b", None), ("c", b"5")])
    await journal.close()
    again = await Journal.open(path)
    assert await again.notes("crm") == {"a": b"3", "c": b"5"}
    assert await again.notes("other") == {"a": b"4"}
    assert await again.notes("new") == {}
    await again.close()
