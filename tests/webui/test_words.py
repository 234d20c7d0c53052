"""The catalogue is complete, used and in one vocabulary; digits, letters, days as people type."""

import re
import tomllib
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
    for key, text in catalogue()["fa"].words.items():
        for wrong in ("ي", "ك", "لاین", "دیوایس", "فاکس", "پسورد", "یوزر"):
            assert wrong not in text, key


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
