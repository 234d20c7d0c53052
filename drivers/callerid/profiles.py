r"""The profiles that Payvand brings along, one table line each; facts: reference 1 to 4 and 6.4.

segal-c       L1C09120001122@  L1R01@  L1HF@  L1D0@  L1HND:09120001122 T0105@
segal-plain   the same with L1<number>@
danjeh-text   L1C09120001122@ and lines with hook-off, hook-on, Dialed           unconfirmed
yasna-text    L1 CallerID:09120001122 RingsCount:2 ; HookOn, HookOff, ...        unconfirmed
techno-text   D1:L1:CallerID=09120001122.  D1:L1:Ring=1.  D1:L1:Answer.
whozz         01 I S 0276 G B3 09/26 11:28 AM 800-555-1212   NAME                 also UDP 3520
netcallerid   ###DATE03211405...NMBR09120001122...NAMEALI+++
modem-vcid    RING, NMBR = 09120001122, DATE = 0321, ...
ad101         HID reports in hex: line, kind, value                              unconfirmed
"""

from drivers.callerid.profile import Event, Framing, Profile, Rule, Semantics, SerialLine

_LINE = r"L(?P<line>[1-9])"
_KEYS = r"[0-9*#A-Da-d]"
_TEXT_LINE = r"(?i)(?=.*\bL(?P<line>[1-8]))"
_YASNA_FIGURES = rf"(?=.*Duration:(?P<duration>\d+)|)(?=.*Dialed:(?P<digits>{_KEYS}+)|)"
_NET_NUMBER = r"###DATE(?P<printed>\d{0,8})\.\.\.NMBR(?P<number>[^.]*)"
_TECHNO = r"D\d:L(?P<line>\d):"
_WHOZZ = r"(?:\^\^<U>.{6}<S>.{6})?\$?(?P<line>\d\d) "
_WHOZZ_TIME = r"(?P<printed>\d\d/\d\d \d\d:\d\d [AP]M)"
_WHOZZ_REST = rf"(?:G|(?P<bad>B)) .\d {_WHOZZ_TIME} ?(?P<number>.{{0,14}}) ?(?P<name>.*)"
_WHOZZ_OUT = rf"[GB] .\d {_WHOZZ_TIME} ?(?P<digits>[^ ]*).*"
_AT_LINE = r"(?P<line_hex>0[0-7])"
_MANY_SPEEDS = (115200, 9600, 19200, 38400, 57600, 1200, 2400, 4800)


def _rules(*rules: tuple[Event, str]) -> tuple[Rule, ...]:
    return tuple(Rule(event, regex) for event, regex in rules)


_SEGAL_LINES: tuple[tuple[Event, str], ...] = (
    ("ring", rf"{_LINE}R(?P<rings>\d{{1,3}})"),
    ("off_hook", rf"{_LINE}HF"),
    ("digit", rf"{_LINE}D(?P<digits>{_KEYS})"),
    ("on_hook", rf"{_LINE}HND:(?P<digits>{_KEYS}*)\s*(?P<duration>T\d{{4}})"),
    ("info", r"(?:@?www\.[\w.-]+)"),
)

