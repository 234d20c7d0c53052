"""Events of another box: its numbers go out, and what is said of them comes back in ours."""

from pathlib import Path

from edge.delivery.destination import Delivered, Rejected
from edge.delivery.numbered import as_sent, as_stored, batch_of
from edge.journal.journal import Journal
from edge.journal.taking import Foreign, take
from tests.edge.delivery.conftest import call


async def test_a_batch_leaves_with_its_own_numbers_and_is_settled_by_ours(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = await Journal.open(path)
    await journal.append([call(n) for n in range(50)])
    await journal.close()
    theirs = [Foreign("0a0b0c0d", n, call(n)) for n in (7, 8, 10)]
    assert take(path, theirs, "crm").new == 3
    journal = await Journal.open(path)
    batch = batch_of(journal, 3, await journal.read(50))
    assert [event.sequence for event in batch.events] == [51, 52, 54]
    sent = as_sent(batch)
    assert (sent.journal, sent.box, sent.first, sent.last) == ("0a0b0c0d", journal.box, 7, 10)
    assert [event.sequence for event in sent.events] == [7, 8, 10]
    told = as_stored(Delivered(8, (Rejected(8, "no"),), "HTTP 200"), batch)
    assert told == Delivered(52, (Rejected(52, "no"),), "HTTP 200")
    left, right = batch.halves()
    assert (as_sent(left).last, as_sent(right).first) == (7, 8)
    await journal.close()


async def test_a_journal_goes_on_under_a_new_id_behind_what_it_took_in(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = await Journal.open(path)
    await journal.append([call(1)])
    await journal.close()
    before = journal.id
    take(path, [Foreign("0a0b0c0d", 900, call(9))], "crm")
    take(path, [Foreign("0a0b0c0d", 901, call(9))], "crm")
    journal = await Journal.open(path)
    assert await journal.append([call(2)]) == 4
    origins = [journal.origin(n) for n in (1, 2, 3, 4)]
    assert origins == [before, "0a0b0c0d", "0a0b0c0d", journal.id]
    assert journal.id not in (before, "0a0b0c0d")
    assert [journal.taken(n) is None for n in (1, 2, 3, 4)] == [True, False, False, True]
    await journal.close()
