"""Recorded bytes through a driver's decoder: the code that runs on the wire, on a fed clock."""

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, BinaryIO, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from drivers import catalog
from drivers.contract import DriverSpec, LinkKind, Moment, Settings, Surroundings
from drivers.errors import DeviceError
from drivers.events import Call, DeviceState, Fact
from drivers.wire.capture import CaptureError, is_capture, read_capture
from edge.errors import BadInput
from edge.intake.seal import number_plan, read_fact
from edge.site.checking import check_table, suggestion
from edge.wire.readable import sent_bytes

CHUNK = 65536
DEVICE = "capture"
YEARS = range(1970, 2201)
"""Of the clock: beyond them nothing was printed, and times cannot be reckoned with."""
_NAMES = 10_000
"""So many calls keep their c1, c2, …: more than a decoder knows at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be decoded: chunks with their seconds since `started`; `live` if they have any.

    The chunks of a raw file are read as they are asked for, once: `records` and `decode` each
    want a job of their own.
    """

    spec: DriverSpec
    settings: Settings
    surroundings: Surroundings
    chunks: Iterable[tuple[float, bytes]]
    started: datetime
    live: bool


def parse_options(  # noqa: PLR0913 - each an option of the command
    driver: str,
    source: bytes | BinaryIO,
    assignments: Sequence[str],
    at: str | None,
    zone: str | None,
    folder: Path = Path(),
) -> Job:
    """Read what the technician typed and what the capture's header says. Raises BadInput.

    `folder` is the data directory, for files that settings name.

    `source` stays open until the job is done. A raw file that breaks off raises BadInput then.
    """
    if driver not in catalog.NAMES:
        raise BadInput(f'driver "{driver}" is not known: {suggestion(driver, catalog.NAMES)}')
    spec = catalog.spec(driver)
    header, chunks, started, live = _input(source)
    fields = msgspec.structs.fields(spec.settings)
    table = {field.name: header[field.name] for field in fields if field.name in header}
    table.update(_assigned(assignments))
    zone = zone or table.pop("timezone", None) or header.get("timezone")
    types = {field.name: field.type for field in fields}
    typed = {key: _value(text, types.get(key)) for key, text in table.items()}
    settings, problems = check_table(spec.settings, typed, "--set")
    wrong = [(problem.field, problem.message) for problem in problems]
    if settings is not None:
        wrong = [*spec.files(settings, folder)]
        settings = None if wrong else settings
    if settings is None:
        lines = [f"{path.removeprefix('--set.')}: {message}" for path, message in wrong]
        # Here all is text.
        raise BadInput("; ".join(lines).replace(", not text", ""))
    link: LinkKind = "tcp" if "tcp" in header.get("link", "") else "serial"
    surroundings = Surroundings(_zone(zone), "c", link, folder=folder)
    return Job(
        spec, settings, surroundings, chunks, started if at is None else aware("--at", at), live
    )


def records(job: Job) -> Iterator[bytes]:
    """What the device said, one JSON object each."""
    read = job.spec.reader(job.settings, job.surroundings.folder)
    for data in chain((data for _, data in job.chunks), [b"\n"]):
        for record in read(data):
            yield msgspec.json.encode(record)


def decode(job: Job) -> Iterator[bytes]:
    """The events, one JSON object each, call ids replaced by c1, c2, … in order of appearance."""
    names: OrderedDict[str, str] = OrderedDict()
    count = 0
    plan = number_plan(job.settings)
    for now, fact in facts(job):
        shown = fact
        if isinstance(fact, Call):
            if fact.call_id not in names:
                count += 1
                names[fact.call_id] = f"c{count}"
            names.move_to_end(fact.call_id)
            if len(names) > _NAMES:
                names.popitem(last=False)
            shown = msgspec.structs.replace(fact, call_id=names[fact.call_id])
        kind, data = read_fact(DEVICE, shown, plan, now.utc)
        yield msgspec.json.encode({"type": kind, "data": data})


def facts(job: Job) -> Iterator[tuple[Moment, Fact]]:
    """What the decoder makes of the chunks, each fact with its moment on the fed clock."""
    decoder = job.spec.decoder(job.settings, job.surroundings, b"")
    now = _moment(job, 0.0)
    try:
        for seconds, data in chain(job.chunks, [(None, b"\n")]):
            at = now.monotonic if seconds is None else seconds
            while (due := decoder.due()) is not None and now.monotonic < due <= at:
                now = _moment(job, due)
                yield from ((now, fact) for fact in decoder.tick(now))
            now = _moment(job, at)
            yield from ((now, fact) for fact in [*decoder.tick(now), *decoder.feed(data)])
        while (due := decoder.due()) is not None:
            now = _moment(job, max(due, now.monotonic))
            yield from ((now, fact) for fact in decoder.tick(now))
    except DeviceError as error:
        yield now, DeviceState("offline", error.code, error.advice)


def _moment(job: Job, seconds: float) -> Moment:
    return Moment(job.started + timedelta(seconds=seconds), seconds, trusted=True, live=job.live)


def _input(
    source: bytes | BinaryIO,
) -> tuple[dict[str, str], Iterable[tuple[float, bytes]], datetime, bool]:
    now = datetime.now(UTC)
    file = BytesIO(source) if isinstance(source, bytes) else source
    first = _read(file, CHUNK)
    if not is_capture(first):
        return {}, chain([(0.0, first)], _raw(file)), now, False
    try:
        capture = read_capture(first + _read(file))
    except CaptureError as error:
        raise BadInput(f"the capture cannot be read: {error}") from error
    chunks = tuple(sent_bytes(capture))
    started = _utc(capture.started or now, "the capture's started")
    return dict(capture.header), chunks, started, True


def _raw(file: BinaryIO) -> Iterator[tuple[float, bytes]]:
    while data := _read(file, CHUNK):
        yield 0.0, data


def _read(file: BinaryIO, most: int = -1) -> bytes:
    try:
        return file.read(most)
    except OSError as error:
        raise BadInput(f"the file cannot be read ({error.strerror}): copy it anew") from error


def _utc(at: datetime, what: str) -> datetime:
    if at.year not in YEARS:
        raise BadInput(
            f"{what} is {at.isoformat()}: give a time in the years {YEARS[0]} to {YEARS[-1]}"
        )
    return at.astimezone(UTC)


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


def aware(option: str, text: str) -> datetime:
    """A time that was typed. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(f'{option} "{text}": write it like 2025-03-01T08:30:00+03:30')
    return _utc(at, option)


def _zone(name: str | None) -> ZoneInfo:
    """The named zone, else this machine's own."""
    if not name:
        return _own_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f'time zone "{name}" is not known: write one like Asia/Tehran') from error


def _own_zone() -> ZoneInfo:
    """TZ where it is the name of a zone, else /etc/localtime, else UTC as the system has it."""
    if name := os.environ.get("TZ", "").removeprefix(":"):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, "local")
    except FileNotFoundError:
        return ZoneInfo("UTC")
