"""The catalogue is complete, used and in one vocabulary; digits, letters, days as people type."""

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from edge.local.persian import persian
from webui.dates import long_date, parsed_day, short_date
from webui.digits import latin, typed, unturned
from webui.language import CODES, FOLDER, catalogue, preferred
from webui.page import TEMPLATES, Writer

HERE = TEMPLATES.parent
KEY = re.compile(r"[\"']([a-z]+\.[a-z0-9_]+)[\"']")
PREFIX = re.compile(r"[\"']([a-z]+\.[a-z0-9_]*)[\"'] ?~|f\"([a-z]+\.)\{|options\(\"([a-z]+)\"")
PLACE = re.compile(r"\{(\w+)\}")
TEHRAN = ZoneInfo("Asia/Tehran")
PERSIAN = re.compile("[\u0622-\u064a\u067e-\u06cc]{3}")
ENOUGH = 800
NOT_SAID = {"edge/access/common_words.py", "edge/local/persian.py", "edge/site/checking.py"}
"""What people type, and what a docstring shows."""
_WORD = r"[\u0621-\u064a\u067e-\u06cc\u200c]"
FORBIDDEN = {
    "[يكۀ]": "the letters are ی, ک and ه",
    "\u0654": "no hamze over ه: شماره, not شمارهٔ",
    f"(?<!{_WORD})(?:لاین|دیوایس|فاکس|پسورد|یوزر|پورت|آدرس)": "Persian has a word",
    "دیسک": "حافظه",
    "پالایش": "فیلتر",
    "پرونده": "فایل",
    "گذرواژه": "رمز عبور",
    f"(?<!{_WORD})(?<!عبارت )رمز(?! عبور)(?:های?)?(?!{_WORD})(?! عبور)": "رمز عبور",
    "پراکسی": "پروکسی",
    "کارخواه": "کلاینت",
    "دیواره آتش": "فایروال",
    f"(?<!{_WORD})(?:آن|این)ها": "آن‌ها, این‌ها: with a half-space",
    "تنظیم‌ها|تغییرها": "تنظیمات, تغییرات",
    "سیم زنده|روی سیم": "داده زنده; no current runs there",
    "به شما نیاز|نیاز به نگاه|صدایی نیست|چیزی نمی‌گوید|میان راه": "a calque",
    "فهمیده": "خوانده: a box reads",
    f"بساز(?!{_WORD})": "a noun on a form, not an order",
    r"[0-9]+ (?:نویسه|رقم|ثانیه|دقیقه|ساعت|روز|رویداد|تماس|بایت)": "Persian digits in prose",
}
"""What was once there, or comes easily, and what to write."""


def sources() -> str:
    files = [*HERE.rglob("*.html"), *HERE.rglob("*.py")]
    return "\n".join(path.read_text() for path in files)


def test_both_languages_have_every_word_with_the_same_places() -> None:
    languages = catalogue()
    assert languages["fa"].words.keys() == languages["en"].words.keys()
    for key, english in languages["en"].words.items():
        other = languages["fa"].words[key]
        assert set(PLACE.findall(english)) == set(PLACE.findall(other)), key
        assert re.search("[\u0600-\u06ff]", other) or key in {"form.unset", "step.crm"}, key
        assert not re.search("[\u0600-\u06ff]", english), key


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    text = sources()
    used = set(KEY.findall(text))
    begins = {next(filter(None, found)) for found in PREFIX.findall(text)}
    words = catalogue()["en"].words
    sections = {key.partition(".")[0] for key in words}
    unused = [
        key
        for key in words
        if key not in used and not any(key.startswith(begin) for begin in begins)
    ]
    assert unused == []
    missing = [
        key
        for key in used
        if key.partition(".")[0] in sections
        and key not in words
        and not key.endswith((".html", ".css", ".svg", ".js"))
        and not any(word.startswith(key) for word in words)
    ]
    assert missing == []


def test_no_section_stands_in_two_files() -> None:
    seen: set[str] = set()
    for path in FOLDER.glob("*.toml"):
        sections = tomllib.loads(path.read_text()).keys()
        assert not seen & sections
        seen |= sections


