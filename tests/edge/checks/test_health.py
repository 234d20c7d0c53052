"""Each issue is told once when it begins and once when it ends, over rounds and restarts."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.checks.check import BOX, Check, Finding, Raised, Seen, Unsure, Words
from edge.checks.health import MEMORY, Health
from edge.intake.clock import BoxClock, Reading
from edge.journal.journal import Journal, Stored
from edge.journal.retime import Timeline

See = Callable[..., Seen]
SECONDS = 60.0
WORDS = Words("It is wrong.", "ایراد دارد.")


class Office:
    """Whatever is wrong now, as the checks of one box see it."""

    def __init__(self, see: See) -> None:
        self.see = see
        self.at = 0.0
        self.wrong: set[tuple[str, str]] = set()
        self.hidden: set[str] = set()
        self.faulty = False
        self.devices = True
        self.checks = (
            Check("box", WORDS, self._look("b-"), "box.alarm"),
            Check("device", WORDS, self._look("d-"), "device.alarm"),
            Check("quiet", WORDS, self._look("q-"), "device.quiet"),
            Check("elsewhere", WORDS, self._look("e-"), None),
        )

    async def observe(self) -> Seen:
        return self.see(self.at, status={} if self.devices else {"devices": ()})

    def _look(self, prefix: str) -> Callable[[Seen, Raised], Iterable[Finding | Unsure]]:
        def look(_seen: Seen, _raised: Raised) -> Iterable[Finding | Unsure]:
            if self.faulty:
                raise ZeroDivisionError
            for code, concerns in sorted(self.wrong):
                if code.startswith(prefix) and concerns not in self.hidden:
                    yield Finding(code=code, concerns=concerns, cause=WORDS, advice=WORDS)
            yield from (Unsure(concerns, WORDS) for concerns in sorted(self.hidden))

        return look


@pytest.fixture
def office(see: See) -> Office:
    return Office(see)


@asynccontextmanager
async def running(office: Office, journal: Journal) -> AsyncIterator[Health]:
    clock = BoxClock("boot", Timeline(), Reading(1.8e9, 1000.0, synchronized=True))
    health = Health(office.observe, journal, clock, office.checks)
    task = asyncio.create_task(health.keep())
    try:
        yield health
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(journal: Journal, count: int) -> list[tuple[str, str, str]]:
    """The first so many events, as (source, type, code)."""
    async with asyncio.timeout(SECONDS):
        await journal.changed(count - 1)
    return [_short(event) for event in await journal.read(0)]


def _short(event: Stored) -> tuple[str, str, str]:
    return event.device, event.type, json.loads(event.data)["code"]


async def test_an_issue_is_told_once_at_its_begin_and_once_at_its_end(
    office: Office, journal: Journal
) -> None:
    async with running(office, journal) as health:
        office.wrong = {("b-full", BOX), ("b-away", "crm"), ("d-odd", "pbx1"), ("q-still", "pbx1")}
        for _ in range(3):
            await health.look()
        began = await told(journal, 4)
        assert sorted(began) == [
            ("box", "box.alarm", "b-away"),
            ("box", "box.alarm", "b-full"),
            ("pbx1", "device.alarm", "d-odd"),
            ("pbx1", "device.quiet", "q-still"),
        ]
        assert {(each.code, each.concerns) for each in health.issues} == office.wrong
        office.wrong = set()
        for _ in range(3):
            await health.look()
        ended = (await told(journal, 8))[4:]
        assert sorted(ended) == [
            ("box", "box.health", "b-away-over"),
            ("box", "box.health", "b-full-over"),
            ("pbx1", "device.online", "d-odd-over"),
            ("pbx1", "device.online", "q-still-over"),
        ]
        assert health.issues == ()
    assert journal.last == 8


async def test_what_another_part_tells_is_shown_and_not_told(
    office: Office, journal: Journal
) -> None:
    async with running(office, journal) as health:
        office.wrong = {("e-disk", BOX), ("b-full", BOX)}
        await health.look()
        assert [code for _, _, code in await told(journal, 1)] == ["b-full"]
        assert {each.code for each in health.issues} == {"e-disk", "b-full"}
        office.wrong = set()
        await health.look()
        assert [code for _, _, code in await told(journal, 2)] == ["b-full", "b-full-over"]


async def test_a_restart_tells_nothing_twice_and_ends_what_ended_meanwhile(
    office: Office, journal: Journal, tmp_path: Path
) -> None:
    office.wrong = {("b-full", BOX), ("b-away", "crm")}
    async with running(office, journal) as health:
        await told(journal, 2)
        since = {each.code: each.since for each in health.issues}
    await journal.close()
    again = await Journal.open(tmp_path / "journal.sqlite")
    try:
        office.wrong = {("b-full", BOX)}
        office.at = 3600.0
        async with running(office, again) as health:
            assert {each.code: each.since for each in health.issues} == since
            assert (await told(again, 3))[2] == ("box", "box.health", "b-away-over")
            (issue,) = health.issues
            assert issue.since == since["b-full"]
        assert again.last == 3
    finally:
        await again.close()


async def test_a_memory_of_another_version_is_no_reason_not_to_start(
    office: Office, journal: Journal
) -> None:
    await journal.append([], (MEMORY, b"\x93\x01\x02\x03"))
    office.wrong = {("b-full", BOX)}
    async with running(office, journal):
        assert await told(journal, 1) == [("box", "box.alarm", "b-full")]


async def test_what_cannot_be_judged_stays_as_it_is(office: Office, journal: Journal) -> None:
    async with running(office, journal) as health:
        office.wrong = {("d-odd", "pbx1")}
        await health.look()
        await told(journal, 1)
        office.hidden = {"pbx1"}
        report = await health.look()
        assert [issue.code for issue in health.issues] == ["d-odd"]
        assert [answer.unsure for answer in report.answers if answer.name == "device"] == [
            (Unsure("pbx1", WORDS),)
        ]
        office.hidden, office.wrong = set(), set()
        await health.look()
        assert (await told(journal, 2))[1] == ("pbx1", "device.online", "d-odd-over")


async def test_nobody_is_told_of_a_device_that_was_taken_out_of_the_settings(
    office: Office, journal: Journal
) -> None:
    async with running(office, journal) as health:
        office.wrong = {("d-odd", "pbx1")}
        await health.look()
        await told(journal, 1)
        office.devices, office.wrong = False, {("b-full", BOX)}
        await health.look()
        assert (await told(journal, 2))[1] == ("box", "box.alarm", "b-full")
        assert [issue.code for issue in health.issues] == ["b-full"]


async def test_a_faulty_check_is_logged_and_changes_nothing(
    office: Office, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(office, journal) as health:
        office.wrong = {("b-away", "crm")}
        await health.look()
        await told(journal, 1)
        office.faulty, office.wrong = True, set()
        with caplog.at_level(logging.ERROR):
            report = await health.look()
        assert "the check box failed" in caplog.text
        assert all(answer.unsure for answer in report.answers)
        assert [issue.code for issue in health.issues] == ["b-away"]
        assert journal.last == 1
