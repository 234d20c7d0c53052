"""A believable day of calls in a small office: what really happened, before any exchange prints it.

    per 100 calls:  45 incoming answered   20 through a ring group, 8 transferred, 5 by DISA
                    15 incoming missed     7 at one extension, 8 at a group
                    30 outgoing            6 not answered, 4 with digits keyed after the number
                    10 internal

A line and an extension carry one call at a time; calls on different lines overlap. All telephone
numbers are made up. Pure: the same random source gives the same day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

Way = Literal["extension", "group", "disa"]
Keyed = Literal["nothing", "code", "digits"]


@dataclass(frozen=True, slots=True)
class Talk:
    """One extension's part of a call: answered at `start` (aware UTC), over `seconds` later.

    Of an outgoing call it is what the exchange counts; an unanswered one has 0 seconds at its end.
    """

    extension: str
    start: datetime
    seconds: int

    @property
    def end(self) -> datetime:
        """When this extension left the call."""
        return self.start + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCall:
    """What really happened in one call. Times are aware UTC in whole seconds.

    extension: incoming: what rang first, an extension, a ring group or the DISA number, as `way`
    tells; otherwise the calling extension. number: as the network gives it, None without caller
    ID; the dialled number; the called extension of an internal call. keyed: what was keyed after
    the number. ring_seconds: until the first answer (DISA's too) or until the caller gave up.
    talks: in order, each but the first a transfer; empty when missed or internal. consulted: the
    transferring extension first spoke to the next one.
    """

    direction: Literal["incoming", "outgoing", "internal"]
    start: datetime
    end: datetime
    extension: str
    line: int | None = None
    number: str | None = None
    keyed: str = ""
    name: str | None = None
    did: str | None = None
    account: str | None = None
    way: Way = "extension"
    ring_seconds: int = 0
    disa_seconds: int = 0
    talks: tuple[Talk, ...] = ()
    consulted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The telephones of a branch. Lines are numbers; how many digits they print is the layout's."""

    extensions: tuple[str, ...] = tuple(str(number) for number in range(101, 117))
    lines: tuple[int, ...] = tuple(range(1, 9))
    groups: tuple[str, ...] = ("601", "602")
    disa: str = "691"
    dids: tuple[str, ...] = ("38400100", "38400101", "38400102")
    area_code: str = "051"


def plan_day(
    rng: Random, office: Office, calls: int, start: datetime, gap_seconds: float = 75.0
) -> list[TrueCall]:
    """`calls` calls in the order of their start, on average `gap_seconds` apart.

    Every full hundred has the proportions of the module's table. Calls wait for a free line and
    free extensions, so that a short gap stretches the day instead of doubling a line.
    """
    planner = _Planner(rng, office, start)
    kinds: list[_Kind] = []
    while len(kinds) < calls:
        kinds += rng.sample(_HUNDRED, len(_HUNDRED))
    arrival = 0
    planned = []
    for kind in kinds[:calls]:
        arrival += 1 + int(rng.expovariate(1 / gap_seconds))
        planned.append(planner.place(kind, arrival))
    return sorted(planned, key=lambda call: call.start)


@dataclass(frozen=True, slots=True)
class _Kind:
    direction: Literal["incoming", "outgoing", "internal"]
    way: Way = "extension"
    talks: int = 0
    keyed: Keyed = "nothing"


_PER_HUNDRED = (
    (17, _Kind("incoming", talks=1)),
    (3, _Kind("incoming", talks=2)),
    (16, _Kind("incoming", "group", talks=1)),
    (4, _Kind("incoming", "group", talks=2)),
    (4, _Kind("incoming", "disa", talks=1)),
    (1, _Kind("incoming", "disa", talks=2)),
    (7, _Kind("incoming")),
    (8, _Kind("incoming", "group")),
    (20, _Kind("outgoing", talks=1)),
    (2, _Kind("outgoing", talks=1, keyed="code")),
    (2, _Kind("outgoing", talks=1, keyed="digits")),
    (6, _Kind("outgoing")),
    (10, _Kind("internal")),
)
_HUNDRED = [kind for count, kind in _PER_HUNDRED for _ in range(count)]

_NAMES = ("AHMADI", "NOVIN SHOP", "R KARIMI", "PARS CO", "SAEEDI", "MEHR CLINIC", "TABAN")


@dataclass(frozen=True, slots=True)
class _Contact:
    number: str | None
    name: str | None


@dataclass(slots=True)
class _Planner:
    """Who is free when. Times inside are seconds since the day's start."""

    rng: Random
    office: Office
    start: datetime
    contacts: list[_Contact] = field(init=False)
    free_lines: dict[int, int] = field(init=False)
    free_extensions: dict[str, int] = field(init=False)
    last_callers: dict[int, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contacts = [_contact(self.rng, self.office) for _ in range(60)]
        self.free_lines = dict.fromkeys(self.office.lines, 0)
        self.free_extensions = dict.fromkeys(self.office.extensions, 0)

    def place(self, kind: _Kind, arrival: int) -> TrueCall:
        people = _people(kind)
        begin = max(arrival, _nth_free(self.free_extensions.values(), people))
        line = None
        if kind.direction != "internal":
            begin = max(begin, _nth_free(self.free_lines.values(), 1))
            line = self.rng.choice([ln for ln, free in self.free_lines.items() if free <= begin])
        idle = [ext for ext, free in self.free_extensions.items() if free <= begin]
        extensions = self.rng.sample(idle, people)
        call = self._call(kind, begin, line, extensions)
        over = int((call.end - self.start).total_seconds()) + self.rng.randint(5, 20)
        for extension in extensions:
            self.free_extensions[extension] = over
        if line is not None:
            self.free_lines[line] = over
        return call

    def _call(
        self, kind: _Kind, begin: int, line: int | None, extensions: Sequence[str]
    ) -> TrueCall:
        if line is None:
            return TrueCall(
                direction="internal",
                start=self._at(begin),
                end=self._at(begin + self.rng.randint(5, 240)),
                extension=extensions[0],
                number=extensions[1],
            )
        if kind.direction == "outgoing":
            return self._outgoing(kind, begin, line, extensions[0])
        return self._incoming(kind, begin, line, extensions)

    def _outgoing(self, kind: _Kind, begin: int, line: int, extension: str) -> TrueCall:
        seconds = self._talk_seconds() if kind.talks else 0
        talk = Talk(extension, self._at(begin + self.rng.randint(6, 40)), seconds)
        return TrueCall(
            direction="outgoing",
            start=self._at(begin),
            end=talk.end,
            extension=extension,
            line=line,
            number=_number(self.rng, self.office),
            keyed=self._keyed(kind.keyed),
            account=str(self.rng.randint(10, 99)) if self.rng.random() < 0.1 else None,
            talks=(talk,),
        )

    def _incoming(self, kind: _Kind, begin: int, line: int, extensions: Sequence[str]) -> TrueCall:
        caller = self._caller(line)
        ring, disa = self._before_answer(kind)
        consulted = kind.talks > 1 and self.rng.random() < 0.5
        talks: list[Talk] = []
        now = begin + ring + (disa + self.rng.randint(2, 12) if disa else 0)
        for extension in extensions[: kind.talks]:
            if talks and not consulted:
                now += self.rng.randint(2, 15)
            talks.append(Talk(extension, self._at(now), self._talk_seconds()))
            now += talks[-1].seconds
        entry = {"group": self.rng.choice(self.office.groups), "disa": self.office.disa}
        return TrueCall(
            direction="incoming",
            start=self._at(begin),
            end=self._at(now),
            extension=entry.get(kind.way) or extensions[0],
            line=line,
            number=caller.number,
            name=caller.name,
            did=self.rng.choice(self.office.dids),
            way=kind.way,
            ring_seconds=ring,
            disa_seconds=disa,
            talks=tuple(talks),
            consulted=consulted,
        )

    def _caller(self, line: int) -> _Contact:
        """Nobody calls twice on end on one line: on paper that looks like one call moved on."""
        caller = self.rng.choice(self.contacts)
        while caller.number and caller.number == self.last_callers.get(line):
            caller = self.rng.choice(self.contacts)
        self.last_callers[line] = caller.number
        return caller

    def _before_answer(self, kind: _Kind) -> tuple[int, int]:
        if kind.way == "disa":
            return self.rng.randint(0, 4), self.rng.randint(5, 50)
        return self.rng.randint(*((1, 30) if kind.talks else (3, 75))), 0

    def _talk_seconds(self) -> int:
        return max(1, min(7200, int(self.rng.lognormvariate(4.2, 1.1))))

    def _keyed(self, keyed: Keyed) -> str:
        digits = str(self.rng.randint(1, 99))
        return {"nothing": "", "digits": digits, "code": f"*{digits}#"}[keyed]

    def _at(self, seconds: int) -> datetime:
        return self.start + timedelta(seconds=seconds)


def _people(kind: _Kind) -> int:
    """How many extensions the call keeps busy. A missed group call leaves all of them free."""
    if kind.direction == "internal":
        return 2
    if kind.direction == "incoming" and kind.way == "group":
        return kind.talks
    return max(1, kind.talks)


def _nth_free(times: Iterable[int], count: int) -> int:
    return sorted(times)[count - 1] if count else 0


def _contact(rng: Random, office: Office) -> _Contact:
    if rng.random() < 0.12:
        return _Contact(None, None)
    return _Contact(_number(rng, office), rng.choice(_NAMES) if rng.random() < 0.4 else None)


def _number(rng: Random, office: Office) -> str:
    """A made-up number in one of the forms that Iranian networks give."""
    mobile = f"9{rng.choice('0139')}{rng.randrange(10**8):08d}"
    local = f"3{rng.randrange(10**7):07d}"
    forms = (f"0{mobile}", f"0{mobile}", local, office.area_code + local, f"98{mobile}", mobile)
    return rng.choices(forms, weights=(30, 20, 20, 20, 5, 5))[0]
