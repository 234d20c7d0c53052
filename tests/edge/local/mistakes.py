"""Mistakes that somebody can make in settings, each a change of a site without any.

("device.0.link.baud", 9601)      what is put where; the place of the settings of a kind of CRM
("link.token", "two words")       begins with that kind
"""

from copy import deepcopy
from datetime import date
from typing import Any

from drivers.contract import DriverSpec
from tests.edge.commands import echo

Change = tuple[str, object]
WHSEC = "whsec_" + "MTIz" * 8

PBX = {
    "key": "pbx1",
    "driver": "panasonic",
    "link": {"serial": "/dev/ttyUSB0"},
    "settings": {"model": "KX-TDA100"},
}
UNIT = {
    "key": "lines",
    "driver": "callerid",
    "link": {"tcp": "192.168.1.20:2300"},
    "settings": {},
    "feeds": {"device": "pbx1", "lines": {"1": "01"}},
}
CRMS: dict[str, dict[str, Any]] = {
    "link": {"url": "https://crm.example.com"},
    "webhook": {"url": "https://crm.example.com", "secret": WHSEC},
    "mqtt": {"url": "mqtts://broker.example.com"},
    "opencrm": {"url": "https://crm.example.com"},
    "bitrix24": {"url": "https://b.bitrix24.com/rest/1/abc/", "default_user": 1},
    "payamgostar": {"url": "https://crm.example.com", "username": "u", "password": "p"},
}

SITE: list[Change] = [
    *(("version", value) for value in ("1", 0, 99)),
    *(("name", value) for value in ("", "x" * 65, 7, date(2026, 3, 21), "a\nb")),
    *(("timezone", value) for value in ("Asia/Teheran", "Nowhere-at-all", "/etc/passwd", "")),
    *(("nmae", 1), ("device", {"key": "pbx1"}), ("device", [1]), ("destination", "crm")),
    *(("device.0.key", value) for value in ("PBX_1", "-a", "box", "", 7, "lines")),
    *(("device.0.driver", value) for value in ("panasonik", "zzz", 3)),
    *(("device.0.settings", []), ("device.0.settings", {"modle": 1})),
    *(("device.0.commands", value) for value in (3, {"dial": 30})),
    *(("destination.0.kind", "fax"), ("destination.0.setings", {})),
    *(("history.days", value) for value in (0, 9999, "many", 1.5, "")),
    *(("wire.megabytes", -1), ("commands.forget", -1), ("commands.dial", 3), ("history", 3)),
]
FEEDS: list[Change] = [
    *(("device.1.feeds.device", value) for value in ("pbx9", "lines", 7)),
    ("device.1.feeds.lines", {"1": "01", "2": "01"}),
    *(("device.1.feeds", {"liens": 1}), ("device.1.feeds", [])),
    ("device", [UNIT]),
]
LINKS: list[Change] = [
    *(("device.0.link", value) for value in ("/dev/ttyUSB0", {}, {"tcp": "x:1", "serial": "/d"})),
    *(("device.0.link", {"serial": "/dev/ttyS0", each: 1}) for each in ("boud", "path")),
    *(("device.0.link.serial", value) for value in ("ttyUSB0", "", 3)),
    *(("device.0.link.baud", value) for value in (9601, "fast")),
    *(("device.0.link.format", value) for value in ("9N1", 8)),
    *(("device.0.link.hold", value) for value in ("rts", ["cts"], [3])),
    *(
        ("device.1.link", {"tcp": value})
        for value in ("pbx", "pbx:", "[fd00::20]", "fd00::20:2300", "pbx:0", "pbx:x", "", 3)
    ),
    *(("device.0.link", {"usb": value}) for value in ("1a86", 3)),
    ("device.0.link", {"usb": "1a86:7523", "path": "port 2"}),
    *(("device.0.link", {each: "16"}) for each in ("hid", "udp")),
    ("device.1.link", {"serial": "/dev/ttyUSB0"}),
]
DRIVERS: list[Change] = [
    *(("device.0.settings.model", value) for value in ("KX-T1232", "KX-1", 3)),
    ("device.0.settings.layout", "ta"),
    *(("device.0.settings.country_code", value) for value in ("999", "+98", "")),
    *(("device.0.settings.release_codes", value) for value in (["x"], [9], "9")),
    ("device.0.settings.area_code", "0513a"),
    *(("device.0.settings.extension_lengths", value) for value in ([99], ["three"])),
    *(("device.0.settings.extension_names", value) for value in ({"109": 3}, ["109"])),
    *(("device.0.settings.password", value) for value in ("", "x" * 33)),
    *(("device.1.settings.quiet_seconds", value) for value in (1, 200, "long")),
    *(("device.1.settings.profile", value) for value in ("Segal", "")),
]
_ADDRESSES = (
    *("crm.example.com", "https://[::1", "https://", "https://a..b", "https://crm.example.com/ü"),
    *("https://me@crm.example.com", "https://crm.example.com/?x", "http://crm.example.com"),
)
KINDS: list[Change] = [
    *(
        (f"{kind}.url", value)
        for kind in ("link", "webhook", "opencrm", "bitrix24", "payamgostar")
        for value in (*_ADDRESSES, "", 7)
        if (kind, value) != ("webhook", "https://crm.example.com/?x")
    ),
    ("webhook.url", "https://crm.example.com/?a b"),
    ("bitrix24.url", "https://b.bitrix24.com/rest/1/"),
    *(("bitrix24.default_user", value) for value in (0, "me")),
    ("link.token", "two words"),
    ("link.claim", "1234_5"),
    ("link.command_keys", {"k1": "short"}),
    *((f"webhook.{each}", "whsec_short") for each in ("secret", "old_secret")),
    *(
        ("mqtt.url", value)
        for value in (
            *("https://crm.example.com", "mqtts://[::1", "mqtts://a..b", "mqtts://x.example/ü"),
            *("mqtts://me@broker.example.com", "mqtts://broker.example.com/t", "mqtt://8.8.8.8"),
        )
    ),
    *(("mqtt.username", "a\x00b"), ("mqtt.password", "secret")),
    *(("mqtt.topic_prefix", value) for value in ("", "a//b", "a/#")),
    *(("mqtt.client_id", "a b"), ("mqtt.ca", "x")),
    ("mqtt", {"url": "mqtt://192.168.1.5", "ca": "x"}),
    ("opencrm.prefix", "call/"),
    *(("opencrm.username", "a:b"), ("opencrm.password", "secret")),
    ("opencrm.system_keys", {"pbx1": ""}),
    ("payamgostar.login", "v3"),
    *((f"payamgostar.{each}", "") for each in ("username", "password")),
]
PARTS: list[Change] = [
    ("destination.0.connection.pinned", "abc"),
    ("destination.0.connection.ca_file", "ca.pem"),
    ("destination.0.connection", {"pinned": "0" * 64, "ca_file": "/ca.pem"}),
    *(("destination.0.connection.proxy", value) for value in ("proxy:3128", "http://[::1")),
    ("destination.0.connection.proxy_user", "me"),
    ("destination.0.connection.proxy_user", "a:b"),
    *(
        ("destination.0.forwarding.backlog_quiet_hours", value)
        for value in ("8-16", "08:00-08:00", 8)
    ),
    *(("destination.0.forwarding.backlog_kbit_per_second", value) for value in (0, "fast")),
    ("destination.0.forwarding.metered", "yes"),
    *(("destination.0.wanted.only_devices", value) for value in (["pbx9"], ["zzz"], [])),
    ("destination.0.wanted", {"only_numbers": ["1"], "all_but_numbers": ["2"]}),
    *(("destination.0.wanted.only_numbers", [value]) for value in ("0912", "+980912000", "")),
    ("destination.0.wanted.only_directions", ["in"]),
]
ALL = [*SITE, *FEEDS, *LINKS, *DRIVERS, *KINDS, *PARTS]

