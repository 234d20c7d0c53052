"""Who follows the journal gets the same from memory as from the disk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.journal.journal import Journal, Sealed
from edge.journal.rows import READ, row

Make = Callable[..., Sealed]
_ALL = 1 << 30


@pytest.mark.parametrize(("after", "limit", "most"), [(0, 9, _ALL), (7, 3, _ALL), (5, 9, 2500)])
async def test_memory_gives_what_the_disk_gives(
    journal: Journal, sealed: Make, after: int, limit: int, most: int
) -> None:
    for first in range(0, 20, 4):
        await journal.append([sealed(n, size=900) for n in range(first, first + 4)])
    from_disk = await journal.read(after, limit, most)
    assert from_disk
    assert await journal.follow(after, limit, most) == from_disk
    assert await journal.follow(20, limit, most) == []


async def test_what_came_before_the_start_or_too_long_ago_comes_from_the_disk(
    path: Path, sealed: Make
) -> None:
    journal = await Journal.open(path)
    await journal.append([sealed(n) for n in range(3)])
    await journal.close()
    journal = await Journal.open(path)
    try:
        await journal.append([sealed(3)])
        assert [each.sequence for each in await journal.follow(1, 9, _ALL)] == [2, 3, 4]
        assert await journal.follow(3, 9, _ALL) == await journal.read(3)
        await journal.append([sealed(n, size=200_000) for n in range(4, 8)])
        assert await journal.follow(3, 9, _ALL) == await journal.read(3, 9, _ALL)
    finally:
        await journal.close()


async def test_what_just_came_is_not_asked_of_the_disk(
    journal: Journal, sealed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await journal.append([sealed(n) for n in range(3)])
    monkeypatch.setattr("edge.journal.queries.READ", READ.replace("FROM event", "FROM nowhere"))
    found = await journal.follow(1, 9, _ALL)
    assert [row(each) for each in found] == [row(sealed(n)) for n in (1, 2)]
