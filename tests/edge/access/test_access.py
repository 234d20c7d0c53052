"""Sessions, setup and users: with fed time, over restarts, raced and on a full disk."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from edge.access import kept, passwords, setup_code
from edge.access.records import ChangedUser, FirstUser, NewPassword, NewUser
from edge.access.refusals import (
    ConfirmFirst,
    Conflict,
    Forbidden,
    Mistakes,
    NoSession,
    Refusal,
    TooOften,
    Unknown,
    WrongLogin,
)
from tests.edge.access.conftest import PASSWORD, FedClock, House

OTHER = "another good one"
Begin = Callable[[], House]


async def test_a_session_ends_after_half_an_hour_without_a_request(house: Begin) -> None:
    one = house()
    token = await one.claimed()
    for _ in range(4):
        one.clock.seconds += 29 * 60
        assert one.access.caller(token, "10.0.0.1").name == "maryam"
    one.clock.seconds += 30 * 60
    with pytest.raises(NoSession):
        one.access.caller(token, "10.0.0.1")


async def test_a_session_ends_after_twelve_hours_however_busy(house: Begin) -> None:
    one = house()
    token = await one.claimed()
    for _ in range(12 * 3 - 1):
        one.clock.seconds += 20 * 60
        one.access.caller(token, "10.0.0.1")
    one.clock.seconds += 20 * 60
    with pytest.raises(NoSession):
        one.access.caller(token, "10.0.0.1")


async def test_a_step_of_the_clock_neither_ends_nor_lengthens_a_session(house: Begin) -> None:
    one = house()
    token = await one.claimed()
    one.clock.jumps = timedelta(days=20_000)
    assert one.access.caller(token, "")
    one.clock.jumps = -timedelta(days=20)
    one.clock.seconds += 31 * 60
    with pytest.raises(NoSession):
        one.access.caller(token, "")


async def test_a_restart_keeps_sessions_and_another_boot_does_not(
    house: Begin, clock: FedClock
) -> None:
    token = await house().claimed()
    assert house().access.caller(token, "").name == "maryam"
    clock.boot, clock.seconds = "boot-2", 10.0
    with pytest.raises(NoSession):
        house().access.caller(token, "")


async def test_nothing_that_opens_a_door_is_kept(house: Begin, tmp_path: Path) -> None:
    one = house()
    await one.setup.prepare()
    code = (tmp_path / "setup-code").read_text().strip()
    token = await one.claimed()
    await one.access.log_in("MARYAM", PASSWORD, "10.0.0.1")
    files = await asyncio.to_thread(_contents, tmp_path)
    for secret in (token, PASSWORD, code, setup_code.read(code)):
        assert secret.encode() not in files
    assert (tmp_path / kept.FILE).stat().st_mode & 0o777 == 0o600


def _contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_log_in_gives_another_token_each_time_and_log_out_ends_one(house: Begin) -> None:
    one = house()
    first = await one.claimed()
    second = (await one.access.log_in("maryam", PASSWORD, "10.0.0.2")).token
    assert first != second
    caller = one.access.caller(first, "10.0.0.1")
    assert caller.session
    await one.users.end_session(caller, caller.session.id)
    with pytest.raises(NoSession):
        one.access.caller(first, "10.0.0.1")
    assert one.access.caller(second, "10.0.0.2")


@pytest.mark.parametrize(("name", "password"), [("maryam", "wrong one"), ("nobody", PASSWORD)])
async def test_what_is_wrong_in_a_log_in_is_not_told(
    house: Begin, name: str, password: str
) -> None:
    one = house()
    await one.claimed()
    with pytest.raises(WrongLogin, match=r"Name or password is wrong\."):
        await one.access.log_in(name, password, "10.0.0.3")


async def test_a_right_password_is_not_even_looked_at_while_one_has_to_wait(house: Begin) -> None:
    one = house()
    await one.claimed()
    for _ in range(5):
        with pytest.raises(WrongLogin):
            await one.access.log_in("maryam", "wrong one", "10.0.0.3")
    with pytest.raises(TooOften) as refused:
        await one.access.log_in("maryam", PASSWORD, "10.0.0.3")
    one.clock.seconds += refused.value.failure.seconds or 0
    assert await one.access.log_in("maryam", PASSWORD, "10.0.0.3")


async def test_knocking_in_numbers_is_told_once_and_its_end_too(
    house: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.access._LOOK_SECONDS", 0.01)
    one, told = house(), asyncio.Queue[str]()

    async def tell(code: str, _advice: str) -> None:
        await told.put(code)

    await one.setup.prepare()
    for number in range(20):
        one.clock.seconds += 20
        await one.access.failed(f"10.0.0.{number}", "login.failed", "")
    keeping = asyncio.ensure_future(one.access.keep(tell))
    async with asyncio.timeout(60):
        assert await told.get() == "login-failures"
        one.clock.seconds += 601
        assert await told.get() == "login-failures-over"
    keeping.cancel()
    assert told.empty()


async def test_the_code_of_the_factory_lies_on_the_box_as_a_hash_only(
    house: Begin, tmp_path: Path
) -> None:
    code = setup_code.new()
    (tmp_path / "setup-code").write_text(passwords.hashed(setup_code.read(code)))
    one = house()
    await one.setup.prepare()
    assert not (tmp_path / "setup-code").exists()
    assert (await one.setup.begin(code.lower(), "10.0.0.1")).token


async def test_the_code_is_used_up_by_the_first_password(house: Begin) -> None:
    one = house()
    await one.setup.prepare()
    code = (one.access.folder / "setup-code").read_text()
    await one.claimed()
    with pytest.raises(Conflict):
        await one.setup.begin(code, "10.0.0.1")
    assert one.setup.state().setup == "done"
    assert one.access.user("maryam")


async def test_all_that_is_wrong_with_the_first_user_is_told_at_once(house: Begin) -> None:
    one = house()
    await one.setup.prepare()
    code = (one.access.folder / "setup-code").read_text()
    ticket = await one.setup.begin(code, "10.0.0.1")
    with pytest.raises(Mistakes) as told:
        await one.setup.finish(FirstUser(ticket.token, " ", "short", "other"), "10.0.0.1")
    fields = {mistake.field for mistake in told.value.failure.mistakes}
    assert fields == {"name", "password", "again"}
    await one.setup.finish(FirstUser(ticket.token, "maryam", PASSWORD, PASSWORD), "10.0.0.1")


async def test_of_two_with_the_code_the_faster_one_wins_and_only_that_one(house: Begin) -> None:
    one = house()
    await one.setup.prepare()
    code = (one.access.folder / "setup-code").read_text()
    tickets = [await one.setup.begin(code, f"10.0.0.{n}") for n in (1, 2)]
    ends = await asyncio.gather(
        *(
            one.setup.finish(FirstUser(ticket.token, name, PASSWORD), "10.0.0.1")
            for ticket, name in zip(tickets, ("maryam", "intruder"), strict=True)
        ),
        return_exceptions=True,
    )
    assert [isinstance(end, Conflict) for end in ends].count(True) == 1
    assert len(one.access.kept.users) == 1
    assert isinstance(ends[1], Conflict)


async def test_a_ticket_is_needed_and_goes_out(house: Begin) -> None:
    one = house()
    await one.setup.prepare()
    ticket = await one.setup.begin((one.access.folder / "setup-code").read_text(), "10.0.0.1")
    with pytest.raises(NoSession):
        await one.setup.finish(FirstUser("made up", "maryam", PASSWORD), "10.0.0.1")
    one.clock.seconds += 901
    with pytest.raises(NoSession):
        await one.setup.finish(FirstUser(ticket.token, "maryam", PASSWORD), "10.0.0.1")


async def test_reopened_it_takes_the_label_s_code_for_ten_minutes_and_keeps_the_rest(
    house: Begin,
) -> None:
    one = house()
    await one.setup.prepare()
    code = (one.access.folder / "setup-code").read_text()
    old = await one.claimed()
    await one.users.add(one.access.caller(old, ""), NewUser("ali", OTHER, "viewer"))
    await one.setup.reopen(one.access.caller(old, ""))
    assert one.setup.state().setup == "reopened"
    with pytest.raises(WrongLogin):
        await one.setup.begin(setup_code.new(), "10.0.0.1")
    one.clock.seconds += 601
    assert one.setup.state().setup == "done"
    await one.setup.reopen(one.access.caller(old, ""))
    ticket = await one.setup.begin(code, "10.0.0.1")
    for name in ("ali", "somebody new"):
        with pytest.raises(Mistakes, match="maryam"):
            await one.setup.finish(FirstUser(ticket.token, name, OTHER), "10.0.0.1")
    assert one.access.fresh_reset() is None
    await one.setup.finish(FirstUser(ticket.token, "Maryam", OTHER), "10.0.0.1")
    with pytest.raises(NoSession):
        one.access.caller(old, "")
    assert await one.access.log_in("maryam", OTHER, "10.0.0.1")
    assert {user.name: user.role for user in one.users.all()} == {
        "maryam": "administrator",
        "ali": "viewer",
    }
    assert one.setup.state().setup == "done"
    reset = house().access.fresh_reset()
    assert reset
    assert reset.user == "maryam"
    one.clock.seconds += 8 * 86400
    assert one.access.fresh_reset() is None


async def test_the_crms_hear_that_somebody_opened_the_setup_once_more(
    house: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.access._LOOK_SECONDS", 0.01)
    one, told = house(), asyncio.Queue[str]()

    async def tell(code: str, _advice: str) -> None:
        await told.put(code)

    await one.setup.reopen(one.access.caller(await one.claimed(), ""))
    keeping = asyncio.ensure_future(one.access.keep(tell))
    async with asyncio.timeout(60):
        assert await told.get() == "setup-reopened"
        one.clock.seconds += 601
        assert await told.get() == "setup-reopened-over"
    keeping.cancel()
    assert told.empty()


async def test_days_of_guessing_push_nothing_out_of_the_audit_log(house: Begin) -> None:
    one = house()
    await one.claimed()
    for _ in range(1000):
        one.clock.seconds += 6
        await one.access.failed("10.0.0.9", "login.failed", "")
    entries = one.access.audit.last(5000)
    assert "setup.done" in [entry.what for entry in entries]
    failed = [entry for entry in entries if entry.what == "login.failed"]
    assert len(failed) < 20 + 1000 * 6 / 60 + 2
    assert sum(1 + int(entry.fields[0]) if entry.fields else 1 for entry in failed) > 985


async def test_an_entry_stays_short_whatever_was_done(house: Begin, tmp_path: Path) -> None:
    one = house()
    caller = one.access.caller(await one.claimed(), "10.0.0.1")
    before = (tmp_path / "audit.jsonl").stat().st_size
    await one.access.note(caller, "x", "y" * 10**6, ("z" * 10**6, *map(str, range(10**5))))
    assert (tmp_path / "audit.jsonl").stat().st_size < before + 2000
    assert one.access.audit.last(1)[0].fields[-1] == "+99961"


async def test_what_a_page_asks_by_itself_keeps_nobody_logged_in(house: Begin) -> None:
    one = house()
    token = await one.claimed()
    for _ in range(60):
        one.clock.seconds += 29
        one.access.caller(token, "", attended=False)
    one.access.caller(token, "")
    one.clock.seconds += 1799
    one.access.caller(token, "", attended=False)
    one.clock.seconds += 2
    with pytest.raises(NoSession):
        one.access.caller(token, "")


async def test_a_new_code_alone_counts(house: Begin) -> None:
    one = house()
    await one.setup.prepare()
    old = (one.access.folder / "setup-code").read_text()
    await one.claimed()
    caller = one.access.caller((await one.access.log_in("maryam", PASSWORD, "")).token, "")
    new = await one.setup.new_code(caller)
    await one.setup.reopen(caller)
    with pytest.raises(WrongLogin):
        await one.setup.begin(old, "10.0.0.1")
    assert await one.setup.begin(new, "10.0.0.2")


async def test_the_last_administrator_stays_and_other_users_come_and_go(house: Begin) -> None:
    one = house()
    caller = one.access.caller(await one.claimed(), "10.0.0.1")
    with pytest.raises(Conflict):
        await one.users.remove(caller, "maryam")
    with pytest.raises(Conflict):
        await one.users.change(caller, "maryam", ChangedUser(role="viewer"))
    await one.users.add(caller, NewUser("علی رضا", OTHER, "technician"))
    with pytest.raises(Mistakes, match="name"):
        await one.users.add(caller, NewUser(" علی  رضا ", OTHER, "viewer"))
    token = (await one.access.log_in("علی رضا", OTHER, "10.0.0.2")).token
    await one.users.change(caller, "علی رضا", ChangedUser(password="a third good one"))
    with pytest.raises(NoSession):
        one.access.caller(token, "10.0.0.2")
    await one.users.remove(caller, "علی رضا")
    with pytest.raises(Unknown):
        await one.users.remove(caller, "علی رضا")
    with pytest.raises(WrongLogin):
        await one.access.log_in("علی رضا", "a third good one", "10.0.0.2")


async def test_one_s_own_password_takes_the_old_one_and_ends_the_other_sessions(
    house: Begin,
) -> None:
    one = house()
    first = await one.claimed()
    second = (await one.access.log_in("maryam", PASSWORD, "10.0.0.2")).token
    caller = one.access.caller(second, "10.0.0.2")
    with pytest.raises(Mistakes) as wrong:
        await one.users.change_own(caller, NewPassword("not the old one", "short", "another"))
    assert [each.field for each in wrong.value.failure.mistakes] == ["old", "password", "again"]
    with pytest.raises(Mistakes):
        await one.users.change_own(caller, NewPassword("not the old one", OTHER, OTHER))
    await one.users.change_own(caller, NewPassword(PASSWORD, OTHER))
    with pytest.raises(NoSession):
        one.access.caller(first, "10.0.0.1")
    assert one.access.caller(second, "10.0.0.2")


async def test_a_password_given_long_ago_is_asked_for_again(house: Begin) -> None:
    one = house()
    token = await one.claimed()
    one.access.caller(token, "").demand_password()
    one.clock.seconds += 601
    with pytest.raises(ConfirmFirst):
        one.access.caller(token, "").demand_password()
    await one.access.confirm(one.access.caller(token, ""), PASSWORD)
    one.access.caller(token, "").demand_password()


async def test_a_viewer_sees_and_ends_only_his_own_sessions(house: Begin) -> None:
    one = house()
    admin = one.access.caller(await one.claimed(), "10.0.0.1")
    await one.users.add(admin, NewUser("ali", OTHER, "viewer"))
    viewer = one.access.caller((await one.access.log_in("ali", OTHER, "")).token, "")
    assert [each.user for each in one.users.sessions(viewer)] == ["ali"]
    assert {each.user for each in one.users.sessions(admin)} == {"ali", "maryam"}
    assert admin.session
    with pytest.raises(Forbidden):
        await one.users.end_session(viewer, admin.session.id)


async def test_each_change_is_in_the_audit_log_with_fields_and_without_values(
    house: Begin, tmp_path: Path
) -> None:
    one = house()
    caller = one.access.caller(await one.claimed(), "10.0.0.1")
    await one.users.add(caller, NewUser("ali", OTHER, "viewer"))
    await one.users.change(caller, "ali", ChangedUser(role="technician"))
    await one.users.remove(caller, "ali")
    with pytest.raises(Refusal):
        await one.access.log_in("typed a pass word here", PASSWORD, "10.0.0.9")
    seen = [(e.what, e.concerns, e.fields, e.who) for e in one.access.audit.last(5)]
    assert seen == [
        ("login.failed", "", (), ""),
        ("user.removed", "ali", (), "maryam"),
        ("user.changed", "ali", ("role",), "maryam"),
        ("user.added", "ali", ("role", "password"), "maryam"),
        ("login", "", (), "maryam"),
    ]
    assert "typed a pass" not in (tmp_path / "audit.jsonl").read_text()


async def test_the_audit_log_is_bounded_and_survives_a_torn_line(
    house: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.access.audit.MOST_BYTES", 2000)
    one = house()
    caller = one.access.caller(await one.claimed(), "10.0.0.1")
    for number in range(40):
        await one.access.note(caller, "device.changed", f"pbx{number}")
    log = tmp_path / "audit.jsonl"
    assert log.stat().st_size + (tmp_path / "audit.jsonl.1").stat().st_size <= 4000
    log.write_bytes(log.read_bytes()[:-20])
    await one.access.note(caller, "device.changed", "after the power cut")
    assert one.access.audit.last(1)[0].concerns == "after the power cut"
    assert all(json.loads(line) for line in log.read_bytes().splitlines()[-1:])
    assert one.access.audit.last(2)[1].concerns == "pbx38"