PROFILES = {
    "mine": 'bsae = "segal-c"\ntitle = 3\nmatch = 3\nframing = { kind = 3, ned = 1 }\nrules = 3',
    "broken": "base = ",
    "bare": 'base = "sagal"',
    "nothing": "",
    "rules": "rules = [3, { event = 'ringg', regex = 3, x = 1 }, { event = 'ring', regex = '(' }]",
    "regexes": r"""rules = [
        { event = 'ring', regex = '(?P<lien>\d)' },
        { event = 'caller_id', regex = '(?P<line>\d)(?P<line_hex>\d)' },
        { event = 'ring', regex = '(?P<line>(a*)*)' },
        { event = 'ring', regex = '(?P<line>a*b*c*d*e*f*)' },
    ]""",
    "unit": "match = { product = '(' }",
    "folder": None,
}
"""By name, the text of a profile with mistakes; None is no file."""

FILES = (
    *(b'version = 1\nname = "a\n', b"version = 1\nname =\n", b"version = [", b"name = '\xff'"),
    *(b"name = " + b"[" * 9000 + b"]" * 9000, b"version = " + b"1" * 5000),
)


def table(change: Change) -> dict[str, Any]:
    """The site with that mistake."""
    place, value = change
    kind = place.partition(".")[0]
    crm = {"name": "crm", "kind": "link", "settings": CRMS["link"]}
    if kind in CRMS:
        place = f"destination.0.settings{place.removeprefix(kind)}"
        crm |= {"kind": kind, "settings": CRMS[kind]}
    found: dict[str, Any] = deepcopy(
        {"version": 1, "name": "mashhad", "timezone": "Asia/Tehran", "device": [PBX, UNIT]}
    )
    found["destination"] = [deepcopy(crm)]
    *way, last = place.split(".")
    at: Any = found
    for step in way:
        at = at[int(step)] if step.isdecimal() else at.setdefault(step, {})
    at[last] = value
    return found


class Acting:
    """The table of drivers, with one that executes commands."""

    NAMES: tuple[str, ...] = ("echo",)

    @staticmethod
    def spec(_name: str) -> DriverSpec:
        return echo.SPEC
