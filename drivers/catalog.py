"""The driver table: one line each, imported when used."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from drivers.contract import DriverSpec

MODULES = {
    "callerid": "drivers.callerid.driver",
    "panasonic": "drivers.panasonic.driver",
}
NAMES = tuple(MODULES)


def spec(name: str) -> "DriverSpec":
    """The named driver's line. Raises KeyError for a name that is not in the table."""
    return cast("DriverSpec", import_module(MODULES[name]).SPEC)
