"""The exchanges that are served, one line each.

What differs between them (reference: Panasonic feature guides and logged lines):

family  layouts             printed time is   live ring line            missed call is
ta      ta                  start of a leg    caller ID before answer   a ring line that stays alone
tda     tda-a tda-b tda-c   end of a leg      RC, if switched on        a line with NA
"""

from dataclasses import dataclass
from typing import Literal

LayoutName = Literal["tda-a", "tda-b", "tda-c", "ta"]
Order = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True)
class Family:
    """What all models of a family have in common. `layouts` begins with the likeliest."""

    layouts: tuple[LayoutName, ...]
    order: Order
    time_is_start: bool
    missed_by_silence: bool


TA = Family(("ta",), "mdy", time_is_start=True, missed_by_silence=True)
TDA = Family(("tda-a", "tda-b", "tda-c"), "dmy", time_is_start=False, missed_by_silence=False)


@dataclass(frozen=True, slots=True)
class Model:
    """One model: its family, and whether it has a network port of its own, which asks for a login.

    A model without one may still be reached over TCP through a serial converter; nothing is sent
    to it then.
    """

    family: Family
    lan: bool


MODELS = {
    "KX-TA824": Model(TA, lan=False),
    "KX-TES824": Model(TA, lan=False),
    "KX-TEM824": Model(TA, lan=False),
    "KX-TDA100": Model(TDA, lan=True),
    "KX-TDA200": Model(TDA, lan=True),
    "KX-TDA600": Model(TDA, lan=True),
    "KX-TDE100": Model(TDA, lan=True),
    "KX-TDE200": Model(TDA, lan=True),
    "KX-TDE600": Model(TDA, lan=True),
    "KX-NS500": Model(TDA, lan=True),
    "KX-NSX1000": Model(TDA, lan=True),
    "KX-NSX2000": Model(TDA, lan=True),
}

REFUSED = ("1232",)
"""KX-T1232 and KX-TD1232: their lines look like those of other models and would be misread."""
