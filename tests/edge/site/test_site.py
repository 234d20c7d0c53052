"""The site's settings: every mistake named at once, and what is saved is what is loaded."""

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from drivers.contract import DriverSpec
from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.address import SerialAddress, TcpAddress
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.restraint import Forwarding
from edge.delivery.wanted import Wanted
from edge.errors import BadInput
from edge.journal.records import History
from edge.site import site as site_module
from edge.site.checking import Problem
from edge.site.file import load, save
from edge.site.site import Destination, Device, Site, SiteProblems, check
from tests.edge.commands import echo

GOOD = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"

[[device]]
key = "pbx1"
driver = "panasonic"
link = { serial = "/dev/ttyUSB0", baud = 19200, format = "8N1" }
settings = { model = "KX-TDA100", release_codes = ["9"], line_names = { 01 = "Bank" } }

[[device]]
key = "pbx2"
driver = "panasonic"
link = { tcp = "192.168.1.20:2300" }
settings = { model = "KX-NS500" }

[[destination]]
name = "crm"
kind = "link"
settings = { url = "https://crm.example.com" }
"""

SITE = Site(
    1,
    "mashhad",
    "Asia/Tehran",
    (
        Device(
            "pbx1",
            "panasonic",
            SerialAddress("/dev/ttyUSB0", 19200, "8N1"),
            PanasonicSettings(model="KX-TDA100", release_codes=("9",), line_names={"01": "Bank"}),
        ),
        Device(
            "pbx2",
            "panasonic",
            TcpAddress("192.168.1.20", 2300),
            PanasonicSettings(model="KX-NS500"),
        ),
    ),
    (Destination("crm", "link", LinkSettings(url="https://crm.example.com")),),
)


def test_history_is_kept_as_long_as_is_set(tmp_path: Path) -> None:
    assert check(tomllib.loads(GOOD)).history == History(days=90, megabytes=1000)
    text = GOOD.replace("\n[[device]]", "\n[history]\ndays = 30\nmegabytes = 200\n\n[[device]]", 1)
    site = check(tomllib.loads(text))
    assert site.history == History(days=30, megabytes=200)
    save(site, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == site
    save(check(tomllib.loads(GOOD)), tmp_path / "site.toml")
    assert "history" not in (tmp_path / "site.toml").read_text(encoding="utf-8")


def test_how_a_line_is_used_is_kept_and_its_mistakes_are_told(tmp_path: Path) -> None:
    text = GOOD + 'forwarding = { metered = true, backlog_quiet_hours = "08:00-16:30" }\n'
    site = check(tomllib.loads(text))
    wanted = Forwarding(metered=True, backlog_quiet_hours="08:00-16:30")
    assert site.destination[0].forwarding == wanted
    save(site, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == site
    with pytest.raises(SiteProblems) as found:
        check(tomllib.loads(text.replace("08:00-16:30", "8-16").replace("metered", "meterd")))
    where = 'destination[0] "crm".forwarding'
    assert [each.field for each in found.value.problems] == [
        f"{where}.meterd",
        f"{where}.backlog_quiet_hours",
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("days = 0", "history.days"),
        ("megabytes = 5", "history.megabytes"),
        ("day = 9", "history.day"),
    ],
)
def test_a_mistake_in_history(line: str, field: str) -> None:
    text = GOOD.replace("\n[[device]]", f"\n[history]\n{line}\n\n[[device]]", 1)
    with pytest.raises(SiteProblems) as found:
        check(tomllib.loads(text))
    assert [problem.field for problem in found.value.problems] == [field]


# A process that dies, as in a power cut, where the new site.toml is about to take its name.
CUT = """
import os, signal, sys
from pathlib import Path
from edge.site.file import load, save
path = Path(sys.argv[1])
site = load(path)
rename = Path.replace
def cut(source, target):
    if target == path:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
Path.replace = cut
save(type(site)(1, "tabriz", site.timezone), path)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site.toml"


def table() -> dict[str, Any]:
    return tomllib.loads(GOOD)


def problems(changed: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SiteProblems) as found:
        check(changed)
    told = {problem.field: problem.message for problem in found.value.problems}
    assert len(told) == len(found.value.problems)
    return told


def test_a_good_file_becomes_a_site(path: Path) -> None:
    path.write_text(GOOD)
    assert load(path) == SITE
    assert SITE.zone.key == "Asia/Tehran"


