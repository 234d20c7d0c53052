"""The dialogue before the call log, cut anywhere: prompts have no line end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DeviceRefused
from drivers.panasonic.login import Login

LOG = b"\r\n09/03/26 08:05     104 02 0218000                        00:00'42               \r\n"
STEPS = (b"-", b"SMDR\rEnter Password:", b"*******\r\n")


def talk(login: Login, data: bytes, size: int, now: float = 0.0) -> tuple[bytes, bytes]:
    """Feed in pieces of this size; what was sent and what was log, joined."""
    sent = log = b""
    for start in range(0, len(data), size):
        more, part = login.feed(data[start : start + size], now)
        sent, log = sent + more, log + part
    return sent, log


@pytest.mark.parametrize("size", range(1, 23))
@pytest.mark.parametrize(
    "steps",
    [
        STEPS,
        (b"\xff\xfd\x01\xff\xfb\x03-", *STEPS[1:]),
        (b"\r\n- ", b"smdr\r\nenter password: ", b"***\r\n"),
        (b"-", b"Password:", b""),
    ],
    ids=["plain", "telnet options", "lower case", "no echo"],
)
def test_user_then_password_then_the_log(steps: tuple[bytes, ...], size: int) -> None:
    login = Login("PCCSMDR", 0.0)
    assert talk(login, steps[0], size)[0] == b"SMDR\r\n"
    assert not login.inside
    assert talk(login, steps[1], size)[0] == b"PCCSMDR\r\n"
    sent, log = talk(login, steps[2] + LOG, size)
    assert login.inside
    assert sent == b""
    assert log.endswith(LOG)


@given(cuts=st.lists(st.integers(0, 9 + len(LOG)), max_size=8))
def test_the_log_is_the_same_under_any_cut(cuts: list[int]) -> None:
    login = Login("PCCSMDR", 0.0)
    login.feed(STEPS[0], 0.0)
    login.feed(STEPS[1], 0.0)
    data = STEPS[2] + LOG
    places = sorted(cuts)
    got = b"".join(
        login.feed(data[start:end], 0.0)[1]
        for start, end in zip([0, *places], [*places, len(data)], strict=True)
        if start < end
    )
    assert got == data


def test_the_password_that_was_set_is_sent() -> None:
    login = Login("other", 0.0)
    login.feed(STEPS[0], 0.0)
    assert login.feed(STEPS[1], 0.0)[0] == b"other\r\n"


@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("again", [b"Enter Password:", b"Invalid password\r\nEnter Password:"])
def test_a_wrong_password_is_refused_with_advice(size: int, again: bytes) -> None:
    login = Login("wrong", 0.0)
    login.feed(STEPS[0], 0.0)
    login.feed(STEPS[1], 0.0)
    talk(login, b"*****\r\n", size, 0.1)
    with pytest.raises(DeviceRefused) as refused:
        talk(login, again, size, 4.0)
    assert refused.value.code == "wrong-password"
    assert "password" in refused.value.advice


@pytest.mark.parametrize("size", [1, 3, 40])
def test_rejected_instead_of_the_prompt(size: int) -> None:
    with pytest.raises(DeviceRefused) as refused:
        talk(Login("PCCSMDR", 0.0), b"\r\nRejected\r\n", size)
    assert refused.value.code == "rejected"
    assert "another SMDR client" in refused.value.advice


def test_a_silent_exchange_is_asked_after_two_seconds() -> None:
    login = Login("PCCSMDR", 100.0)
    assert login.due() == 102.0
    assert login.tick(101.9) == b""
    assert login.tick(102.0) == b"SMDR\r\n"
    assert login.tick(103.0) == b"", "once"
    assert login.feed(b"SMDR\rEnter Password:", 103.0)[0] == b"PCCSMDR\r\n"


def test_the_prompt_after_the_silence_does_not_ask_twice() -> None:
    login = Login("PCCSMDR", 0.0)
    login.tick(2.0)
    assert login.feed(b"-", 2.1)[0] == b""
    assert login.feed(b"SMDR\rEnter Password:", 2.2)[0] == b"PCCSMDR\r\n"


@pytest.mark.parametrize("size", [1, 5, 200])
def test_a_serial_converter_has_no_dialogue(size: int) -> None:
    login = Login("PCCSMDR", 0.0)
    sent, log = talk(login, LOG.lstrip(), size)
    assert login.inside
    assert sent == b""
    assert log == LOG.lstrip()


def test_a_password_prompt_in_the_log_is_no_refusal() -> None:
    """A caller's name may hold the word; once records come, the password was right."""
    login = Login("PCCSMDR", 0.0)
    for step in STEPS:
        login.feed(step, 0.0)
    login.feed(LOG, 0.1)
    named = LOG.replace(b"0218000        ", b"<I>password inc")
    assert login.feed(named, 0.2) == (b"", named)
