"""The pages, in the order in which a technician needs them.

Network and Update come with the appliance's image: their place is kept, and a page is in the menu
once the host offers it (`needs`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: its path, its word in the catalogue (`menu.NAME`) and icon of the same name."""

    name: str
    path: str
    needs: str = ""


ALL = (
    Entry("status", "/status"),
    Entry("devices", "/devices"),
    Entry("calls", "/calls"),
    Entry("queue", "/queue"),
    Entry("commands", "/commands"),
    Entry("network", "/network", needs="host.network"),
    Entry("time", "/time"),
    Entry("users", "/users"),
    Entry("backup", "/backup"),
    Entry("update", "/update", needs="host.update"),
    Entry("logs", "/logs"),
    Entry("about", "/about"),
)
MENU = tuple(entry for entry in ALL if not entry.needs)