def test_a_box_without_devices_and_destinations_is_a_site() -> None:
    assert check({"version": 1, "name": "مشهد", "timezone": "UTC"}) == Site(1, "مشهد", "UTC")


def test_five_mistakes_are_named_at_once(path: Path) -> None:
    changed = table()
    changed["timezone"] = "Asia/Teheran"
    changed["device"][0]["key"] = "PBX 1"
    changed["device"][0]["settings"] = {"modle": "KX-TDA100", "model": "KX-TDA101"}
    changed["device"][1]["link"] = {"tcp": "192.168.1.20"}
    changed["destination"][0]["kind"] = "fax"
    path.write_text(tomli_w.dumps(changed))
    with pytest.raises(SiteProblems) as found:
        load(path)
    assert {problem.field for problem in found.value.problems} == {
        "timezone",
        'device[0] "PBX 1".key',
        'device[0] "PBX 1".settings.modle',
        'device[0] "PBX 1".settings.model',
        'device[1] "pbx2".link.tcp',
        'destination[0] "crm".kind',
    }
    lines = str(found.value).splitlines()
    assert lines[0] == f"{path} has 6 mistakes:"
    assert lines[1:] == [f"  {problem}" for problem in found.value.problems]


def test_a_single_mistake_is_one_line_with_the_file(path: Path) -> None:
    path.write_text(GOOD.replace("Tehran", "Nowhere-at-all"))
    with pytest.raises(SiteProblems) as found:
        load(path)
    assert str(found.value) == (
        f'{path}: timezone: "Asia/Nowhere-at-all" is no time zone that this box knows: '
        "write one such as Asia/Tehran"
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", "1", "must be a number without quotes: write version = 1"),
        ("version", 0, "0 is none that was ever written: write 1"),
        ("name", "", "must have 1 to 64 characters, not 0"),
        ("name", 7, "must be text, not a whole number"),
        ("name", "a\nb", "must be one line without control characters"),
        ("timezone", "Asia/Teheran", 'did you mean "Asia/Tehran"?'),
        ("timezone", "/etc/passwd", "is no time zone that this box knows"),
        ("timezone", "Asia", "is no time zone that this box knows"),
        ("nmae", "x", 'is not known: did you mean "name"?'),
        ("zzzz", "x", "known are commands, destination, device, history, name, timezone, version"),
        ("device", {"key": "pbx1"}, "must be a list of tables: write [[device]] above each"),
        ("destination", "crm", "must be a list of tables: write [[destination]] above each"),
    ],
)
def test_a_mistake_at_the_top(key: str, value: object, message: str) -> None:
    told = problems(table() | {key: value})
    assert list(told) == [key]
    assert message in told[key]


@pytest.mark.parametrize("key", ["version", "name", "timezone"])
def test_what_is_missing_at_the_top_is_named(key: str) -> None:
    changed = table()
    del changed[key]
    assert problems(changed)[key].startswith(f"is missing: write {key} = ")


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"key": "PBX_1"}, "key", '"PBX_1" must be of a-z, 0-9 and -'),
        ({"key": "-a"}, "key", "not begin with -"),
        ({"key": "box"}, "key", '"box" is the name of this box itself'),
        (
            {"driver": "panasonik"},
            "driver",
            'did you mean "panasonic"? known are callerid, panasonic',
        ),
        ({"driver": "zzz"}, "driver", '"zzz" is not known: known are callerid, panasonic'),
        ({"driver": 3}, "driver", "must be text, not a whole number"),
        ({"link": "/dev/ttyUSB0"}, "link", 'must be a table such as { serial = "/dev/ttyUSB0" }'),
        ({"link": {}}, "link", "say where the device is: serial, tcp, usb, udp or hid"),
        ({"link": {"serial": "/dev/ttyUSB0", "boud": 1}}, "link.boud", "did you mean baud?"),
        ({"settings": []}, "settings", "must be a table, not a list: write it in { }"),
        ({"settings": {}}, "settings.model", "is missing"),
        ({"setings": {}}, "setings", 'did you mean "settings"?'),
    ],
)
def test_a_mistake_in_a_device(change: dict[str, Any], field: str, message: str) -> None:
    changed = table()
    changed["device"][0] |= change
    told = problems(changed)
    key = changed["device"][0]["key"]
    assert list(told) == [f'device[0] "{key}".{field}']
    assert message in told[f'device[0] "{key}".{field}']


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"date_order": "dym"},
            {"date_order": '"dym" is not known: did you mean "ymd"? known are auto, dmy, mdy, ymd'},
        ),
        ({"area_code": 51}, {"area_code": "must be text, not a whole number: write it in quotes"}),
        ({"recorder": 5}, {"recorder": "must be text, not a whole number: write it in quotes"}),
        ({"release_codes": "9"}, {"release_codes": "must be a list, not text: write it in [ ]"}),
        (
            {"release_codes": ["9", 9, "x"], "line_names": {"01": 1, "02": "a"}},
            {
                "release_codes[1]": "must be text, not a whole number: write it in quotes",
                "release_codes[2]": "must be 1 to 6 digits, * or #, such as 9",
                "line_names.01": "must be text, not a whole number: write it in quotes",
            },
        ),
        ({"country_code": "999"}, {"country_code": "no country has 999; write one such as 98"}),
        (
            {"extension_lengths": [3, 99], "model": "KX-TA824", "layout": "tda-a"},
            {
                "extension_lengths[1]": "must be a whole number from 1 to 8",
                "layout": "KX-TA824 never prints tda-a; use auto or one of: ta.",
            },
        ),
    ],
)
def test_mistakes_in_a_drivers_settings(settings: dict[str, Any], told: dict[str, str]) -> None:
    changed = table()
    changed["device"][0]["settings"] |= settings
    assert problems(changed) == {
        f'device[0] "pbx1".settings.{field}': message for field, message in told.items()
    }


