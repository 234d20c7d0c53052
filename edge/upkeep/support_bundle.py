"""What support needs to see of a box, in one ZIP without secrets and numbers of people.

    status.json  checks.json  settings.json  log.txt  versions.json

Settings come without their secrets. In them and in the log every run of seven digits and more, as
a telephone number has, is masked but for its last two.
"""

import io
import platform
import re
import sqlite3
import zipfile
from importlib.metadata import distributions

import msgspec

from edge.local.issue import Report
from edge.local.settings_records import SettingsShown
from edge.local.status import Status
from edge.local.upkeep_records import LogLine
from edge.version import VERSION

_NUMBER = re.compile(r"\+?\d[\d \-]{5,}\d")
_SHOWN = 2
_encode = msgspec.json.encode


def support_bundle(
    status: Status, checks: Report, settings: SettingsShown | None, log: tuple[LogLine, ...]
) -> bytes:
    """The ZIP. Takes a while: in a thread."""
    lines = [f"{line.at:%Y-%m-%dT%H:%M:%SZ} {line.level} {line.text}\n" for line in reversed(log)]
    files = {
        "status.json": _pretty(status),
        "checks.json": _pretty(checks),
        "settings.json": without_numbers(_pretty(settings)),
        "log.txt": without_numbers("".join(lines)),
        "versions.json": _pretty(_versions()),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def without_numbers(text: str) -> str:
    """The text with what may be a telephone number masked, in the same length."""
    return _NUMBER.sub(lambda found: _masked(found[0]), text)


def _masked(number: str) -> str:
    cut = len(number) - _SHOWN
    return re.sub(r"\d", "*", number[:cut]) + number[cut:]


def _pretty(record: object) -> str:
    return msgspec.json.format(_encode(record), indent=2).decode()


def _versions() -> dict[str, str]:
    found = {each.metadata["Name"]: each.version for each in distributions()}
    own = {
        "payvand": VERSION,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "sqlite": sqlite3.sqlite_version,
    }
    return own | dict(sorted(found.items()))
