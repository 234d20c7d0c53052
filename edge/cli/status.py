"""`payvand status`: how the box, its devices and its CRMs are, for a person or as JSON.

    mashhad: payvand 0.1.0, running for 2 h 5 min, last event 1042
      box 5e1f, journal 1a2b3c4d

    device pbx1: offline since 2026-11-21 20:54 (3 min)
      panasonic on /dev/ttyUSB0, 512 calls, last bytes 4 min ago
      alarm since 2026-11-21 20:54 (3 min): pbx1 is not read: /dev/ttyUSB0 is not there.
      do: Plug in the adapter. (port-missing)

An issue stands with what it concerns, in place of what that says of itself under the same code.
Exit code 0 when the edge answered, whatever it said.
"""

import argparse
import asyncio
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.local.issue import Issue
    from edge.local.status import (
        ClockStatus,
        DestinationStatus,
        DeviceStatus,
        DiskStatus,
        ReceiptStatus,
        Status,
    )

HELP = "Show how the box, its devices and its CRMs are."
WIDTH = 79
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
SOURCES = {"kernel": "a time server", "crm": "the CRM's time"}
AT_EASE = ("starting", "online")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")


def run(args: argparse.Namespace) -> int:
    import msgspec

    status = asyncio.run(_ask(args.data))
    if args.json:
        print(msgspec.json.encode(status).decode())
    else:
        now = status.clock.now if status.clock else datetime.now(UTC)
        print("\n".join(page(status, now)))
    return 0


async def _ask(data: Path) -> "Status":
    from edge.local.client import Client

    async with Client(data) as edge:
        return await edge.status()


def page(status: "Status", now: datetime) -> Iterator[str]:
    """The lines that a person reads, none longer than 79 columns unless one word is."""
    running = span(status.uptime_seconds)
    yield from _wrapped(
        f"{status.name}: payvand {status.version}, running for {running}, "
        f"last event {status.last_sequence}"
    )
    key = f", device id {status.device_id}" if status.device_id else ""
    yield from _wrapped(f"box {status.box}, journal {status.journal}{key}", "  ")
    codes = {issue.code for issue in status.issues}
    if status.trouble and not codes & {"journal-waits", "journal-recovered"}:
        yield from _wrapped(f"trouble: {status.trouble}", "  ")
    if status.clock:
        yield from _wrapped(_clock(status.clock), "  ")
    if status.disk:
        yield from _disk(status.disk)
    issues = Issues(status, now)
    yield from issues.of_box()
    for device in status.devices:
        yield ""
        yield from _device(device, now, issues.codes(device.key))
        yield from issues.of(device.key)
    for destination in status.destinations:
        yield ""
        yield from _destination(destination, now, issues.codes(destination.name))
        yield from issues.of(destination.name)


class Issues:
    """The issues of a status, by what they concern."""

    def __init__(self, status: "Status", now: datetime) -> None:
        self._issues = status.issues
        self._now = now
        named = {device.key for device in status.devices}
        self._named = named | {destination.name for destination in status.destinations}

    def codes(self, concerns: str) -> set[str]:
        return {issue.code for issue in self._issues if issue.concerns == concerns}

    def of(self, concerns: str) -> Iterator[str]:
        for issue in self._issues:
            if issue.concerns == concerns:
                yield from self._lines(issue)

    def of_box(self) -> Iterator[str]:
        """Those of nothing that has lines of its own."""
        for issue in self._issues:
            if issue.concerns not in self._named:
                yield from self._lines(issue)

    def _lines(self, issue: "Issue") -> Iterator[str]:
        head = f"{issue.severity} {_since(issue.since, self._now)}"
        yield from _wrapped(f"{head}: {issue.cause.en}", "  ")
        yield from _wrapped(f"do: {issue.advice.en} ({issue.code})", "  ")


def _clock(clock: "ClockStatus") -> str:
    since = _since(clock.since, clock.now)
    if clock.source is None:
        return (
            f"clock: not trusted {since}, it shows {clock.now.astimezone():%Y-%m-%d %H:%M}; events"
            " are corrected when a time server or a CRM answers"
        )
    return f"clock: right by {SOURCES[clock.source]} {since}"


