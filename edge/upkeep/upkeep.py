"""What a running edge can tell and do about itself as a whole, for the routes of upkeep."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from edge.local.issue import Report
from edge.local.settings_records import SettingsShown
from edge.local.status import Status
from edge.site.site import Site


@dataclass(frozen=True, slots=True)
class Upkeep:
    """data: its directory. renew: end, have the work done, and begin anew."""

    data: Path
    site: Callable[[], Site]
    status: Callable[[], Status]
    checks: Callable[[], Awaitable[Report]]
    settings: Callable[[], Awaitable[SettingsShown]]
    renew: Callable[[Callable[[], None]], None]
