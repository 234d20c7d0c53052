"""Recorded bytes through a driver's decoder: the code that runs on the wire, on a fed clock."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from drivers import catalog
from drivers.contract import DriverSpec, Moment, Settings, Surroundings
from drivers.errors import DeviceError
from drivers.events import Call, DeviceState, Fact
from drivers.wire.capture import CaptureError, Received, is_capture, read_capture
from edge.checking import check_table, suggestion
from edge.errors import BadInput
from edge.intake.seal import number_plan, read_fact

CHUNK = 65536
DEVICE = "capture"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be decoded: chunks with their seconds since `started`; `live` if they have any."""

    spec: DriverSpec
    settings: Settings
    surroundings: Surroundings
    chunks: tuple[tuple[float, bytes], ...]
    started: datetime
    live: bool


def parse_options(
    driver: str, data: bytes, assignments: Sequence[str], at: str | None, zone: str | None
) -> Job:
    """Read what the technician typed and what the capture's header says. Raises BadInput."""
    if driver not in catalog.NAMES:
        raise BadInput(f'driver "{driver}" is not known: {suggestion(driver, catalog.NAMES)}')
    spec = catalog.spec(driver)
    header, chunks, started, live = _input(data)
    fields = msgspec.structs.fields(spec.settings)
    table = {field.name: header[field.name] for field in fields if field.name in header}
    table.update(_assigned(assignments))
    zone = zone or table.pop("timezone", None) or header.get("timezone")
    types = {field.name: field.type for field in fields}
    typed = {key: _value(text, types.get(key)) for key, text in table.items()}
    settings, problems = check_table(spec.settings, typed, "--set")
    if settings is None:
        lines = [f"{path.removeprefix('--set.')}: {message}" for path, message in problems]
        raise BadInput("; ".join(lines))
    link = "tcp" if "tcp" in header.get("link", "") else "serial"
    surroundings = Surroundings(_zone(zone), "c", "tcp" if link == "tcp" else "serial")
    return Job(spec, settings, surroundings, chunks, _clock(at) or started, live)


def records(job: Job) -> Iterator[bytes]:
    """What the device said, one JSON object each."""
    reader = job.spec.reader(job.settings)
    for data in [*(data for _, data in job.chunks), b"\n"]:
        for record in reader.read(data):
            yield msgspec.json.encode(record)


def decode(job: Job) -> Iterator[bytes]:
    """The events, one JSON object each, call ids replaced by c1, c2, … in order of appearance."""
    names: dict[str, str] = {}
    plan = number_plan(job.settings)
    for now, fact in _facts(job):
        shown = fact
        if isinstance(fact, Call):
            name = names.setdefault(fact.call_id, f"c{len(names) + 1}")
            shown = msgspec.structs.replace(fact, call_id=name)
        kind, data = read_fact(DEVICE, shown, plan, now.utc)
        yield msgspec.json.encode({"type": kind, "data": data})


def _facts(job: Job) -> Iterator[tuple[Moment, Fact]]:
    decoder = job.spec.decoder(job.settings, job.surroundings, b"")
    now = _moment(job, 0.0)
    try:
        for seconds, data in [*job.chunks, (job.chunks[-1][0] if job.chunks else 0.0, b"\n")]:
            while (due := decoder.due()) is not None and now.monotonic < due <= seconds:
                now = _moment(job, due)
                yield from ((now, fact) for fact in decoder.tick(now))
            now = _moment(job, seconds)
            yield from ((now, fact) for fact in [*decoder.tick(now), *decoder.feed(data)])
        while (due := decoder.due()) is not None:
            now = _moment(job, max(due, now.monotonic))
            yield from ((now, fact) for fact in decoder.tick(now))
    except DeviceError as error:
        yield now, DeviceState("offline", error.code, error.advice)


def _moment(job: Job, seconds: float) -> Moment:
    return Moment(job.started + timedelta(seconds=seconds), seconds, trusted=True, live=job.live)


def _input(
    data: bytes,
) -> tuple[dict[str, str], tuple[tuple[float, bytes], ...], datetime, bool]:
    now = datetime.now(UTC)
    if not is_capture(data):
        cuts = range(0, len(data), CHUNK)
        return {}, tuple((0.0, data[cut : cut + CHUNK]) for cut in cuts), now, False
    try:
        capture = read_capture(data)
    except CaptureError as error:
        raise BadInput(f"the capture cannot be read: {error}") from error
    chunks = tuple(
        (entry.at, entry.data) for entry in capture.entries if isinstance(entry, Received)
    )
    return dict(capture.header), chunks, (capture.started or now).astimezone(UTC), True


def _assigned(assignments: Sequence[str]) -> dict[str, str]:
    table = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f'--set "{text}": write it as key=value')
        table[key.strip()] = value.strip()
    return table


def _value(text: str, kind: Any) -> object:  # noqa: ANN401 - a type, of any kind
    """A typed value of a setting; text that does not fit is left for the check to name."""
    parts: object = text
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(bare) is tuple:
        parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.to_builtins(msgspec.convert(parts, kind, strict=False))
    except (msgspec.ValidationError, TypeError):
        return parts


def _clock(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(f'--at "{text}": write it like 2025-03-01T08:30:00+03:30')
    return at.astimezone(UTC)


def _zone(name: str | None) -> ZoneInfo:
    """The named zone, else this machine's own."""
    name = name or os.environ.get("TZ")
    if not name:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, "local")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f'time zone "{name}" is not known: write one like Asia/Tehran') from error
