"""One table of who may do what. Every route of the edge names the right that it asks for.

    viewer          how everything is; numbers of people masked
    technician      and all that concerns devices, CRMs and their events
    administrator   and users, the audit log, backups, restoring and erasing

Who opens the control socket is root or the edge's own user, and may do everything: the console.
"""

from collections.abc import Mapping
from typing import Literal

Role = Literal["administrator", "technician", "viewer"]
ROLES: tuple[Role, ...] = ("administrator", "technician", "viewer")

Right = Literal["open", "own", "look", "numbers", "operate", "arrange", "diagnose", "govern"]
"""open: without a session. own: one's own session and password. look: how everything is. numbers:
of people, in full. operate: tests, parked events, what is on the wire. arrange: settings. diagnose:
logs and the support bundle. govern: users, the audit log, backups, restoring and erasing."""

_ALL = frozenset(ROLES)
_SKILLED: frozenset[Role] = frozenset({"administrator", "technician"})

RIGHTS: Mapping[Right, frozenset[Role]] = {
    "open": _ALL,
    "own": _ALL,
    "look": _ALL,
    "numbers": _SKILLED,
    "operate": _SKILLED,
    "arrange": _SKILLED,
    "diagnose": _SKILLED,
    "govern": frozenset({"administrator"}),
}


def may(role: Role, right: Right) -> bool:
    """Whether the table gives the right to the role."""
    return role in RIGHTS[right]
