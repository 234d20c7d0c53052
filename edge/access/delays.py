"""How often a log-in may be tried: delays that grow, and nobody is ever locked out.

    an address   five attempts, then a wait that doubles with each failure, up to five minutes
    all together ten attempts, then one in six seconds
    a reserve    for addresses that never failed in the last hour: ten, then one in fifteen seconds
    its own      for each address and session that succeeded before: ten, then one in fifteen

So fifty addresses that guess together take each other's turns and those of strangers, but not the
owner's, who comes from where he came from before. A success ends the wait, but its failures count
for an hour more: who guesses another's password between log-ins of his own waits like others. An
IPv6 address counts as its network of 64 bits. At the console there are no delays. Pure: time is
fed, in monotonic seconds.
"""

import ipaddress
from dataclasses import dataclass

FREE_FAILURES = 5
MOST_REMEMBERED = 8
"""Failures that a success leaves: the next one costs some seconds, not minutes."""
LONGEST = 300.0
FORGET = 3600.0
MOST_ADDRESSES = 1000
MOST_KNOWN = 100
_RESERVED = 10, 15.0
_NETWORK_BITS = 64


@dataclass(slots=True)
class _Bucket:
    """Holds up to `size` tokens; a new one comes every `every` seconds."""

    size: float
    every: float
    tokens: float = 0.0
    at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until there is a token, 0 where there is one."""
        if self.at is None:
            self.tokens = self.size
        else:
            self.tokens = min(self.size, self.tokens + (now - self.at) / self.every)
        self.at = now
        return max(0.0, (1.0 - self.tokens) * self.every)

    def take(self) -> None:
        self.tokens -= 1.0


@dataclass(slots=True)
class _Record:
    """at: of the last failure. until: before that nothing is heard."""

    failures: int
    at: float
    until: float


class Delays:
    """The attempts of one box."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._all = _Bucket(10, 6.0)
        self._reserve = _Bucket(*_RESERVED)
        self._own: dict[str, _Bucket] = {}

    def attempt(self, address: str, now: float) -> float:
        """0 where it may be tried now, and is counted; else the seconds to wait."""
        place = _place(address)
        record = self._known(place, now)
        if record and (left := record.until - now) > 0:
            return left
        open_to = [self._own.get(place), self._all, None if record else self._reserve]
        buckets = [bucket for bucket in open_to if bucket]
        waits = [bucket.wait(now) for bucket in buckets]
        if (least := min(waits)) > 0:
            return least
        buckets[waits.index(0.0)].take()
        return 0.0

    def failed(self, address: str, now: float) -> None:
        """What was tried was wrong."""
        place = _place(address)
        known = self._known(place, now)
        self._records.pop(place, None)
        failures = known.failures + 1 if known else 1
        self._records[place] = _Record(failures, now, now + _delay(failures))
        if len(self._records) > MOST_ADDRESSES:
            del self._records[next(iter(self._records))]

    def succeeded(self, address: str) -> None:
        """What was tried was right: the wait is over. A session counts as an address."""
        place = _place(address)
        # Behind all others: who succeeded lately is kept.
        self._own[place] = self._own.pop(place) if place in self._own else _Bucket(*_RESERVED)
        if len(self._own) > MOST_KNOWN:
            del self._own[next(iter(self._own))]
        if record := self._records.get(place):
            record.failures, record.until = min(record.failures, MOST_REMEMBERED), 0.0

    def _known(self, place: str, now: float) -> _Record | None:
        record = self._records.get(place)
        if record and now - record.at > FORGET:
            del self._records[place]
            return None
        return record


def _delay(failures: int) -> float:
    over = min(failures - FREE_FAILURES, 16)
    return min(LONGEST, float(2**over)) if over >= 0 else 0.0


def _place(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
    return str(found)
