"""Devices plugged into a line of the air: what they send, bit by bit, and an ear that listens.

Time is fed. An adapter hands bytes on in chunks and takes a moment for a new speed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random

from drivers.detect.ear import Ear
from drivers.wire.sampling import changes, read
from drivers.wire.uart import Sender

RETUNE_SECONDS = 0.004
BITS = 12


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes that a device begins to send at a time in seconds."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """How a device sends, and what is between it and the ear."""

    baud: int
    format: str
    drift: float  # of its clock against ours
    chunk_seconds: float  # the adapter's latency

    @classmethod
    def of(cls, rng: Random, baud: int, line_format: str) -> "Line":
        return cls(baud, line_format, rng.uniform(-0.01, 0.01), rng.choice((0.001, 0.016)))

    def changes(self, data: bytes, begun: float) -> list[float]:
        real = self.baud * (1 + self.drift)
        return changes(Sender(self.baud, self.format).bits(data), real, begun)


def listen(ear: Ear, line: Line, sent: Iterable[Sent]) -> Iterator[float]:
    """Let the ear hear all of it; yields the time after each burst that it has thought about."""
    free = 0.0
    ear.tick(0.0)
    for each in sent:
        begun = max(each.at, free)
        _pass(ear, begun)
        now = _hear(ear, line, each.data, begun)
        free = now + 0.001
        _pass(ear, now + 0.1)
        yield now + 0.1


def _pass(ear: Ear, until: float) -> None:
    while (due := ear.due()) is not None and due <= until:
        ear.tick(due)


def _hear(ear: Ear, line: Line, data: bytes, begun: float) -> float:
    """One burst; when its last byte was handed on."""
    edges = line.changes(data, begun)
    samples = read(edges, ear.baud, begun - 1)
    end = begun + len(data) * BITS / line.baud + line.chunk_seconds
    hands_on = begun
    chunk = bytearray()
    while True:
        sample = next(samples, None)
        at = end if sample is None else sample.at
        while hands_on <= at and hands_on < end:
            before = ear.baud
            if chunk:
                ear.hear(hands_on, bytes(chunk))
                chunk.clear()
            if ear.baud != before:
                samples = read(edges, ear.baud, hands_on + RETUNE_SECONDS)
                sample = None
                break
            hands_on += line.chunk_seconds
        else:
            if sample is None:
                break
            chunk.append(sample.byte)
    if chunk:
        ear.hear(end, bytes(chunk))
    return end


def with_noise(rng: Random, sent: Iterable[Sent]) -> list[Sent]:
    """Stray bytes before, in and behind a third of what is sent."""
    noisy = []
    for each in sent:
        if rng.random() < 1 / 3:
            place = rng.randrange(len(each.data) + 1)
            stray = rng.randbytes(rng.randrange(1, 5))
            data = each.data[:place] + stray + each.data[place:]
            noisy.append(Sent(each.at, data))
        else:
            noisy.append(each)
    return noisy


def spread(calls: Iterable[Iterable[Sent]], every: float = 20.0) -> list[list[Sent]]:
    """The calls one after the other, each so many seconds after the one before has begun.

    A call that is still going on then may be overtaken; what is sent stays in order.
    """
    moved = []
    for number, call in enumerate(calls):
        begun = every * (number + 1)
        parts = list(call)
        moved.append([Sent(begun + part.at - parts[0].at, part.data) for part in parts])
    return moved


def in_order(calls: Iterable[Iterable[Sent]]) -> list[Sent]:
    return sorted(chain.from_iterable(calls), key=lambda each: each.at)