def test_persian_keeps_to_its_letters_and_glossary() -> None:
    said = list(persian_texts())
    assert len(said) > ENOUGH
    wrong = [
        f"{where}: {text!r} has {found[0]!r}; {better}"
        for where, text in said
        for pattern, better in FORBIDDEN.items()
        if (found := re.search(pattern, text))
    ]
    assert wrong == []


def test_every_word_of_the_glossary_is_used() -> None:
    text = (HERE.parent / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| ([a-zA-Z ,()-]+) \| (.*?[\u0600-\u06ff].*?) \|", text, re.MULTILINE)
    assert len(rows) >= 20
    said = "\n".join(text for _, text in persian_texts())
    assert [english for english, word in rows if word not in said] == []


def persian_texts() -> Iterator[tuple[str, str]]:
    """All that the page can say in Persian: its own words, and the edge's and the drivers'."""
    yield from catalogue()["fa"].words.items()
    for folder in ("edge", "drivers"):
        for path in (HERE.parent / folder).rglob("*"):
            name = path.relative_to(HERE.parent).as_posix()
            if name.startswith("edge/crm/") or name in NOT_SAID:
                continue
            if path.suffix == ".toml":
                for section in tomllib.loads(path.read_text()).values():
                    yield from ((name, told) for told in section.values())
            elif path.suffix == ".py":
                yield from ((name, told) for told in _strings(path.read_text()))


def _strings(source: str) -> Iterator[str]:
    """The Persian ones of a module, a sentence in parts as a whole."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value for part in node.values if isinstance(part, ast.Constant))
            text = "…".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if PERSIAN.search(text):
            yield text


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("۰۹۱۲", "0912"),
        ("٠٩١٢", "0912"),
        ("  ۱۹۲.۱۶۸.۱.۲۰:۲۳۰۰ ", "192.168.1.20:2300"),
        ("علي كاظمی", "علی کاظمی"),
        ("می‌شود", "می‌شود"),
    ],
)
def test_what_is_typed_comes_in_one_form(given: str, meant: str) -> None:
    assert typed(given) == meant


def test_digits_turn_and_come_back() -> None:
    assert persian("12.5") == "۱۲٫۵"
    assert latin("۱۲") == "12"


def test_nobody_turns_a_line() -> None:
    assert unturned("abc\u202edef\u2066\u200f") == "abcdef"


def test_days_are_read_in_both_calendars() -> None:
    assert parsed_day("1405/01/01") == date(2026, 3, 21)
    assert parsed_day(typed("۱۴۰۳/۱۲/۳۰")) == date(2025, 3, 20)
    assert parsed_day("1404/12/30") is None
    assert parsed_day("2026-03-21") == date(2026, 3, 21)
    for wrong in ("", "1405", "1405/13/01", "0/0/0", "9999/99/99", "a/b/c", "1405/01/32"):
        assert parsed_day(wrong) is None, wrong


def test_dates_are_written_as_the_reference_shows() -> None:
    moment = datetime(2026, 3, 21, 8, 5, tzinfo=UTC)
    assert long_date(moment, TEHRAN, "fa") == "شنبه ۱ فروردین ۱۴۰۵، ساعت ۱۱:۳۵"
    assert short_date(moment, TEHRAN, "fa") == "۱۴۰۵/۰۱/۰۱ ۱۱:۳۵"
    assert long_date(moment, TEHRAN, "en") == "Saturday 21 March 2026, 11:35"


def test_numbers_and_names_are_isolated_and_harmless() -> None:
    writer = Writer(catalogue()["fa"])
    assert writer.ltr("+98912") == '<bdi dir="ltr">+98912</bdi>'
    assert writer.name("<b>\u202eevil") == "<bdi>&lt;b&gt;evil</bdi>"
    assert "&lt;i&gt;" in writer.t("span.ago", span="<i>")
    assert writer.number(1234567) == "۱٬۲۳۴٬۵۶۷"
    assert writer.clock(3605) == "۱:۰۰:۰۵"


@pytest.mark.parametrize(
    ("cookie", "accepted", "code"),
    [
        ("en", "fa-IR", "en"),
        (None, "de,en-US;q=0.8,fa;q=0.5", "en"),
        (None, "fa-IR,en", "fa"),
        ("xx", "", "fa"),
    ],
)
def test_the_language_is_the_visitors(cookie: str | None, accepted: str, code: str) -> None:
    assert preferred(cookie, accepted) == code
    assert code in CODES
