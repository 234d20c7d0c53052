"""What of a CRM's commands is on disk, and for how long."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.contract import Moment
from edge.commands.inbox import KEPT_SECONDS, Inbox
from edge.commands.results import box_seal, result
from edge.commands.shown import Commands
from edge.commands.signed import Order
from edge.journal.backup import back_up, restore
from edge.journal.journal import Journal

NOW = 1_795_000_000.0
MOMENT = Moment(datetime(2026, 11, 21, tzinfo=UTC), 1.0, trusted=True, live=True)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield journal
    await journal.close()


async def opened(journal: Journal, name: str = "crm") -> Inbox:
    inbox = Inbox(journal, name)
    await inbox.open()
    inbox.asked_first(NOW - 10)
    return inbox


def order(id_: str) -> Order:
    return Order(id_, "echo1", "say", b"{}", NOW, NOW + 60)


async def end(inbox: Inbox, id_: str, now: float | None) -> None:
    await inbox.end(id_, now, result(box_seal("b00t"), MOMENT, id_, "done", ""), "done", "")


async def test_an_id_is_accepted_once_and_known_again(journal: Journal) -> None:
    inbox = await opened(journal)
    assert await inbox.accept([order("c1"), order("c1")], 7, NOW, []) == ["c1"]
    await inbox.start("c1", NOW)
    again = await opened(journal)
    assert again.after == 7
    assert again.since == NOW - 10
    assert again.in_state("started") == ["c1"]
    assert await again.accept([order("c1"), order("c2")], 8, NOW, []) == ["c2"]
    assert again.entry("c1").state == "started"


async def test_a_crm_whose_clock_was_ahead_once_is_not_refused_for_years(journal: Journal) -> None:
    inbox = await opened(journal)
    inbox.asked_first(NOW + 1e9)
    assert inbox.since == NOW - 10
    inbox.asked_first(NOW - 1e6)
    await inbox.accept([], 1, NOW - 1e6, [])
    assert (await opened(journal)).since == NOW - 1e6


async def test_two_crms_may_use_one_id(journal: Journal) -> None:
    one, other = await opened(journal), await opened(journal, "other")
    assert await one.accept([order("c1")], 1, NOW, []) == ["c1"]
    assert await other.accept([order("c1")], 1, NOW, []) == ["c1"]


async def test_what_has_ended_is_forgotten_when_a_repeat_could_not_run(journal: Journal) -> None:
    inbox = await opened(journal)
    await inbox.accept([order("c1"), order("c2"), order("c3")], 1, NOW, [])
    await end(inbox, "c1", NOW)
    await end(inbox, "c2", None)  # nobody knew the time
    late = NOW + KEPT_SECONDS + 1
    assert await inbox.accept([order("c1")], 2, late - 2, []) == []
    assert await inbox.accept([order("c4")], 3, late, []) == ["c4"]
    kept = await journal.notes("commands/crm")
    assert set(kept) == {"", "c2", "c3", "c4"}


async def test_a_restored_journal_does_only_what_is_issued_from_now_on(
    journal: Journal, tmp_path: Path
) -> None:
    """The backup is from before c1 was done; the CRM's copy of c1 must not run again."""
    inbox = await opened(journal)
    await inbox.accept([order("c1")], 1, NOW, [])
    back_up(tmp_path / "journal.sqlite", tmp_path / "backup", None)
    await inbox.start("c1", NOW)
    (tmp_path / "new").mkdir()
    restore(tmp_path / "backup", tmp_path / "new" / "journal.sqlite")
    restored = await Journal.open(tmp_path / "new" / "journal.sqlite")
    try:
        again = Inbox(restored, "crm")
        await again.open()
        assert again.in_state("accepted") == ["c1"]
        assert again.since is None
        again.asked_first(NOW + 30)
        assert again.entry("c1").issued < NOW + 30 == again.since
    finally:
        await restored.close()


async def test_a_page_shows_the_latest_first_with_their_ends_and_viewers_no_details(
    journal: Journal,
) -> None:
    inbox = await opened(journal)
    later = Order("c2", "echo1", "say", b"{}", NOW + 5, NOW + 60)
    await inbox.accept([order("c1"), later], 7, NOW, [])
    told = result(box_seal("b00t"), MOMENT, "c1", "failed", "+989120000001 is busy")
    await inbox.start("c1", NOW)
    await inbox.end("c1", NOW + 1, told, "failed", "+989120000001 is busy")
    commands = Commands(journal, lambda: ["crm", "another"])
    second, first = await commands.last(200, in_full=True)
    assert (second.id, second.state, second.outcome) == ("c2", "accepted", "")
    assert (first.state, first.outcome, first.detail) == (
        "ended",
        "failed",
        "+989120000001 is busy",
    )
    assert first.ended_at == datetime.fromtimestamp(NOW + 1, UTC)
    assert [each.detail for each in await commands.last(200, in_full=False)] == ["", ""]
    assert [each.id for each in await commands.last(1, in_full=True)] == ["c2"]
