"""Runs all checks every so often, and tells each issue once when it begins and once when it ends.

    observe ─▶ Seen ─▶ each check ─▶ raised ──────▶ shown at once: status, doctor, metrics
                                       │
                                       └─ other than told ─▶ event + memory in one commit ─▶ told

Telling may wait for room on a full disk, looking must not, so each has a task. What was told lies
in the journal: a restart tells nothing twice, and an issue that ended meanwhile is ended then.

A fault in a check must not end the telephones of a branch: like a supervisor and a forwarder this
catches everything, here for one check at a time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NoReturn

import msgspec
from msgspec import Struct

from edge.checks import told
from edge.checks.catalog import CHECKS
from edge.checks.check import BOX, Check, Finding, Raised, Seen, Unsure, Words
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal, Sealed
from edge.local.issue import Answer, Issue, Report

ROUND_SECONDS = 30.0
MEMORY = "box/health"
_LOG = logging.getLogger(__name__)
_FAULT = Words(
    "the check itself failed; its log line tells support why",
    "خود این بررسی خطا داد؛ دلیل در گزارش برنامه برای پشتیبانی آمده است",
)

Key = tuple[str, str]


class Kept(Struct, frozen=True):
    """An issue with the check that found it, and the moment as this boot's clock has it."""

    check: str
    issue: Issue
    boot: str
    monotonic: float

    @property
    def key(self) -> Key:
        return (self.issue.code, self.issue.concerns)


class Health:
    """The issues of one box; everything belongs to the loop's thread."""

    def __init__(
        self,
        observe: Callable[[], Awaitable[Seen]],
        journal: Journal,
        clock: BoxClock,
        checks: Sequence[Check] = CHECKS,
    ) -> None:
        self._observe = observe
        self._journal = journal
        self._clock = clock
        self._checks = {check.name: check for check in checks}
        self._told = {each.key: each for each in _recalled(journal) if each.check in self._checks}
        self._raised = dict(self._told)
        self._known: frozenset[str] = frozenset()
        self._news = asyncio.Event()
        self._looking = asyncio.Lock()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What is raised, the oldest first; `since` by what the clock knows now."""
        return tuple(sorted(map(self._dated, self._raised.values()), key=lambda each: each.since))

    async def keep(self) -> NoReturn:
        """Look and tell until cancelled. Raises JournalFailed, in a group."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            while True:
                await self.look()
                await asyncio.sleep(ROUND_SECONDS)

    async def look(self) -> Report:
        """Run every check now. Raises JournalFailed."""
        async with self._looking:
            seen = await self._observe()
            self._known = _concerned(seen)
            answers = [self._judge(check, seen) for check in self._checks.values()]
        self._news.set()
        return Report(site=seen.status.name, now=seen.now.utc, answers=tuple(answers))

    def _judge(self, check: Check, seen: Seen) -> Answer:
        before = {key: kept for key, kept in self._raised.items() if kept.check == check.name}
        found, unsure = _run(check, seen, before.keys())
        held = {each.concerns for each in unsure}
        stays = {key: kept for key, kept in before.items() if kept.issue.concerns in held}
        now = {each.key: self._kept(check, each, before.get(each.key), seen) for each in found}
        for key in before:
            del self._raised[key]
        self._raised |= stays | now
        issues = [self._dated(kept) for kept in (stays | now).values()]
        return Answer(
            name=check.name, title=check.title, issues=tuple(issues), unsure=tuple(unsure)
        )

    def _kept(self, check: Check, found: Finding, before: Kept | None, seen: Seen) -> Kept:
        issue = Issue(
            code=found.code,
            concerns=found.concerns,
            severity=found.severity,
            since=before.issue.since if before else seen.now.utc,
            cause=found.cause,
            advice=found.advice,
        )
        if before:
            return Kept(check.name, issue, before.boot, before.monotonic)
        return Kept(check.name, issue, self._clock.boot, seen.now.monotonic)

    def _dated(self, kept: Kept) -> Issue:
        if kept.boot != self._clock.boot:
            return kept.issue
        return msgspec.structs.replace(kept.issue, since=self._clock.at(kept.monotonic))

    async def _tell(self) -> NoReturn:
        while True:
            self._news.clear()
            while change := self._untold():
                await self._tell_one(change)
            await self._news.wait()

    def _untold(self) -> Kept | None:
        """An issue that began or ended, and whose event is still to be stored."""
        for key, kept in self._told.items():
            if key not in self._raised:
                return kept
        for key, kept in self._raised.items():
            if key not in self._told and self._checks[kept.check].event is not None:
                return kept
        return None

    async def _tell_one(self, kept: Kept) -> None:
        begins = kept.key not in self._told
        after = {**self._told, kept.key: kept}
        if not begins:
            del after[kept.key]
        memory = (MEMORY, msgspec.msgpack.encode(list(after.values())))
        await self._journal.append(self._events(kept, begins=begins), memory)
        self._told = after

    def _events(self, kept: Kept, *, begins: bool) -> list[Sealed]:
        issue, check = kept.issue, self._checks[kept.check]
        now, boot = self._clock.now(), self._clock.boot
        if begins:
            _LOG.warning("%s (%s)", issue.cause.en, issue.code)
            return [told.began(issue, check, boot, now)]
        _LOG.info("Over: %s (%s)", issue.cause.en, issue.code)
        # Nobody waits for news of what was taken out of the settings.
        return [told.ended(issue, check, boot, now)] if issue.concerns in self._known else []


def _recalled(journal: Journal) -> list[Kept]:
    """What was told before the start; of another version's memory nothing, and it is told anew."""
    with suppress(msgspec.MsgspecError):
        return msgspec.msgpack.decode(journal.memory(MEMORY), type=list[Kept])
    return []


def _concerned(seen: Seen) -> frozenset[str]:
    names = (each.name for each in seen.status.destinations)
    return frozenset({BOX, *names, *(each.key for each in seen.status.devices)})


def _run(check: Check, seen: Seen, raised: Raised) -> tuple[list[Finding], list[Unsure]]:
    try:
        answers = list(check.look(seen, raised))
    except Exception:  # noqa: BLE001 - see the module's docstring
        _LOG.exception("the check %s failed", check.name)
        places = {BOX} | {concerns for _, concerns in raised}
        return [], [Unsure(place, _FAULT) for place in sorted(places)]
    found = [each for each in answers if isinstance(each, Finding)]
    return found, [each for each in answers if isinstance(each, Unsure)]
