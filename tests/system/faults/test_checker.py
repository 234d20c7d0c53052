"""Each way to break the promise is seen; a box that keeps it is not accused."""

from dataclasses import replace

import pytest

from tests.system.faults.checker import Entry, Evidence, Vitals, check

KEPT = tuple(Entry(f"5f3a9c01-{n}", "pbx1", n, 1000 + n) for n in range(1, 6))
SOUND = Evidence(
    acknowledged=KEPT[:4],
    stored=KEPT,
    delivered=KEPT[:3],
    cursor=3,
    memories=(("pbx1", 5),),
    vitals=(Vitals(40_000, 20), Vitals(41_000, 21)),
    log="INFO the CRM is reached",
    secrets=("made-up-token",),
)
AGAIN = Entry("5f3a9c01-6", "pbx1", 5, 1005)
OTHER = Entry("5f3a9c01-3", "pbx1", 3, 9999)
SPOKEN = tuple(Entry(f"5f3a9c01-{n}", "pbx1", n, 1000 + n, f"call/{n % 7}") for n in range(1, 30))
LIVE_FIRST = (*SPOKEN[:3], *SPOKEN[20:27], *SPOKEN[3:10], *SPOKEN[27:], *SPOKEN[10:20])
EARLIER = (*KEPT[:3], Entry("5f3a9c01-4", "pbx1", 5, 1), Entry("5f3a9c01-5", "pbx1", 4, 1))


def test_a_box_that_kept_its_promise_is_sound() -> None:
    findings = check(SOUND)
    assert findings.wrong == []
    assert findings.acknowledged == 4


def test_what_was_delivered_may_leave_the_journal() -> None:
    assert check(replace(SOUND, stored=KEPT[3:])).wrong == []


def _arrived(*delivered: Entry) -> Evidence:
    return Evidence(stored=SPOKEN, delivered=delivered)


def _silent(entry: Entry) -> Entry:
    return replace(entry, subject="")


def test_live_events_may_come_before_the_backlog() -> None:
    evidence = _arrived(*map(_silent, LIVE_FIRST))
    assert check(replace(evidence, stored=tuple(map(_silent, SPOKEN)))).wrong == []


def test_a_repeat_is_not_out_of_order() -> None:
    wrong = check(_arrived(*SPOKEN[:9], *SPOKEN[4:])).wrong
    assert {line.partition(":")[0] for line in wrong} == {"doubled"}


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (replace(SOUND, stored=KEPT[:3], memories=()), "lost"),
        (replace(SOUND, stored=(*KEPT, AGAIN)), "doubled"),
        (replace(SOUND, delivered=KEPT[:3] + KEPT[:1]), "doubled"),
        (replace(SOUND, delivered=(*KEPT[:2], OTHER)), "changed"),
        (replace(SOUND, acknowledged=(*KEPT[:2], OTHER)), "changed"),
        (replace(SOUND, acknowledged=(), stored=EARLIER), "disordered"),
        (_arrived(*LIVE_FIRST), "overtaken"),  # a call's end before its beginning
        (_arrived(*SPOKEN[:6], SPOKEN[13], SPOKEN[6]), "overtaken"),
        (_arrived(*SPOKEN[:9], *SPOKEN[20:], *SPOKEN[12:20], *SPOKEN[9:12]), "overtaken"),
        (replace(SOUND, cursor=4), "passed over"),
        (replace(SOUND, memories=(("pbx1", 6),)), "torn apart"),
        (replace(SOUND, memories=(("pbx1", 4),)), "torn apart"),
        (replace(SOUND, integrity="row 3 missing from index"), "damaged"),
        (replace(SOUND, vitals=(Vitals(40_000, 20), Vitals(49_000, 20))), "grown"),
        (replace(SOUND, vitals=(Vitals(40_000, 20), Vitals(40_000, 25))), "grown"),
        (replace(SOUND, log="POST with made-up-token"), "leaked"),
    ],
)
def test_a_broken_promise_is_found(broken: Evidence, word: str) -> None:
    assert word in {line.partition(":")[0] for line in check(broken).wrong}