def test_a_secret_is_not_repeated_in_a_message() -> None:
    changed = table()
    changed["device"][0]["settings"]["password"] = "verysecret" * 9
    changed["destination"][0]["settings"]["token"] = ["verysecret"]
    assert "verysecret" not in str(problems(changed))


def test_names_and_ports_belong_to_one_device_only() -> None:
    changed = table()
    changed["device"][1] |= {"key": "pbx1", "link": {"serial": "/dev/ttyUSB0"}}
    changed["destination"] *= 2
    assert problems(changed) == {
        'device[1] "pbx1".key': "is the key of another device too: give each its own",
        'device[1] "pbx1".link': 'is the port of the device "pbx1" too: give each device its own',
        'destination[1] "crm".name': "is the name of another CRM too: give each its own",
    }


def test_entries_that_are_no_tables_are_named_by_place() -> None:
    assert set(problems(table() | {"device": [1, {}]})) == {
        "device[0]",
        "device[1].key",
        "device[1].driver",
        "device[1].link",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'version = 1\nname = "a\n', "line 2: "),
        (b"version = 1\nname =\n", "line 2: Invalid value at column 7"),
        (b"version = [", "correct the file's end"),
        (b"name = '\xff'", "not UTF-8: save the file as UTF-8"),
        (b"name = " + b"[" * 9000 + b"]" * 9000, "brackets in brackets, far too deep"),
        (b"version = " + b"1" * 5000, "a number with thousands of digits"),
        (
            b"version = 2\nanything = 1",
            "version: 2 is from a newer payvand, this one reads up to 1",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(path: Path, text: bytes, told: str) -> None:
    path.write_bytes(text)
    with pytest.raises(BadInput) as found:
        load(path)
    assert str(found.value).startswith(f"{path}: ")
    assert told in str(found.value)
    assert "\n" not in str(found.value)


HOURLY = "from 1 to 100000, such as 30"


class Acting:
    """The table, with one driver that executes commands."""

    NAMES: tuple[str, ...] = ("echo",)

    @staticmethod
    def spec(_name: str) -> DriverSpec:
        return echo.SPEC


def test_the_box_itself_obeys_only_what_the_settings_allow(tmp_path: Path) -> None:
    assert check(tomllib.loads(GOOD)).commands.allowed == {}
    text = GOOD.replace("\n[[device]]", "\n[commands]\nforget = 60\n\n[[device]]", 1)
    site = check(tomllib.loads(text))
    assert site.commands.allowed == {"forget": 60}
    save(site, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == site
    assert "commands.dial" in problems(tomllib.loads(text.replace("forget", "dial")))


def test_commands_are_allowed_by_name_with_their_cap(path: Path) -> None:
    device = {"key": "e1", "driver": "echo", "link": {"tcp": "127.0.0.1:7"}}
    table = {"version": 1, "name": "mashhad", "timezone": "UTC"}
    site = check(table | {"device": [device | {"commands": {"say": 30}}]}, Acting())
    assert site.device[0].commands == {"say": 30}
    save(site, path)
    assert tomllib.loads(path.read_text())["device"][0]["commands"] == {"say": 30}
    with pytest.raises(SiteProblems) as found:
        check(table | {"device": [device | {"commands": {"sya": 30, "say": 0}}]}, Acting())
    assert [str(problem) for problem in found.value.problems] == [
        'device[0] "e1".commands.sya: is not known: the driver echo executes say',
        f'device[0] "e1".commands.say: must be the most within an hour, {HOURLY}',
    ]


def test_a_device_that_executes_nothing_says_so() -> None:
    table = tomllib.loads(GOOD)
    table["device"][0]["commands"] = {"dial": 30}
    with pytest.raises(SiteProblems, match="the driver panasonic executes no commands"):
        check(table)


def test_a_missing_file_says_what_to_create(path: Path) -> None:
    with pytest.raises(BadInput) as found:
        load(path)
    assert str(found.value) == (
        f"{path} does not exist: create it with version, name, timezone and a [[device]], "
        "like the example in the README"
    )


def test_a_folder_in_place_of_the_file_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        load(path)


def test_an_older_file_is_migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {
        -1: lambda old: {**old, "title": old["called"]},
        0: lambda old: {"name": old["title"], "timezone": old["timezone"]},
    }
    monkeypatch.setattr(site_module, "MIGRATIONS", steps)
    old = {"version": -1, "called": "mashhad", "timezone": "UTC"}
    assert check(old) == Site(1, "mashhad", "UTC")


def test_what_is_saved_is_what_is_loaded(path: Path) -> None:
    save(SITE, path)
    assert load(path) == SITE
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().count("[[device]]") == 2
    assert path.read_text().count("[[destination]]") == 1
    assert "date_order" not in path.read_text()


def test_save_keeps_the_last_five(path: Path) -> None:
    for number in range(8):
        save(Site(1, f"site {number}", "UTC"), path)
    names = {entry.name: load(entry).name for entry in path.parent.iterdir()}
    assert names == {"site.toml": "site 7"} | {
        f"site.toml.{age}": f"site {7 - age}" for age in range(1, 6)
    }


def test_a_cut_before_the_rename_leaves_the_old_site(
    path: Path, pytestconfig: pytest.Config
) -> None:
    save(SITE, path)
    cut = subprocess.run(
        [sys.executable, "-c", CUT, path],
        env=os.environ | {"PYTHONPATH": str(pytestconfig.rootpath)},
        timeout=60,
        check=False,
    )
    assert cut.returncode == -signal.SIGKILL
    assert load(path) == SITE
    save(Site(1, "tabriz", "UTC"), path)
    assert load(path).name == "tabriz"
    assert load(path.with_name("site.toml.1")) == SITE


def test_a_problem_reads_as_field_and_message() -> None:
    assert str(SiteProblems([Problem("name", "is wrong")])) == "site.toml: name: is wrong"


def test_a_mark_in_front_as_windows_editors_write_it_is_read_over(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(path) == SITE


def test_what_a_destination_wants_is_kept_and_its_mistakes_are_told(tmp_path: Path) -> None:
    text = GOOD + (
        '[destination.wanted]\nonly_devices = ["pbx1", "box"]\n'
        'all_but_directions = ["internal"]\nall_but_numbers = ["+989120001122", "+9821*", "105"]\n'
    )
    site = check(tomllib.loads(text))
    assert site.destination[0].wanted == Wanted(
        only_devices=("pbx1", "box"),
        all_but_directions=("internal",),
        all_but_numbers=("+989120001122", "+9821*", "105"),
    )
    save(site, tmp_path / "site.toml")
    assert load(tmp_path / "site.toml") == site
    with pytest.raises(SiteProblems) as raised:
        check(tomllib.loads(text.replace('["pbx1", "box"]', '["pbx3"]').replace("+9821*", "021*")))
    told = {problem.field: problem.message for problem in raised.value.problems}
    assert set(told) == {
        'destination[0] "crm".wanted.only_devices[0]',
        'destination[0] "crm".wanted.all_but_numbers[1]',
    }
    assert 'did you mean "pbx' in told['destination[0] "crm".wanted.only_devices[0]']
