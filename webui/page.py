"""Makes a page: a template, the visitor's language, and the few ways to show a value.

{{ t("span.minute", count=3) }}   a text of the catalogue; numbers in the language's digits
{{ w.ltr(number) }}                  what is dialled or copied: never turned, Latin digits
{{ w.name(name) }}                   what people wrote: in its own direction, harmless
{{ w.when(moment) }}                 a date, with the moment for programs beside it
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from edge.local import persian_advice
from edge.local.issue import Words
from edge.local.persian import persian
from edge.local.settings_records import Field
from edge.local.status import DestinationStatus, DeviceStatus
from webui.dates import long_date, short_date
from webui.digits import isolated, unturned
from webui.language import Language
from webui.static_files import StaticFiles

TEMPLATES = Path(__file__).parent / "templates"
TEHRAN = timezone(timedelta(hours=3, minutes=30))
"""Until a branch has said where it is."""
_REFERS = re.compile(r'\b((?:id|for|aria-describedby|data-show)=)"([^"]*)"')
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def environment() -> Environment:
    """The templates; read and compiled when they are first used."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.tests["further"] = _is_further
    made.filters["isolated"] = isolated
    return made


def _is_further(field: Field) -> bool:
    """Whether a setting may wait under *More settings*: who knows it finds it there."""
    is_short = bool(field.choices) and field.kind != "list"
    return field.optional and field.kind != "secret" and not is_short


class Writer:
    """Writes values in one language and time zone."""

    def __init__(self, language: Language, zone: tzinfo = TEHRAN) -> None:
        self.language = language
        self.zone = zone

    def t(self, key: str, **parts: object) -> Markup:
        shown = {name: self.part(part) for name, part in parts.items()}
        return Markup(self.language(key)).format(**shown)  # noqa: S704 - the catalogue is ours

    def part(self, value: object) -> object:
        return self.number(value) if isinstance(value, int | float) else value

    def number(self, value: float | str) -> str:
        """In the digits of the language; for what is counted, not for what is dialled."""
        text = f"{value:,}" if isinstance(value, int) else str(value)
        if self.language.code == "fa":
            return persian(text.replace(",", "٬"))
        return text

    def ltr(self, value: object) -> Markup:
        return Markup('<bdi dir="ltr">{}</bdi>').format(unturned(str(value)))

    def name(self, value: object) -> Markup:
        return Markup("<bdi>{}</bdi>").format(unturned(str(value)))

    def said(self, words: Words) -> Markup:
        """What the edge says, in the visitor's language; addresses in it stay as they are."""
        return isolated(self.language.of(words))

    def fingerprint(self, text: str) -> Markup:
        """Breaks between bytes alone, and is read from left to right."""
        parts = Markup(":<wbr>").join(text.split(":"))
        return Markup('<code class="fingerprint" dir="ltr">{}</code>').format(parts)

    def kind(self, title: Words | None, name: str) -> Markup:
        """What a driver or a kind of CRM calls itself; its bare name where nobody told."""
        return self.said(title) if title else self.ltr(name)

    def options(self, section: str, names: Iterable[str]) -> list[tuple[str, str]]:
        """For a choice: each name with its word in a section of the catalogue."""
        return [(name, self.language(f"{section}.{name}")) for name in names]

    @staticmethod
    def advice(status: DeviceStatus | DestinationStatus) -> Words:
        """What is wrong with a device or a CRM, and what to do."""
        return persian_advice.advice(status)

    @staticmethod
    def twin(prefix: str, fields: Markup) -> Markup:
        """Fields that stand on the page twice: what refers to their ids gets a prefix."""
        text = _REFERS.sub(lambda found: f'{found[1]}"{prefix}{found[2]}"', fields)
        return Markup(text)  # noqa: S704 - it was markup before

    @staticmethod
    def inside(names: Iterable[str], prefix: str) -> list[str]:
        """The names of a part, without the part's own."""
        return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]

    def choices(self, field: Field) -> list[tuple[str, str]]:
        """What may be chosen; models and speeds are called what they are in the settings.

        What has no default begins empty: a first entry would be taken for an advice.
        """
        words = self.language.words
        empty = []
        if not field.default:
            empty = [("", words["form.unset" if field.optional else "form.choose"])]
        return empty + [(each, words.get(f"choice.{each}", each)) for each in field.choices]

    def done(self, what: str) -> str:
        """An entry of the audit log in words, its name where it has none."""
        name = what.replace(".", "_").replace("-", "_")
        return self.language.words.get(f"audit.{name}", what)

    def bounds(self, field: Field) -> str:
        """What to write into a field, in a few words; empty where its title says it."""
        said = [self.said(field.hint)] if field.hint else []
        if field.example:
            said.append(self.t("form.such_as", example=self.ltr(field.example)))
        if field.kind == "list":
            return Markup(" ").join([*said, self.language("form.list_hint")])
        if said:
            return Markup(" ").join(said)
        if field.kind == "number" and field.least is not None and field.most is not None:
            return self.t("form.between", least=int(field.least), most=int(field.most))
        return ""

    def when(self, moment: datetime) -> Markup:
        """A date for a column, the long form when pointed at."""
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            moment.astimezone(UTC).isoformat(timespec="seconds"),
            long_date(moment, self.zone, self.language.code),
            short_date(moment, self.zone, self.language.code),
        )

    def whole_date(self, moment: datetime) -> str:
        return long_date(moment, self.zone, self.language.code)

    def span(self, seconds: float) -> Markup:
        """A duration in its two largest units."""
        whole = max(0, round(seconds))
        for (size, unit), (small, small_unit) in pairwise(_UNITS):
            if whole >= size:
                first = self.t(f"span.{unit}", count=whole // size)
                rest = whole % size // small
                if not rest:
                    return first
                second = self.t(f"span.{small_unit}", count=rest)
                return self.t("span.and", first=first, second=second)
        return self.t("span.second", count=whole)

    def minutes(self, seconds: float) -> Markup:
        """Like `span`, without seconds: for what stands on a page that must not flicker."""
        return self.t("span.now") if seconds < 60 else self.span(seconds // 60 * 60)

    def clock(self, seconds: float | None) -> str:
        """Minutes and seconds of a call: `3:12`, `1:00:05`."""
        if seconds is None:
            return ""
        hours, minutes = divmod(int(seconds) // 60, 60)
        text = f"{hours}:{minutes:02d}" if hours else str(minutes)
        return self.number(f"{text}:{int(seconds) % 60:02d}")

    def size(self, count: float) -> Markup:
        """Bytes in the unit in which people think of them."""
        for exponent, unit in ((30, "gib"), (20, "mib"), (10, "kib")):
            if count >= 1 << exponent:
                return self.t(f"size.{unit}", count=round(count / (1 << exponent), 1))
        return self.t("size.bytes", count=int(count))


def written(
    templates: Environment, files: StaticFiles, writer: Writer, name: str, **context: object
) -> str:
    """The text of a page or of a piece of one."""
    return templates.get_template(name).render(
        **context,
        t=writer.t,
        w=writer,
        lang=writer.language.code,
        other=writer.language.other,
        dir=writer.language.direction,
        url=files.url,
    )


def html(text: str, status: int = 200) -> web.Response:
    """Packed, where the browser takes that: a list of calls is 46 KB, and 5 KB packed."""
    answer = web.Response(text=text, status=status, content_type="text/html")
    answer.enable_compression()
    return answer
