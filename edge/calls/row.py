"""A stored call event as the row that a person reads."""

import sys
from collections.abc import Mapping
from typing import Literal, cast

import msgspec
from msgspec import UNSET, Struct

from edge.intake.seal import CallData
from edge.journal.records import Stored
from edge.local.calls_records import CallRow, Stage

KIND = "call."
_FEW = ("direction", "line", "extension", "number_status", "outcome", "time_resolution")
"""Fields of few values: a thousand calls hold each of these texts once."""
_NONE: Mapping[str, str] = {}
_decode = msgspec.json.Decoder(CallData).decode


class Names(Struct, frozen=True):
    """What the settings of one device call its lines and extensions."""

    lines: Mapping[str, str] = {}
    extensions: Mapping[str, str] = {}


AllNames = Mapping[str, Names]
"""By device."""


def row(event: Stored, names: AllNames) -> CallRow | None:
    """None for what is no call event, or cannot be read any more."""
    if not event.type.startswith(KIND):
        return None
    try:
        data = _decode(event.data)
    except msgspec.MsgspecError:
        return None
    own = names.get(event.device, Names())
    fields = {name: getattr(data, name) for name in data.__struct_fields__}
    fields |= {name: sys.intern(fields[name]) for name in _FEW if fields[name]}
    fields["provenance"] = _NONE if data.provenance is UNSET else data.provenance
    return CallRow(
        **fields,
        device=sys.intern(event.device),
        last=event.sequence,
        at=event.time,
        stage=_stage(event.type, data),
        line_name=own.lines.get(data.line or ""),
        extension_name=own.extensions.get(data.extension or ""),
    )


def _stage(kind: str, data: CallData) -> Stage:
    word = kind.removeprefix(KIND)
    if word == "updated":
        return "ended" if data.ended_at or data.outcome else "answered"
    return cast("Literal['ringing', 'answered', 'ended']", word)
