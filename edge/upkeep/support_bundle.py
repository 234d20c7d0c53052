"""What support needs to see of a box, in one ZIP without secrets and numbers of people.

    Given ──standard input──▶ python -m edge.upkeep.support_bundle ──▶ ZIP, aside from the edge

    status.json  checks.json  settings.json  log.txt  versions.json

Settings come without their secrets, and without the names of lines and extensions, which are those
of people. In them and in the log every run of seven digits and more, as a telephone number has, is
masked but for its last two.
"""

import re
import sys

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.local.issue import Report
from edge.local.settings_records import SettingsShown
from edge.local.status import Status
from edge.local.upkeep_records import LogLine
from edge.version import VERSION

_NUMBER = re.compile(r"\+?\d[\d \-]{5,}\d")
_SHOWN = 2
_encode = msgspec.json.encode


class Given(Struct, frozen=True):
    """What the edge knows. log: the newest line first."""

    status: Status
    checks: Report
    settings: SettingsShown | None
    log: tuple[LogLine, ...]


def support_bundle(given: Given) -> bytes:
    """The ZIP."""
    import io
    import zipfile

    lines = [
        f"{line.at:%Y-%m-%dT%H:%M:%SZ} {line.level} {line.text}\n" for line in reversed(given.log)
    ]
    files = {
        "status.json": _pretty(given.status),
        "checks.json": _pretty(given.checks),
        "settings.json": without_numbers(_pretty(given.settings and _nameless(given.settings))),
        "log.txt": without_numbers("".join(lines)),
        "versions.json": _pretty(_versions()),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def _nameless(settings: SettingsShown) -> SettingsShown:
    devices = (
        replace(
            device,
            settings={
                key: dict.fromkeys(value, "…") if key.endswith("_names") else value
                for key, value in device.settings.items()
            },
        )
        for device in settings.devices
    )
    return replace(settings, devices=tuple(devices))


def without_numbers(text: str) -> str:
    """The text with what may be a telephone number masked, in the same length."""
    return _NUMBER.sub(lambda found: _masked(found[0]), text)


def _masked(number: str) -> str:
    cut = len(number) - _SHOWN
    return re.sub(r"\d", "*", number[:cut]) + number[cut:]


def _pretty(record: object) -> str:
    return msgspec.json.format(_encode(record), indent=2).decode()


def _versions() -> dict[str, str]:
    import platform
    import sqlite3
    from importlib.metadata import distributions

    found = {each.metadata["Name"]: each.version for each in distributions()}
    own = {
        "payvand": VERSION,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "sqlite": sqlite3.sqlite_version,
    }
    return own | dict(sorted(found.items()))


if __name__ == "__main__":
    given = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Given)
    sys.stdout.buffer.write(support_bundle(given))