def _disk(disk: "DiskStatus") -> Iterator[str]:
    days = "" if disk.days_left is None else f", lasts {span(disk.days_left * 86400)} at this rate"
    given = "" if disk.ballast else ", its reserve is given up"
    yield from _wrapped(f"disk: {disk.percent} % used, {_size(disk.free)} free{days}{given}", "  ")


def _size(count: int) -> str:
    for exponent, unit in ((30, "GiB"), (20, "MiB")):
        if count >= 1 << exponent:
            return f"{count / (1 << exponent):.1f} {unit}"
    return f"{count >> 10} KiB"


def _device(device: "DeviceStatus", now: datetime, known: set[str]) -> Iterator[str]:
    yield from _wrapped(f"device {device.key}: {device.state} {_since(device.since, now)}")
    facts = [f"{device.driver} on {device.link}", _count(device.calls, "call")]
    facts.append(f"last bytes {_ago(device.last_bytes_at, now)}")
    if device.clock_skew is not None:
        way = "ahead" if device.clock_skew > 0 else "behind"
        facts.append(f"its clock {span(abs(device.clock_skew))} {way}")
    if device.unrecognized:
        facts.append(f"{device.unrecognized} not understood")
    yield from _wrapped(", ".join(facts), "  ")
    if device.advice and device.state not in AT_EASE and device.code not in known:
        yield from _wrapped(f"do: {device.advice} ({device.code})", "  ")
    for alarm in device.alarms:
        if alarm.code not in known:
            yield from _wrapped(
                f"alarm {_since(alarm.since, now)}: {alarm.advice} ({alarm.code})", "  "
            )


def _destination(destination: "DestinationStatus", now: datetime, known: set[str]) -> Iterator[str]:
    head = f"destination {destination.name}: {destination.state} {_since(destination.since, now)}"
    waiting = f"{_count(destination.backlog, 'event')} waiting"
    parked = f", {destination.parked} refused and parked" if destination.parked else ""
    yield from _wrapped(f"{head}, {waiting}{parked}")
    facts = [destination.kind, f"all up to event {destination.cursor} settled"]
    if destination.delivered:
        each = round(destination.wire_bytes / destination.delivered)
        facts.append(f"{each} bytes an event on the wire")
    facts.append(f"last good answer {_ago(destination.last_ok_at, now)}")
    if destination.next_try_in is not None:
        facts.append(f"next try in {span(destination.next_try_in)}")
    yield from _wrapped(", ".join(facts), "  ")
    if destination.behind:
        waits = "" if destination.behind_waits is None else ", which the settings hold up for "
        waits += span(destination.behind_waits or 0) if waits else ""
        behind = _count(destination.behind, "event")
        yield from _wrapped(f"after an outage new events go ahead of {behind}{waits}", "  ")
    if destination.receipts is not None and destination.receipts.at is not None:
        yield from _wrapped(_receipts(destination.receipts, now), "  ")
    if destination.repeats:
        yield from _wrapped(f"{_count(destination.repeats, 'event')} to be sent once more", "  ")
    if destination.advice and not known & {"crm-refuses", "crm-unreachable"}:
        answer = f" ({destination.code})" if destination.code else ""
        yield from _wrapped(f"do: {destination.advice}{answer}", "  ")
    if destination.commands and not (
        destination.advice and destination.commands.startswith(destination.advice)
    ):  # the same trouble is told once
        yield from _wrapped(f"no commands can be fetched: {destination.commands}", "  ")


def _receipts(receipts: "ReceiptStatus", now: datetime) -> str:
    missing = f", {receipts.again} missed there and sent again" if receipts.again else ""
    lost = f", {receipts.lost} missed there that cannot be sent" if receipts.lost else ""
    counted = f"{_count(receipts.events, 'event')} of {_count(receipts.calls, 'call')}"
    return f"compared {_ago(receipts.at, now)}: {counted}{missing}{lost}"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _since(when: datetime, now: datetime) -> str:
    return f"since {when.astimezone():%Y-%m-%d %H:%M} ({span((now - when).total_seconds())})"


def _ago(when: datetime | None, now: datetime) -> str:
    return "never" if when is None else f"{span((now - when).total_seconds())} ago"


def span(seconds: float) -> str:
    """A duration in its two largest units: `3 d 4 h`, `2 h 5 min`, `12 s`."""
    whole = max(0, round(seconds))
    for (size, name), (small, small_name) in pairwise(UNITS):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{whole} s"
