"""The destination table: one line each, imported when used."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from edge.delivery.destination import DestinationSpec

MODULES = {
    "link": "edge.delivery.destinations.link.destination",
    "webhook": "edge.delivery.destinations.webhook.destination",
    "payamgostar": "edge.delivery.destinations.payamgostar.destination",
    "opencrm": "edge.delivery.destinations.opencrm.destination",
    "bitrix24": "edge.delivery.destinations.bitrix24.destination",
    "mqtt": "edge.delivery.destinations.mqtt.destination",
}
NAMES = tuple(MODULES)


def spec(name: str) -> "DestinationSpec":
    """The line of the named kind. Raises KeyError for a name that is not in the table."""
    return cast("DestinationSpec", import_module(MODULES[name]).SPEC)
