"""The memory as boxes wrote it first, with the name of every field: read once, after the update."""

from datetime import datetime

from msgspec import Struct

from drivers.panasonic.call import KnownCall
from drivers.panasonic.models import LayoutName, Order


class FirstCalls(Struct):
    """See CallsMemory."""

    prefix: str
    count: int = 0
    clock: float = 0.0
    utc: datetime | None = None
    trusted: bool = False
    boot: str = ""
    open: dict[str, KnownCall] = {}
    ended: dict[str, KnownCall] = {}
    groups: list[str] = []


class FirstMemory(Struct):
    """See Memory."""

    calls: FirstCalls
    order: Order
    layout: LayoutName
    window: list[int] = []
    skewed: bool = False
