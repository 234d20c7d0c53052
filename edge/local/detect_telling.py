"""What `payvand detect` finds, told to a page: one Sensed for each thing that is new of a port."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from drivers import catalog
from drivers.detect.ear import Ear
from edge.detecting.detecting import Found, place_of
from edge.detecting.session import Session
from edge.local.detect_records import Proposed, Sensed
from edge.local.issue import Words, titled
from edge.local.persian import ltr
from edge.local.persian_advice import of_device

_FA = {
    "back": "دوباره وصل شد.",
    "no-port": "نه درگاه است و نه دستگاهی که اکنون خوانده می‌شود؛ نام کامل درگاه را بنویسید، مانند"
    f" {ltr('/dev/ttyUSB0')}",
}
"""By the code of what is no trouble of a device."""


class ToTheAsker:
    """Tells what is found into a queue. See edge.detecting.words.Teller."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Sensed] = asyncio.Queue()
        self._ports: dict[str, Sensed] = {}

    def plugged(self, found: Sequence[Found], blocks: Sequence[str]) -> None:  # noqa: ARG002
        for each in found:
            if place := place_of(each):
                self._tell(
                    Sensed(
                        name=place.name,
                        state="silent",
                        link=dict(place.link),
                        device=each.device,
                        trouble=None if each.device else _held(each.held_by),
                    )
                )

    def trouble(self, name: str, advice: str, code: str = "") -> None:
        before = self._ports.get(name) or Sensed(name=name, state="silent", link={})
        text = Words(advice, _FA.get(code) or of_device(code))
        self._tell(msgspec.structs.replace(before, trouble=text))

    def heard(self, name: str, ear: Ear, blocks: Sequence[str]) -> None:
        """Nothing: the session below tells it with its link."""

    def sensed(self, name: str, ear: Ear, link: Mapping[str, object]) -> None:
        best = next(iter(ear.proposals), None)
        speed = (best.baud, best.format) if best else (ear.likely_baud, ear.format)
        known = self._ports.get(name)
        self._tell(
            Sensed(
                name=name,
                state=ear.state,
                link={**link, "baud": speed[0], "format": speed[1]},
                device=known.device if known else _device_of(name),
                proposals=tuple(
                    Proposed(
                        driver=each.driver,
                        title=titled(catalog.spec(each.driver).titles),
                        settings=_plain(each.settings),
                        confidence=each.confidence,
                        records=each.records,
                        sample=each.sample,
                    )
                    for each in ear.proposals
                ),
            )
        )

    def _tell(self, sensed: Sensed) -> None:
        self._ports[sensed.name] = sensed
        self.told.put_nowait(sensed)


class PageSession(Session):
    """Tells a port with its link, not as text for site.toml."""

    def tell(self, name: str, ear: Ear, link: Mapping[str, object]) -> None:
        if isinstance(self._tell, ToTheAsker):
            self._tell.sensed(name, ear, link)


def _held(programs: Sequence[str]) -> Words | None:
    if not programs:
        return None
    names = ", ".join(programs)
    return Words(
        f"Held by {names}: end it to listen here.",
        f"برنامه {ltr(names)} این درگاه را گرفته است؛ آن را ببندید.",
    )


def _device_of(name: str) -> str | None:
    """The key in what a session calls a device whose port the box holds."""
    key = name.removeprefix("device ")
    return key if key != name else None


def _plain(settings: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(dict(settings))
    return found
