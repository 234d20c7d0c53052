"""Which passwords and codes are taken, and how they are read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.access import names, passwords, setup_code
from edge.access.delays import Delays
from edge.access.refusals import TooOften

CONTEXT = ["mashhad-branch", "parisa", "pbx1"]


@pytest.mark.parametrize(
    "password",
    [
        "a good long one",
        "صندلی سبز روی بام",
        "x7%Kq2!z",
        "🐪🐪🐫🌴🏜️🏕️⛺🌌",
        " leading blank and more",
        "y" * 64 + "z" * 32 + "w" * 32,
        "mashhad-branch has nine telephones",
        "با رمز ۱۲۳۴ تمام",
    ],
)
def test_anything_long_enough_and_not_the_first_guess_is_taken(password: str) -> None:
    assert passwords.mistakes(password, CONTEXT) == []


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "Write a password"),
        ("1", "8 characters or more"),
        ("short7!", "8 characters or more"),
        ("ab" * 65, "128 characters at most"),
        ("12345678", "first that anybody tries"),
        ("۱۲۳۴۵۶۷۸", "first that anybody tries"),
        ("٨٧٦٥٤٣٢١", "first that anybody tries"),
        ("qwertyuiop", "first that anybody tries"),
        ("aaaaaaaaaaaa", "first that anybody tries"),
        ("Password1!", "first that anybody tries"),
        ("PANASONIC", "first that anybody tries"),
        ("Payvand2026", "first that anybody tries"),
        ("ＰＡＳＳＷＯＲＤ１", "first that anybody tries"),
        ("گذرواژه۱۲۳", "first that anybody tries"),
        ("Mashhad-Branch1", "name of the box"),
        ("parisa1405", "name of the box"),
        ("good enough \ud800", "broken character"),
    ],
)
def test_each_mistake_is_said(password: str, says: str) -> None:
    found = passwords.mistakes(password, CONTEXT)
    assert any(says in mistake.text.en for mistake in found)
    assert all(mistake.text.fa for mistake in found)


def test_two_mistakes_are_said_together() -> None:
    assert len(passwords.mistakes("1234567", [])) == 2


@given(st.text(max_size=200))
def test_no_text_breaks_the_rules(text: str) -> None:
    passwords.mistakes(text, CONTEXT)
    names.mistakes(text)
    assert setup_code.read(text) in ("", setup_code.read(setup_code.read(text)))


def test_a_password_fits_in_either_form_of_its_letters_and_its_hash_tells_how_it_was_made() -> None:
    composed = "caf\u00e9 au lait"
    kept = passwords.hashed(composed)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(kept, unicodedata.normalize("NFD", composed))
    assert not passwords.fits(kept, composed.upper())
    assert not passwords.fits("no hash", composed)


def test_a_setup_code_is_read_as_it_was_meant() -> None:
    code = setup_code.new()
    assert setup_code.read(code) == setup_code.read(f"  {code.lower().replace('-', ' ')} ")
    assert setup_code.read("7kq2m-xw4ho") == setup_code.read("7KQ2MXW4H0")
    assert setup_code.read("7kq2m-xw4hi") == setup_code.read("۷KQ2M-XW4Hl") == "7KQ2MXW4H1"
    for wrong in ("", "7KQ2M", "7KQ2M-XW4HU", "7KQ2M-XW4HDD", "ض" * 10):
        assert setup_code.read(wrong) == ""


def test_codes_have_fifty_bits_and_never_come_twice() -> None:
    codes = {setup_code.new() for _ in range(10_000)}
    assert len(codes) == 10_000
    signs = {sign for code in codes for sign in code}
    assert signs == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")


def _attack(addresses: int, seconds: int, delays: Delays) -> int:
    """How many of its attempts are heard, when each address knocks every second."""
    heard = 0
    for now in range(seconds):
        for number in range(addresses):
            if delays.attempt(f"10.0.0.{number}", float(now)) == 0:
                heard += 1
                delays.failed(f"10.0.0.{number}", float(now))
    return heard


def test_guessing_from_one_address_for_hours_is_heard_as_often_as_the_longest_wait_lets() -> None:
    assert 60 <= _attack(1, 6 * 3600, Delays()) <= 5 + 10 + 6 * 12


def test_guessing_from_fifty_addresses_is_bounded_and_the_owner_is_heard_meanwhile() -> None:
    delays = Delays()
    assert _attack(50, 900, delays) <= 10 + 900 / 6 + 10 + 900 / 15
    assert delays.attempt("192.168.1.7", 900.0) == 0
    assert delays.attempt("10.0.0.1", 900.0) > 0


def test_who_came_in_before_is_heard_although_he_mistyped_and_strangers_take_all_turns() -> None:
    delays = Delays()
    delays.succeeded("192.168.1.7")
    delays.failed("192.168.1.7", 0.0)
    heard = [0]
    for now in range(900):
        for number in range(250):
            if delays.attempt(f"10.0.0.{number}", float(now)) == 0:
                delays.failed(f"10.0.0.{number}", float(now))
        if now % 60 == 0:
            heard.append(now)
            assert delays.attempt("192.168.1.7", float(now)) == 0
    assert len(heard) > 10


def test_one_s_own_log_ins_make_nobody_else_s_password_quick_to_guess() -> None:
    delays, now, guesses = Delays(), 0.0, 0
    while now < 3600.0:
        for guess in (True, True, True, True, False):
            while wait := delays.attempt("10.0.0.1", now):
                now += wait + 0.001
            if guess:
                guesses += 1
                delays.failed("10.0.0.1", now)
            else:
                delays.succeeded("10.0.0.1")
    assert guesses < 100


def test_nobody_waits_longer_than_five_minutes_however_often_he_failed() -> None:
    delays, now = Delays(), 0.0
    waits = []
    for _ in range(40):
        while wait := delays.attempt("10.0.0.1", now):
            waits.append(wait)
            now += wait
        delays.failed("10.0.0.1", now)
    assert max(waits) == pytest.approx(300.0)
    delays.succeeded("10.0.0.1")
    assert delays.attempt("10.0.0.1", now) == 0


def test_an_ipv6_network_is_one_address_and_what_is_kept_is_bounded() -> None:
    delays = Delays()
    for number in range(5):
        assert delays.attempt(f"2001:db8:1:2::{number}", 0.0) == 0
        delays.failed(f"2001:db8:1:2::{number}", 0.0)
    assert delays.attempt("2001:db8:1:2:ffff::1", 0.0) > 0
    assert delays.attempt("2001:db8:1:3::1", 0.0) == 0
    for number in range(5000):
        delays.failed(f"name {number}", 0.0)
    assert len(delays._records) == 1000


def test_a_name_is_the_same_from_every_keyboard() -> None:
    for one, other in (("مریم ۲", "مریم 2"), ("علي", "علی"), ("SARA٣", "sara3")):
        assert names.key(one) == names.key(other)
    assert names.key("مریم ۲") != names.key("مریم ۳")


def test_nobody_is_told_to_try_again_in_no_time() -> None:
    assert "in 1 s" in TooOften(0.2).failure.text.en
    assert "in 13 s" in TooOften(12.4).failure.text.en
