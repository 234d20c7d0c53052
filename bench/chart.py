"""Bars beside each other, as SVG that is readable on light and on dark paper.

              Lost, %        KB per event
Payvand       | 0            |███ 10.9         one column a measure, each with a scale of its own
peer          |██████ 100    |█ 0.5
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

_NAMES, _COLUMN, _BAR, _ROW = 225, 175, 100, 26
_TOP, _HEAD, _GAP, _ABREAST = 44, 38, 22, 3
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 }
.head { font-weight: 600 }
.note { font-size: 11px; fill: #57606a }
.bar { fill: #8c959f }
.own { fill: #0969da }
.axis { stroke: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .bar { fill: #656c76 }
  .own { fill: #4493f8 }
  .axis { stroke: #656c76 }
}
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """One column. values: of each name, in order; None where it was not measured."""

    title: str
    unit: str
    values: Sequence[float | None]


def draw(path: Path, title: str, names: Sequence[str], measures: Sequence[Measure]) -> None:
    """Write the chart, with the date of today. The first name is drawn as our own."""
    band = _HEAD + _ROW * len(names) + _GAP
    width = _NAMES + _COLUMN * min(_ABREAST, len(measures)) + 20
    height = _TOP + band * -(-len(measures) // _ABREAST) + 24
    parts = [_text(12, 26, title, "title")]
    for number, measure in enumerate(measures):
        top = _TOP + band * (number // _ABREAST)
        if number % _ABREAST == 0:
            parts += [_text(12, _middle(top, row), name) for row, name in enumerate(names)]
        parts += _column(_NAMES + _COLUMN * (number % _ABREAST), top, measure)
    note = f"Measured {datetime.now(UTC):%d %B %Y}. Every column has a scale of its own."
    parts.append(_text(12, height - 12, note, "note"))
    body = "\n".join(parts)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}">\n'
        f"<style>\n{_STYLE}</style>\n{body}\n</svg>\n",
        encoding="utf-8",
    )


def _column(left: int, top: int, measure: Measure) -> list[str]:
    begin = top + _HEAD
    parts = [
        _text(left, top + 14, measure.title, "head"),
        _text(left, top + 29, measure.unit, "note"),
        f'<path class="axis" d="M{left} {begin - 2}v{_ROW * len(measure.values)}"/>',
    ]
    most = max((value for value in measure.values if value is not None), default=0.0)
    for row, value in enumerate(measure.values):
        length = max(1.0, _BAR * value / most) if value else 0.0
        kind = "bar" if row else "own"
        place = f'x="{left}" y="{begin + _ROW * row + 2}"'
        parts.append(f'<rect class="{kind}" {place} width="{length:.1f}" height="{_ROW - 8}"/>')
        words = "not measured" if value is None else _figure(value)
        parts.append(_text(left + length + 5, _middle(top, row), words))
    return parts


def _figure(value: float) -> str:
    if value >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _middle(top: int, row: int) -> int:
    return top + _HEAD + _ROW * row + 15


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.0f}" y="{y:.0f}">{escape(words)}</text>'
