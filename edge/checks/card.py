"""The card under the journal: slow, wearing, failing, or written to more than it can take.

slow     1 commit of 100 takes half a second, for some minutes. A sound card takes 5 to 50 ms, and
         one that has few spare blocks left takes seconds at times. Until its commit an event is
         shown to nobody, so a ringing telephone would be shown late.
wearing  life_time 9: of its life 80 to 90 percent are used. pre_eol_info 2: of its spare blocks
         four fifths are. A card that has none left turns read-only, or loses data.
failing  ext4 met an error, or went read-only. A power cut alone makes none, the file system's
         journal sees to that: the card gave back something else than was written.
heavy    In five years every cell would be written 50 times by us. Cheap cells bear some 500, and
         a card writes about ten times what it is asked to where it is asked for small pieces.
"""

from collections.abc import Iterator

from edge.checks.card_reading import Card, SeenCard
from edge.checks.check import BOX, Finding, Raised, Seen, Unsure, Words
from edge.journal.flushes import FlushTimes
from edge.local.persian import ltr, persian

SLOW, NO_LONGER_SLOW = 0.5, 0.25
"""Seconds that 99 of 100 commits stay under."""
SLOW_COMMITS, SLOW_SECONDS = 20, 180.0
"""From so many, over so long, a verdict is given."""
WORN = 9
FEW_SPARES = 2
LIFE_DAYS = 5 * 365
REWRITES = 50
_EASED = 0.8
"""It is over when what is written in a day falls below this share of the limit."""

_REPLACE = Words(
    "Make a backup (payvand backup) and put in a new card soon; use one made for constant writing.",
    "با payvand backup پشتیبان بگیرید و به‌زودی کارت را عوض کنید؛ کارتی بگذارید که برای نوشتن"
    " پیوسته ساخته شده است.",
)


_TOO_SOON = Unsure(
    BOX,
    Words(
        "since the start it was measured for too short a time",
        "از هنگام آغاز برنامه زمان کافی برای سنجش نگذشته است",
    ),
)


def look(seen: Seen, raised: Raised) -> Iterator[Finding | Unsure]:
    """See edge.checks.check: what was raised before a restart is not over for lack of figures."""
    if seen.card is None:
        return
    yield from findings(seen.card, raised)
    unmeasured = {
        "card-slow": seen.card.flushes is None or _is_too_short(seen.card.flushes),
        "card-heavy": seen.card.a_day is None,
    }
    if any(_is(code, raised) for code, too_soon in unmeasured.items() if too_soon):
        yield _TOO_SOON


def findings(seen: SeenCard, raised: Raised) -> Iterator[Finding]:
    """What is wrong with it: at most one finding of each kind."""
    yield from _failing(seen.card)
    yield from _wearing(seen.card)
    if seen.flushes is not None:
        yield from _slow(seen.flushes, NO_LONGER_SLOW if _is("card-slow", raised) else SLOW)
    limit = most_a_day(seen.card)
    if limit is not None and seen.a_day is not None:
        share = _EASED if _is("card-heavy", raised) else 1.0
        if seen.a_day > limit * share:
            yield _heavy(round(seen.a_day / 1e6), round(limit / 1e6))


def most_a_day(card: Card) -> float | None:
    """Bytes; None for what is no card: other disks bear more, and tell it otherwise."""
    return card.size * REWRITES / LIFE_DAYS if card.size and card.is_card else None


def _is(code: str, raised: Raised) -> bool:
    return (code, BOX) in raised


def _failing(card: Card) -> Iterator[Finding]:
    if card.read_only:
        cause = Words(
            f"The file system of the box on {card.disk} has become read-only: no event can be"
            " stored any more.",
            f"فایل‌سیستم دستگاه روی {ltr(card.disk)} فقط‌خواندنی شده است و دیگر هیچ رویدادی ذخیره"
            " نمی‌شود.",
        )
        advice = Words(
            "Restart the box; if it happens again, put in a new card and restore the last backup.",
            "دستگاه را دوباره راه‌اندازی کنید؛ اگر تکرار شد کارت تازه بگذارید و آخرین پشتیبان را"
            " بازگردانید.",
        )
    elif card.errors:
        cause = Words(
            f"The file system of the box on {card.disk} met {card.errors} errors: the card gives"
            " back other data than was written, or none.",
            f"فایل‌سیستم دستگاه روی {ltr(card.disk)} به {persian(card.errors)} خطا برخورده است:"
            " کارت داده‌ها را درست برنمی‌گرداند.",
        )
        advice = _REPLACE
    else:
        return
    yield Finding(code="card-failing", concerns=BOX, cause=cause, advice=advice)


def _wearing(card: Card) -> Iterator[Finding]:
    life, spares = card.life_time or 0, card.pre_eol or 0
    if life < WORN and spares < FEW_SPARES:
        return
    if life >= WORN:
        used = min(100, life * 10)
        cause = Words(
            f"The card {card.name or card.disk} has used up to {used} % of its life.",
            f"تا {persian(used)} درصد از عمر کارت {ltr(card.name or card.disk)} گذشته است.",
        )
    else:
        cause = Words(
            f"The card {card.name or card.disk} has used most of its spare blocks.",
            f"بیشتر بلوک‌های یدکی کارت {ltr(card.name or card.disk)} مصرف شده است.",
        )
    yield Finding(
        code="card-wearing", concerns=BOX, severity="warning", cause=cause, advice=_REPLACE
    )


def _is_too_short(flushes: FlushTimes) -> bool:
    return flushes.count < SLOW_COMMITS or flushes.seconds < SLOW_SECONDS


def _slow(flushes: FlushTimes, limit: float) -> Iterator[Finding]:
    if _is_too_short(flushes) or flushes.p99 < limit:
        return
    milliseconds = round(flushes.p99 * 1000)
    yield Finding(
        code="card-slow",
        concerns=BOX,
        severity="warning",
        cause=Words(
            f"Storing an event takes up to {milliseconds} ms on this card; calls are shown late.",
            f"ذخیره هر رویداد روی این کارت تا {persian(milliseconds)} میلی‌ثانیه طول می‌کشد و"
            " تماس‌ها دیر نشان داده می‌شوند.",
        ),
        advice=Words(
            "See that nothing else writes to it much; if it stays so, make a backup (payvand"
            " backup) and put in a better card.",
            "ببینید برنامه دیگری زیاد روی آن نمی‌نویسد؛ اگر همین‌طور ماند با payvand backup"
            " پشتیبان بگیرید و کارت بهتری بگذارید.",
        ),
    )


def _heavy(a_day: int, limit: int) -> Finding:
    return Finding(
        code="card-heavy",
        concerns=BOX,
        severity="warning",
        cause=Words(
            f"{a_day} MB a day are written to the card; with more than {limit} MB it may not last"
            " five years.",
            f"روزانه {persian(a_day)} مگابایت روی کارت نوشته می‌شود؛ با بیش از {persian(limit)}"
            " مگابایت شاید پنج سال دوام نیاورد.",
        ),
        advice=Words(
            "See which program writes so much and end it; Payvand itself writes about 13 KB for an"
            " event. Or put in a larger card.",
            "ببینید کدام برنامه این‌قدر می‌نویسد و آن را متوقف کنید؛ خود پیوند برای هر رویداد حدود"
            " ۱۳ کیلوبایت می‌نویسد. یا کارت بزرگ‌تری بگذارید.",
        ),
    )
