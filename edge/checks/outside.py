"""What can be checked of a box whose edge does not run, from its data directory and ports alone.

The port of a device is looked for, not opened, and a host on the network is not asked: that might
take the line from another program that reads it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from drivers.contract import Moment
from drivers.detect.usb_units import matching_units
from drivers.errors import LinkMissing
from drivers.wire.address import HidAddress, TcpAddress, UdpAddress
from drivers.wire.locate import locate, missing
from edge.checks import card, disk, link
from edge.checks.card_reading import SeenCard, read_card
from edge.checks.check import BOX, Finding, Seen, SeenDevice, Unsure, Words
from edge.errors import BadInput, CommandFailed
from edge.journal.disk import look as look_at_disk
from edge.journal.room import SMALL, marks_over
from edge.local.issue import Answer, Issue
from edge.local.lock import AlreadyRunning, hold
from edge.local.persian import ltr
from edge.local.persian_problems import in_both, in_persian
from edge.local.status import DeviceStatus, DiskStatus, Status
from edge.site.checking import Problem
from edge.site.site import Device, Site, SiteProblems
from edge.version import VERSION

SETTINGS = "settings"
_NOT_TRIED = Words(
    "it is on the network and was not tried: an exchange serves one program at a time",
    "روی شبکه است و امتحان نشد: سانترال فقط به یک برنامه پاسخ می‌دهد",
)


def outside(
    data: Path, journal: str, site: Site | None, now: datetime, root: Path = Path("/")
) -> list[Answer]:
    """Whether it runs, its disk, its journal's name for damaged files, and its ports below `root`.

    `site` is None where its settings cannot be read.
    """
    devices = site.device if site else ()
    seen = Seen(
        now=Moment(now, 0.0, trusted=False, live=True),
        status=Status(
            box="",
            journal="",
            version=VERSION,
            name=site.name if site else "",
            started_at=now,
            uptime_seconds=0,
            last_sequence=0,
            disk=_disk(data),
        ),
        card=_card(data),
        devices=tuple(SeenDevice(_port(device, now, root)) for device in devices),
    )
    on_network = (each.key for each in devices if each.link.kind in {"tcp", "udp"})
    unsure = tuple(Unsure(key, _NOT_TRIED) for key in on_network)
    edge, room, medium, file, ports = (
        Answer(name="edge", title=Words("Payvand runs", "برنامه پیوند")),
        Answer(name="disk", title=Words("Room on the disk", "جای خالی حافظه")),
        Answer(name="card", title=Words("Card or disk", "کارت حافظه")),
        Answer(name="journal", title=Words("Journal", "دفتر رویدادها")),
        Answer(
            name="link", title=Words("Ports and connections", "درگاه‌ها و اتصال‌ها"), unsure=unsure
        ),
    )
    return [
        _with(edge, _running(data), now),
        _with(room, disk.look(seen, set()), now),
        _with(medium, card.findings(seen.card, set()) if seen.card else (), now),
        _with(file, _damaged(data, journal), now),
        _with(ports, link.look(seen, set()), now),
    ]


def _in_persian(problem: Problem | BadInput) -> str:
    if isinstance(problem, BadInput):
        return in_persian(str(problem))
    return f"{ltr(problem.field)}: {in_both(problem.message, problem.persian).fa}"


def settings(error: BadInput | None, now: datetime) -> Answer:
    """What reading site.toml said; None for nothing."""
    answer = Answer(name=SETTINGS, title=Words("Settings", "تنظیمات"))
    if error is None:
        return answer
    each = error.problems if isinstance(error, SiteProblems) else (error,)
    findings = (
        Finding(
            code="settings-wrong",
            concerns=BOX,
            cause=Words(str(problem), f"در site.toml اشتباهی هست: {_in_persian(problem)}"),
            advice=Words(
                "Correct it in site.toml; payvand starts with no mistake in it only.",
                "آن را در site.toml درست کنید؛ برنامه تا آن زمان آغاز به کار نمی‌کند.",
            ),
        )
        for problem in each
    )
    return _with(answer, findings, now)


def _with(answer: Answer, found: Iterable[Finding], now: datetime) -> Answer:
    issues = tuple(
        Issue(
            code=each.code,
            concerns=each.concerns,
            severity=each.severity,
            since=now,
            cause=each.cause,
            advice=each.advice,
        )
        for each in found
    )
    return msgspec.structs.replace(answer, issues=issues)


def _running(data: Path) -> Iterator[Finding]:
    """Holds the data directory for the moment of asking whether somebody else does."""
    try:
        with hold(data):
            cause = Words(
                f"Payvand is not running with data directory {data}: no call is read.",
                f"برنامه با پوشه {ltr(data)} اجرا نمی‌شود و هیچ تماسی خوانده نمی‌شود.",
            )
            advice = Words(
                f"Start it with `payvand run --data {data}`.",
                f"آن را با این فرمان آغاز کنید: {ltr(f'payvand run --data {data}')}",
            )
    except AlreadyRunning:
        cause = Words(
            f"Payvand runs with data directory {data}, but nobody answers on its control socket.",
            f"برنامه با پوشه {ltr(data)} اجرا می‌شود اما پاسخ نمی‌دهد.",
        )
        advice = Words(
            "It may be starting: ask again in a minute; else restart it.",
            "شاید تازه آغاز شده است: یک دقیقه دیگر بپرسید، وگرنه آن را دوباره راه‌اندازی کنید.",
        )
    except CommandFailed as error:
        cause = Words(f"Payvand cannot run: {error}.", f"برنامه نمی‌تواند اجرا شود: {ltr(error)}")
        advice = Words(
            "Mend that, then start payvand.", "آن را درست کنید و سپس برنامه را آغاز کنید."
        )
    yield Finding(code="not-running", concerns=BOX, cause=cause, advice=advice)


def _disk(data: Path) -> DiskStatus | None:
    try:
        room = look_at_disk(data)
    except OSError:
        return None
    over = marks_over((), room)
    return DiskStatus(
        percent=room.percent,
        free=room.free,
        days_left=None,
        ballast=bool(room.ballast),
        mark=max(over, default=0),
        small=SMALL in over,
    )


def _card(data: Path) -> SeenCard | None:
    found = read_card(data)
    return SeenCard(found, flushes=None, a_day=None) if found else None


def _port(device: Device, now: datetime, root: Path) -> DeviceStatus:
    """A device as `offline` where its port is not there; else nothing is known against it."""
    code, advice, place = "starting", "", ""
    if isinstance(device.link, TcpAddress | UdpAddress):
        place = device.link.name
    elif isinstance(device.link, HidAddress):
        place = device.link.hid
        if not matching_units(place, device.link.path, root):
            code, advice = "unit-missing", f"no USB unit {place} is plugged in; check its cable"
    else:
        try:
            place = locate(device.link, root, None)
            if not (root / place.lstrip("/")).exists():
                raise missing(place, root)
        except LinkMissing as error:
            code, advice = error.code, error.advice
    return DeviceStatus(
        key=device.key,
        driver=device.driver,
        link=place or getattr(device.link, "usb", ""),
        state="offline" if advice else "starting",
        code=code,
        advice=advice,
        since=now,
    )


def _damaged(data: Path, journal: str) -> Iterator[Finding]:
    """Files that an earlier start set aside; beside each may lie its log, `-wal` and `-shm`."""
    aside = sorted(path.name for path in data.glob(f"{journal}.damaged-*Z"))
    if aside:
        names = ", ".join(aside)
        yield Finding(
            code="journal-quarantined",
            concerns=BOX,
            severity="warning",
            cause=Words(
                f"An earlier start found a damaged journal and set it aside: {names}.",
                f"پیش‌تر دفتر آسیب‌دیده‌ای پیدا و کنار گذاشته شده است: {ltr(names)}",
            ),
            advice=Words(
                "Copy it to another disk for support, then delete it here; test the disk or card.",
                "آن را برای پشتیبانی روی حافظه دیگری کپی و سپس از اینجا پاک کنید؛ حافظه یا کارت را"
                " بیازمایید.",
            ),
        )