_ALL = (
    Profile(
        id="segal-c",
        title="Segal, new format",
        confirmed=True,
        rules=_rules(("caller_id", rf"{_LINE}C(?P<number>{_KEYS}*)"), *_SEGAL_LINES),
        framing=Framing(ends="@", longest=64),
        serial=SerialLine((115200, 9600, 19200, 38400, 57600)),
    ),
    Profile(
        id="segal-plain",
        title="Segal, old format",
        confirmed=True,
        rules=_rules(("caller_id", rf"{_LINE}(?P<number>\d{_KEYS}*)"), *_SEGAL_LINES),
        framing=Framing(ends="@", longest=64),
        serial=SerialLine((115200, 9600, 19200, 38400, 57600)),
    ),
    Profile(
        id="danjeh-text",
        title="Danjeh",
        confirmed=False,
        rules=_rules(
            ("off_hook", rf"{_TEXT_LINE}.*hook-off.*"),
            ("on_hook", rf"{_TEXT_LINE}.*hook-on.*"),
            ("dialled", rf"{_TEXT_LINE}.*Dialed\W{{0,8}}(?P<digits>{_KEYS}*).*"),
            ("incoming", rf"L(?P<line>[1-8])[C: ](?P<number>{_KEYS}*)@"),
        ),
        framing=Framing(longest=128),
        semantics=Semantics(quiet_seconds=30.0),
        serial=SerialLine(_MANY_SPEEDS),
    ),
    Profile(
        id="yasna-text",
        title="Yasna System, Caspian",
        confirmed=False,
        rules=_rules(
            (
                "incoming",
                rf"{_TEXT_LINE}(?=.*RingsCount:(?P<rings>\d+)|).*CallerID:(?P<number>{_KEYS}*)\b.*",
            ),
            ("ring", rf"{_TEXT_LINE}.*(?:RingsCount:(?P<rings>\d+)|Ringing).*"),
            ("off_hook", rf"{_TEXT_LINE}.*(?:Off-hook|HookOff).*"),
            ("on_hook", rf"{_TEXT_LINE}{_YASNA_FIGURES}.*(?:On-hook|HookOn).*"),
            ("dialled", rf"{_TEXT_LINE}.*Dialed:(?P<digits>{_KEYS}+).*"),
        ),
        framing=Framing(longest=160),
        serial=SerialLine(_MANY_SPEEDS),
    ),
    Profile(
        id="techno-text",
        title="Techno",
        confirmed=True,
        rules=_rules(
            ("caller_id", rf"{_TECHNO}CallerID=(?P<number>{_KEYS}*)"),
            ("ring", rf"{_TECHNO}Ring=(?P<rings>\d+)"),
            ("answered", rf"{_TECHNO}Answer"),
            ("off_hook", rf"{_TECHNO}(?:HangUp|HookOff)"),
            ("on_hook", rf"{_TECHNO}(?:HangDown|HookOn)(?:,Time=(?P<duration>\d+))?"),
            ("digit", rf"{_TECHNO}Dial=(?P<digits>{_KEYS})"),
            ("missed", rf"{_TECHNO}MissCall(?:,Ring=(?P<rings>\d+))?"),
            ("line_lost", rf"{_TECHNO}LineDisconnect"),
            ("line_back", rf"{_TECHNO}LineConnect"),
            ("device_in", r"D\d:DeviceConnect(?:,Serial=\w*)?(?:,CountLine=\d+)?"),
            ("device_out", r"D\d:DeviceDisconnect[\w=,]*"),
            ("info", r"D\d:(?:L\d:)?ErrorCode=\d+"),
        ),
        framing=Framing(ends=".", longest=96),
        serial=SerialLine(_MANY_SPEEDS),
    ),
    Profile(
        id="whozz",
        title="Whozz Calling? (CallerID.com)",
        confirmed=True,
        transports=("serial", "udp"),
        rules=_rules(
            ("incoming", rf"{_WHOZZ}I [SB] \d{{4}} {_WHOZZ_REST}"),
            ("over", rf"{_WHOZZ}I E (?P<duration>\d{{4}}) {_WHOZZ_REST}"),
            ("dialled", rf"{_WHOZZ}O [SB] \d{{4}} {_WHOZZ_OUT}"),
            ("over", rf"{_WHOZZ}O E (?P<duration>\d{{4}}) {_WHOZZ_OUT}"),
            ("ring", rf"{_WHOZZ}R +{_WHOZZ_TIME}"),
            ("off_hook", rf"{_WHOZZ}F +{_WHOZZ_TIME}"),
            ("on_hook", rf"{_WHOZZ}N +{_WHOZZ_TIME}"),
            ("info", rf"{_WHOZZ}H +{_WHOZZ_TIME}"),
            ("info", r"\^\^Id.*|[A-Za-z]{1,30}"),
        ),
        framing=Framing(longest=128),
        semantics=Semantics(quiet_seconds=60.0, quiet_means="unknown"),
        serial=SerialLine((9600, 1200)),
    ),
    Profile(
        id="netcallerid",
        title="NetCallerID",
        confirmed=True,
        rules=_rules(
            ("incoming", rf"{_NET_NUMBER}\.\.\.NAME(?P<name>[^+]*)\+\+\+"),
        ),
        framing=Framing(longest=128),
        semantics=Semantics(quiet_seconds=30.0, quiet_means="unknown"),
        serial=SerialLine((4800,)),
    ),
    Profile(
        id="modem-vcid",
        title="Fax modem that shows caller ID",
        confirmed=True,
        rules=_rules(
            ("ring", r"RING"),
            ("caller_id", r"NMBR ?= ?(?P<number>.*)"),
            ("caller_name", r"NAME ?= ?(?P<name>.*)"),
            ("clock", r"(?:DATE|TIME) ?= ?(?P<printed>\d{4})"),
            ("caller_id", r"MESG ?= ?(?P<message>[0-9A-Fa-f]+)"),
            ("info", r"OK|ERROR|NO CARRIER|BUSY|AT[ -~]*"),
        ),
        framing=Framing(longest=160),
        semantics=Semantics(quiet_means="unknown"),
        serial=SerialLine((115200, 57600, 38400, 19200, 9600)),
        init=(
            ("ATE0V1S0=0",),
            ("AT+VCID=1", "AT#CID=1", "AT%CCID=1", "AT#CC1", "AT*ID1"),
        ),
    ),
    Profile(
        id="ad101",
        title="Artech AD101, AD102, AD130 and their kin (HID)",
        confirmed=False,
        transports=("hid",),
        rules=_rules(
            ("ring", rf"{_AT_LINE}0807.*"),
            ("off_hook", rf"{_AT_LINE}080[45].*"),
            ("on_hook", rf"{_AT_LINE}080[123].*"),
            ("line_lost", rf"{_AT_LINE}0806.*"),
            ("caller_id", rf"{_AT_LINE}09(?P<number_hex>(?:[0-9a-f]{{2}})*)"),
            ("digit", rf"{_AT_LINE}0[ae](?P<digits_hex>[0-9a-f]{{2}}).*"),
            ("missed", rf"{_AT_LINE}aa.*"),
            ("info", rf"{_AT_LINE}(?:08(?:08|09|0a|0b)|07|0b|0c|0d|0f|1[0-5]|bb|ee|ff).*"),
        ),
        framing=Framing(longest=256),
    ),
)
PROFILES = {profile.id: profile for profile in _ALL}
