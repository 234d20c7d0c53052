"""The pages, in the order in which a technician needs them.

Network and Update come with the appliance's image: their place is kept, and a page is in the menu
once the host offers it (`needs`).
"""

from dataclasses import dataclass

from edge.access.roles import Right


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: its path, its word in the catalogue (`menu.NAME`), and who may see it."""

    name: str
    path: str
    right: Right
    needs: str = ""


ALL = (
    Entry("status", "/status", "look"),
    Entry("devices", "/devices", "look"),
    Entry("calls", "/calls", "look"),
    Entry("queue", "/queue", "look"),
    Entry("commands", "/commands", "look"),
    Entry("network", "/network", "arrange", needs="host.network"),
    Entry("time", "/time", "look"),
    Entry("users", "/users", "own"),
    Entry("backup", "/backup", "govern"),
    Entry("update", "/update", "govern", needs="host.update"),
    Entry("logs", "/logs", "diagnose"),
    Entry("about", "/about", "own"),
)
MENU = tuple(entry for entry in ALL if not entry.needs)
