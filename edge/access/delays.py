"""How often a log-in may be tried: delays that grow, and nobody is ever locked out.

    an address   five attempts, then a wait that doubles with each failure, up to five minutes
    all together ten attempts, then one in six seconds
    a reserve    for addresses that never failed in the last hour: ten, then one in fifteen seconds

So fifty addresses that guess together take each other's turns, and the owner, who comes from
another one, is heard all the same. An IPv6 address counts as its network of 64 bits. At the console
there are no delays. Pure: time is fed, in monotonic seconds.
"""

import ipaddress
from dataclasses import dataclass

FREE_FAILURES = 5
LONGEST = 300.0
FORGET = 3600.0
MOST_ADDRESSES = 1000
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
    failures: int
    at: float


class Delays:
    """The attempts of one box."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._all = _Bucket(10, 6.0)
        self._reserve = _Bucket(10, 15.0)

    def attempt(self, address: str, now: float) -> float:
        """0 where it may be tried now, and is counted; else the seconds to wait."""
        record = self._known(_place(address), now)
        if record and (left := record.at + _delay(record.failures) - now) > 0:
            return left
        shared = self._all.wait(now)
        if shared <= 0:
            self._all.take()
            return 0.0
        reserved = self._reserve.wait(now)
        if record is None and reserved <= 0:
            self._reserve.take()
            return 0.0
        return shared

    def failed(self, address: str, now: float) -> None:
        """What was tried was wrong."""
        place = _place(address)
        known = self._known(place, now)
        self._records.pop(place, None)
        self._records[place] = _Record(known.failures + 1 if known else 1, now)
        if len(self._records) > MOST_ADDRESSES:
            del self._records[next(iter(self._records))]

    def succeeded(self, address: str) -> None:
        """What was tried was right: its failures are forgiven."""
        self._records.pop(_place(address), None)

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
