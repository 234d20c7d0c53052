"""What is known of joined calls lives in the journal, and a person can be forgotten there."""

from datetime import UTC, datetime
from pathlib import Path

from drivers.contract import Moment
from edge.forgetting.person import Person
from edge.intake.joined_lines import NOTES, JoinedLines
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal.journal import Journal
from tests.edge.intake.test_joining import FEEDS, MOBILE, call

NOW = Moment(datetime(2026, 11, 21, 8, 30, tzinfo=UTC), 100.0, trusted=True, live=True)
UNIT = Seal("lines", "boot", NumberPlan())
EXCHANGE = Seal("pbx1", "boot", NumberPlan())


async def test_a_person_who_is_forgotten_does_not_come_back(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    try:
        lines = JoinedLines(EXCHANGE, FEEDS, journal, lambda: NOW)
        await lines.ready()
        ringing = call("ringing", "u-1", "1", number=MOBILE)
        events, notes = lines.sealed(UNIT, [ringing], NOW)
        await journal.append(events, ("lines", b"memory"), notes)
        assert MOBILE.encode() in (await journal.notes(NOTES))["pbx1"]
        person = Person.of("+989120001122")
        assert person.is_in(lines.known)

        await journal.erase(person)
        lines.forget()
        await lines.ready()
        assert not person.is_in(lines.known)
        ended = call("ended", "u-2", "2", outcome="missed")
        events, notes = lines.sealed(UNIT, [ended], NOW)
        await journal.append(events, ("lines", b"memory"), notes)
        assert not person.is_in((await journal.notes(NOTES))["pbx1"])
    finally:
        await journal.close()
