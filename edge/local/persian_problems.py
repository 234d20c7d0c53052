"""What is wrong with a setting, in Persian too.

edge.site.checking and the settings tell it in English, for whoever edits site.toml. Most of what a
form can bring about is of a few kinds, and these are told in Persian; of the rest the sentence says
that something is wrong, with the English one behind it.
"""

import re

from edge.local.issue import Words

_PATTERNS = tuple(
    (re.compile(english, re.DOTALL), persian)
    for english, persian in (
        (r"is missing.*", "خالی است؛ آن را پر کنید."),
        (r"must have 1 to (\d+) characters.*", r"باید ۱ تا \1 نویسه باشد."),
        (r"must be `str` of length >= (\d+)", r"دست‌کم \1 نویسه لازم است."),
        (r"must be text in quotes of length >= (\d+).*", r"دست‌کم \1 نویسه لازم است."),
        (r"must be text in quotes of length <= (\d+).*", r"حداکثر \1 نویسه مجاز است."),
        (r"must be a (?:whole )?number >= (-?[\d.]+).*", r"باید \1 یا بیشتر باشد."),
        (r"must be a (?:whole )?number <= (-?[\d.]+).*", r"باید \1 یا کمتر باشد."),
        (r"must be a whole number.*", "باید عدد صحیح باشد."),
        (r"must be a number.*", "باید عدد باشد."),
        (r"must be true or false.*", "باید بله یا خیر باشد."),
        (r"must be a list.*", "باید فهرست باشد."),
        (r"must be text.*of the form.*", "شکل آن درست نیست."),
        (r"must be text.*", "باید متن باشد."),
        (r'"(.*)" is not known: .*', r"«\1» شناخته نیست."),
        (r"is not known.*", "شناخته نیست."),
        (r"is also the (?:key|name) of .*", "این نام پیش‌تر به کار رفته است."),
        (
            r'"(.*)" must be of a-z, 0-9 and -.*',
            r"«\1» فقط باید از حروف کوچک انگلیسی، رقم و - باشد.",
        ),
        (r'"(.*)" is no time zone.*', r"«\1» منطقه زمانی نیست؛ مانند Asia/Tehran بنویسید."),
        (r"is the port of (.*) too.*", r"این درگاه را \1 هم دارد؛ هر درگاه برای یک دستگاه است."),
        (r"say where the device is.*", "بگویید دستگاه کجاست: سریال، شبکه یا USB."),
        (r"write the port in quotes.*", "نام درگاه را بنویسید، مانند /dev/ttyUSB0."),
        (r"'(.*)' is no port;.*", r"«\1» درگاه نیست؛ مانند /dev/ttyUSB0 بنویسید."),
        (r".* is no usual speed; use one of (.*)", r"سرعت معمول نیست؛ یکی از این‌ها: \1"),
        (r"write host and port.*", "نشانی و درگاه را بنویسید، مانند 192.168.1.20:2300."),
        (r"'(.*)' has no port number.*", r"«\1» شماره درگاه ندارد، مانند 192.168.1.20:2300."),
        (r"'(.*)' is no host and port.*", r"«\1» نشانی و درگاه نیست؛ مانند 192.168.1.20:2300."),
        (r"no country has (\S+);.*", r"هیچ کشوری کد \1 ندارد؛ مانند 98 بنویسید."),
        (r"unknown model '(.*)';.*", r"مدل «\1» شناخته نیست."),
        (r"(.*) never prints (.*); use .*", r"\1 هرگز \2 چاپ نمی‌کند؛ auto را برگزینید."),
        (
            r"the address must begin with (\S+)(?: or (\S+))? and name a host;.*",
            r"نشانی CRM باید با \1 آغاز شود؛ مانند https://crm.example.com بنویسید.",
        ),
        (r"cannot be read: .*", "خوانده نمی‌شود."),
    )
)


def in_both(english: str) -> Words:
    """The sentence in both languages."""
    for pattern, persian in _PATTERNS:
        if found := pattern.fullmatch(english):
            return Words(english, found.expand(persian))
    return Words(english, f"درست نیست: \u2066{english}\u2069")
