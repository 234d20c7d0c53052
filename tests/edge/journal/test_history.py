"""Delivered events go when they are old or too many; what somebody still needs never does."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec
import pytest

from edge.journal.history import BATCH
from edge.journal.journal import History, Journal, Position, Sealed

Make = Callable[..., Sealed]
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def filled(journal: Journal, sealed: Make) -> Journal:
    """A thousand events, one a day, the last one just now; with 300 bytes each."""
    await journal.append([_aged(sealed(n, size=300), 999 - n) for n in range(1000)])
    return journal


def _aged(event: Sealed, days: int) -> Sealed:
    return msgspec.structs.replace(event, time=NOW - timedelta(days=days))


def _now() -> datetime:
    return NOW


async def _sequences(journal: Journal) -> list[int]:
    return [event.sequence for event in await journal.read(0, 100_000, 1 << 30)]


async def _until_first_is(journal: Journal, sequence: int) -> None:
    async with asyncio.timeout(60):
        while (await journal.read(0, 1))[0].sequence != sequence:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _stays(journal: Journal, count: int) -> None:
    """After the writer has looked for what may go, and sees no reason to look again soon."""
    async with asyncio.timeout(60):
        while journal._writer._look_at < time.monotonic() + 10:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert len(await _sequences(journal)) == count


async def test_old_delivered_events_go(filled: Journal) -> None:
    await filled.park("crm", [], Position(1000))
    filled.retain(History(days=90), ["crm"], _now)
    await _until_first_is(filled, 801)  # 909 are old, and they go in whole batches
    assert await _sequences(filled) == list(range(801, 1001))


async def test_without_a_destination_age_alone_counts(filled: Journal) -> None:
    filled.retain(History(days=90, megabytes=0), [], _now)
    await _until_first_is(filled, 801)


async def test_what_one_destination_still_needs_stays(filled: Journal) -> None:
    await filled.park("crm", [], Position(1000))
    await filled.park("second", [], Position(300))
    filled.retain(History(days=1), ["crm", "second"], _now)
    await _until_first_is(filled, 201)
    await _stays(filled, 800)


async def test_a_destination_that_has_taken_nothing_keeps_all(filled: Journal) -> None:
    await filled.park("crm", [], Position(1000))
    filled.retain(History(days=1, megabytes=0), ["crm", "new"], _now)
    await _stays(filled, 1000)


async def test_a_destination_that_was_taken_away_keeps_nothing(filled: Journal) -> None:
    await filled.park("crm", [], Position(1000))
    await filled.park("gone", [], Position(10))
    filled.retain(History(days=90), ["crm"], _now)
    await _until_first_is(filled, 801)


async def test_parked_events_stay(filled: Journal) -> None:
    await filled.park("crm", [(7, "no call_id"), (400, "no line")], Position(1000))
    filled.retain(History(days=90), ["crm"], _now)
    await _until_first_is(filled, 7)
    async with asyncio.timeout(60):
        while len(left := await _sequences(filled)) > 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert left == [7, 400, *range(803, 1001)]


async def test_the_newest_stays_however_old(journal: Journal, path: Path, sealed: Make) -> None:
    await journal.append([_aged(sealed(n), 999) for n in range(BATCH + 1)])
    journal.retain(History(days=90), [], _now)
    await _until_first_is(journal, BATCH + 1)
    await journal.close()
    again = await Journal.open(path)
    assert again.last == BATCH + 1
    await again.close()


async def test_nothing_goes_by_age_while_nobody_knows_the_time(filled: Journal) -> None:
    await filled.park("crm", [], Position(1000))
    filled.retain(History(days=1), ["crm"], lambda: None)
    await _stays(filled, 1000)


async def test_a_wrong_stamp_neither_ends_nor_saves_its_neighbours(
    journal: Journal, sealed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.journal.history.BATCH", 1)
    future, past = _aged(sealed(1), -400), _aged(sealed(2), 20_000)
    old, young = _aged(sealed(3), 100), _aged(sealed(4), 10)
    await journal.append([old, future, old, young, past, young])
    await journal.park("crm", [], Position(6))
    journal.retain(History(days=90), ["crm"], _now)
    await _until_first_is(journal, 4)
    assert await _sequences(journal) == [4, 5, 6]


async def test_beyond_the_cap_the_oldest_delivered_go(journal: Journal, sealed: Make) -> None:
    for _ in range(20):
        await journal.append([_aged(sealed(n, size=10_000), 0) for n in range(100)])
    await journal.park("crm", [], Position(1900))
    journal.retain(History(megabytes=10), ["crm"], _now)
    async with asyncio.timeout(60):
        while len(left := await _sequences(journal)) > 1000:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert left == list(range(2001 - len(left), 2001))
    assert len(left) > 700


async def test_the_cap_never_takes_what_waits(journal: Journal, sealed: Make) -> None:
    for _ in range(20):
        await journal.append([_aged(sealed(n, size=10_000), 0) for n in range(100)])
    await journal.park("crm", [], Position(5 + BATCH))
    journal.retain(History(megabytes=10), ["crm"], _now)
    await _until_first_is(journal, 1 + BATCH)
    await _stays(journal, 2000 - BATCH)


async def test_an_append_hardly_waits_while_history_goes(journal: Journal, sealed: Make) -> None:
    """The room that history leaves is used again, and each step of it is short."""
    await journal.append([_aged(sealed(n, size=300), 999) for n in range(8_000)])
    await journal.park("crm", [], Position(8_000))

    async def wait() -> float:
        begun = time.perf_counter()
        await journal.append([_aged(sealed(1, size=300), 0)])
        waited = time.perf_counter() - begun
        await asyncio.sleep(0.06)  # a pause in which a step of it comes
        return waited

    before = [await wait() for _ in range(20)]
    journal.retain(History(days=90), ["crm"], _now)
    waits = []
    async with asyncio.timeout(60):
        while (await journal.read(0, 1))[0].sequence <= 8_000 - BATCH:
            waits.append(await wait())
    assert len(waits) > 8_000 / BATCH / 10
    assert median(waits) < max(0.05, 5 * median(before)), "a slow disk is slow before, too"


async def test_the_room_is_used_again(filled: Journal, path: Path, sealed: Make) -> None:
    await filled.park("crm", [], Position(1000))
    filled.retain(History(days=90), ["crm"], _now)
    await _until_first_is(filled, 801)
    with closing(sqlite3.connect(path)) as connection:
        (before,) = connection.execute("PRAGMA page_count").fetchone()
        await filled.append([_aged(sealed(n, size=300), 0) for n in range(800)])
        assert connection.execute("PRAGMA page_count").fetchone()[0] <= before + 2


PRUNING = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from edge.journal.journal import History, Journal

async def main():
    journal = await Journal.open(Path(sys.argv[1]))
    journal.retain(History(), ["crm"], lambda: datetime(2026, 11, 21, tzinfo=UTC))
    while (await journal.read(0, 1))[0].sequence < 1801:
        await asyncio.sleep(0.01)
    await journal.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_a_kill_while_history_goes_takes_whole_batches(
    path: Path, tmp_path: Path, sealed: Make, strace: str, call: str
) -> None:
    asyncio.run(_old_and_settled(path, sealed))
    healthy, firsts = path.read_bytes(), set()
    for when in (1, 3, 6, 12, 24, 48):
        room = tmp_path / str(when)
        room.mkdir()
        there = room / path.name
        there.write_bytes(healthy)
        # Past the pages by which the log is given its size.
        skipped = when * 8 + 4390 if call == "pwrite64" else when + 1
        subprocess.run(
            [
                *(strace, "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"),
                *("-e", f"inject={call}:signal=KILL:when={skipped}"),
                *(sys.executable, "-B", "-c", PRUNING, str(there)),
            ],
            check=False,
            timeout=60,
        )
        left = asyncio.run(_left(there))
        assert left == list(range(left[0], 2001))
        assert left[0] % BATCH == 1
        firsts.add(left[0])
    assert len(firsts) > 1
    assert min(firsts) < 1801


async def _old_and_settled(path: Path, sealed: Make) -> None:
    journal = await Journal.open(path)
    await journal.append([_aged(sealed(n, size=300), 999) for n in range(2000)])
    await journal.park("crm", [], Position(1900))
    await journal.close()


async def _left(path: Path) -> list[int]:
    journal = await Journal.open(path)
    try:
        return await _sequences(journal)
    finally:
        await journal.close()
