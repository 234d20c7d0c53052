"""The status as Prometheus text (exposition format 0.0.4).

    # HELP payvand_backlog_events Events that a destination does not have yet.
    # TYPE payvand_backlog_events gauge
    payvand_backlog_events{destination="crm"} 12

Counters begin at zero with the process, but for the events, which the journal counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from resource import getpagesize
from typing import Literal

from edge.journal.flushes import FlushTimes
from edge.journal.records import Figures
from edge.local.status import DestinationStatus, DeviceStatus, Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the status does not tell.

    flushes, flush_seconds: commits since the start, and how long they took together; flush_times of
    the last minutes. loop_lag: seconds, the worst of the last minute. resident: bytes of memory.
    """

    journal: Figures
    flushes: int
    flush_seconds: float
    flush_times: FlushTimes | None
    loop_lag: float
    resident: int


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * getpagesize()


def text(status: Status, measures: Measures) -> str:
    """All metrics; ends with a line end."""
    return "".join(f"{line}\n" for line in _lines(status, measures))


def _lines(status: Status, measures: Measures) -> Iterator[str]:
    yield from _family(
        "info", "gauge", "The version that runs.", [({"version": status.version}, 1)]
    )
    yield from _one("uptime_seconds", "gauge", "Since the start.", status.uptime_seconds)
    yield from _one("events_total", "counter", "Events ever stored.", status.last_sequence)
    if status.clock:
        trusted = int(status.clock.source is not None)
        yield from _one("clock_trusted", "gauge", "1 while somebody vouches for it.", trusted)
    if status.disk:
        used = status.disk.percent / 100
        yield from _one("disk_used_ratio", "gauge", "Of the journal's disk.", used)
        yield from _one("disk_free_bytes", "gauge", "On the journal's disk.", status.disk.free)
    yield from _own(measures)
    yield from _devices(status.devices)
    yield from _destinations(status.destinations)
    yield from _family(
        "issue",
        "gauge",
        "1 for each issue that is raised.",
        [
            ({"code": each.code, "concerns": each.concerns, "severity": each.severity}, 1)
            for each in status.issues
        ],
    )


def _own(measures: Measures) -> Iterator[str]:
    yield from _one("journal_used_bytes", "gauge", "That hold events.", measures.journal.used)
    yield from _one("journal_spare_bytes", "gauge", "Free for new ones.", measures.journal.spare)
    yield "# HELP payvand_flush_seconds Time that commits took."
    yield "# TYPE payvand_flush_seconds summary"
    if (times := measures.flush_times) is not None:
        yield f'payvand_flush_seconds{{quantile="0.5"}} {times.p50!r}'
        yield f'payvand_flush_seconds{{quantile="0.99"}} {times.p99!r}'
    yield f"payvand_flush_seconds_sum {measures.flush_seconds!r}"
    yield f"payvand_flush_seconds_count {measures.flushes}"
    yield from _one("loop_lag_seconds", "gauge", "Worst of the last minute.", measures.loop_lag)
    yield from _one("resident_memory_bytes", "gauge", "Of this process.", measures.resident)


def _devices(devices: tuple[DeviceStatus, ...]) -> Iterator[str]:
    def of(name: str, kind: Kind, about: str, numbers: Sequence[float]) -> Iterator[str]:
        labels = [{"device": device.key} for device in devices]
        yield from _family(f"device_{name}", kind, about, list(zip(labels, numbers, strict=True)))

    up = [device.state in ("online", "quiet") for device in devices]
    yield from of("up", "gauge", "1 while its link serves.", [int(each) for each in up])
    yield from of("bytes_total", "counter", "Read from it.", [each.bytes_in for each in devices])
    yield from of("calls_total", "counter", "Calls that ended.", [each.calls for each in devices])
    unread = [device.unrecognized for device in devices]
    yield from of("unrecognized_total", "counter", "Lines that no rule reads.", unread)


def _destinations(destinations: tuple[DestinationStatus, ...]) -> Iterator[str]:
    def of(name: str, about: str, numbers: Sequence[float]) -> Iterator[str]:
        labels = [{"destination": destination.name} for destination in destinations]
        yield from _family(name, "gauge", about, list(zip(labels, numbers, strict=True)))

    up = [destination.state == "delivering" for destination in destinations]
    yield from of("destination_up", "1 while it takes events.", [int(each) for each in up])
    backlog = [destination.backlog for destination in destinations]
    yield from of("backlog_events", "Events that a destination does not have yet.", backlog)
    parked = [destination.parked for destination in destinations]
    yield from of("parked_events", "Events that it refused for good.", parked)


Kind = Literal["counter", "gauge"]
_Samples = list[tuple[dict[str, str], float]]


def _one(name: str, kind: Kind, about: str, number: float) -> Iterator[str]:
    yield from _family(name, kind, about, [({}, number)])


def _family(name: str, kind: Kind, about: str, samples: _Samples) -> Iterator[str]:
    yield f"# HELP payvand_{name} {about}"
    yield f"# TYPE payvand_{name} {kind}"
    for labels, number in samples:
        marks = ",".join(f'{label}="{_escaped(each)}"' for label, each in labels.items())
        yield f"payvand_{name}{{{marks}}} {number!r}" if marks else f"payvand_{name} {number!r}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
