"""Settings of lines that feed trunks, and of links without a serial port."""

import tomllib
from pathlib import Path

import pytest

from drivers.wire.address import HidAddress, UdpAddress
from edge.site.feeds import Feeds
from edge.site.file import load, save
from edge.site.site import SiteProblems, check

FEEDS = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"
[[device]]
key = "pbx1"
driver = "panasonic"
link = { serial = "/dev/ttyUSB0" }
settings = { model = "KX-TDA100" }
[[device]]
key = "lines"
driver = "callerid"
link = { hid = "16C0:05da", path = "1-1.2" }
feeds = { device = "pbx1", lines = { "1" = "01", "2" = "02" } }
[[device]]
key = "net"
driver = "callerid"
link = { udp = 3520 }
settings = { profile = "whozz" }
"""


def test_lines_that_feed_trunks_and_links_without_a_serial_port(tmp_path: Path) -> None:
    site = check(tomllib.loads(FEEDS))
    assert site.device[1].feeds == Feeds("pbx1", {"1": "01", "2": "02"})
    assert site.device[1].link == HidAddress("16c0:05da", "1-1.2")
    assert site.device[2].link == UdpAddress(3520)
    save(site, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == site


@pytest.mark.parametrize(
    ("old", "new", "field", "part"),
    [
        ('device = "pbx1"', 'device = "pbx2"', 'device[1] "lines".feeds.device', '"pbx1"'),
        (
            'device = "pbx1"',
            'device = "lines"',
            'device[1] "lines".feeds.device',
            "no device to feed",
        ),
        (
            '"2" = "02"',
            '"2" = "01"',
            'device[1] "lines".feeds.lines.2',
            "one line goes to one trunk",
        ),
        ("lines = {", "liens = {", 'device[1] "lines".feeds.liens', 'did you mean "lines"'),
        ("udp = 3520", "udp = 0", 'device[2] "net".link.udp', "from 1 to 65535"),
        ("16C0:05da", "16C0", 'device[1] "lines".link.hid', "vendor and product id"),
        ('path = "1-1.2"', "baud = 9600", 'device[1] "lines".link.baud', "not known"),
    ],
)
def test_a_mistake_in_them(old: str, new: str, field: str, part: str) -> None:
    with pytest.raises(SiteProblems) as caught:
        check(tomllib.loads(FEEDS.replace(old, new)))
    told = {problem.field: problem.message for problem in caught.value.problems}
    assert part in told[field]
