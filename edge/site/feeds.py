"""Which lines of a caller-ID unit go on to trunks of an exchange, as the site's settings say.

[device.feeds]                         of the unit
device = "pbx1"
lines = { "1" = "01", "2" = "02" }     its line = the trunk there, both as printed
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from edge.site.checking import TableReader, suggestion


class Feeds(Struct, frozen=True, forbid_unknown_fields=True):
    """The exchange's key, and of each line the trunk there."""

    device: Annotated[str, Meta(title="The exchange", extra={"fa": "سانترال"})]
    lines: Annotated[
        dict[str, str],
        Meta(
            title="Its line = the trunk there, as both print them",
            extra={"fa": "خط این دستگاه = خط شهری سانترال، همان‌گونه که چاپ می‌شود"},
        ),
    ]


def check_feeds(reader: TableReader, devices: Mapping[int, tuple[str, Feeds | None]]) -> None:
    """A line feeds a trunk of a device that feeds nothing itself; no two feed the same trunk.

    devices: by their places in the file, the key and what it feeds.
    """
    fed: dict[tuple[str, str], str] = {}
    exchanges = [key for key, feeds in devices.values() if feeds is None]
    for place, (key, feeds) in devices.items():
        if feeds is None:
            continue
        path = f'device[{place}] "{key}".feeds'
        if feeds.device not in exchanges:
            near = suggestion(feeds.device, exchanges)
            reader.wrong(f"{path}.device", f'"{feeds.device}" is no device to feed: {near}')
        for line, trunk in feeds.lines.items():
            mine = f"line {line} of {key}"
            if (other := fed.setdefault((feeds.device, trunk), mine)) != mine:
                advice = f"trunk {trunk} is fed by {other} too: one line goes to one trunk"
                reader.wrong(f"{path}.lines.{line}", advice)
