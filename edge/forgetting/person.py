"""One person, by the number that is to be forgotten, in all spellings.

    +98 912 000 1122   00989120001122   09120001122   989120001122   9 0912-000-1122
            └────────────── 9120001122: what they have in common, with or without blanks ──┘

What is found is written over in the same length, so that lengths and columns around it stay.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

LEAST_DIGITS = 7
"""Of the part that all spellings have: a shorter one stands in other people's numbers too."""
_NUMBERS = ("number", "number_raw", "peer", "peer_raw")
_BETWEEN = rb"[-. ()]{0,2}"
_NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class TooShort(ValueError):
    """No full number of a person."""


@dataclass(frozen=True, slots=True)
class Person:
    """Make it with `of`. Never show or log it: `shown` is for that."""

    digits: str
    pattern: re.Pattern[bytes] = field(repr=False)

    @classmethod
    def of(cls, number: str) -> "Person":
        """Of a full number with its plus. Raises TooShort for anything else."""
        import phonenumbers

        try:
            read = phonenumbers.parse(number)
        except phonenumbers.NumberParseException as error:
            raise TooShort("write the full number, such as +989120001122") from error
        digits = phonenumbers.national_significant_number(read)
        if len(digits) < LEAST_DIGITS:
            raise TooShort("the number is too short to be one person's alone")
        return cls(digits, re.compile(_BETWEEN.join(digit.encode() for digit in digits)))

    @property
    def shown(self) -> str:
        """For a log and for the CRM."""
        return f"…{self.digits[-2:]}"

    def is_in(self, data: bytes) -> bool:
        return self.pattern.search(data) is not None

    def scrubbed(self, data: bytes) -> bytes:
        """With zeros for the digits, in the same length."""
        return self.pattern.sub(lambda found: re.sub(rb"\d", b"0", found[0]), data)

    def cleaned(self, data: bytes) -> bytes:
        """The data of an event of this person's call: without number and name."""
        try:
            fields: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        except _NOT_JSON:
            return self.scrubbed(data)
        for name in _NUMBERS:
            text = fields.get(name)
            if isinstance(text, str) and self.is_in(text.encode()):
                fields[name] = None
                if name == "number_raw":
                    fields["number_status"] = "unavailable"
        if "name" in fields:
            fields["name"] = None
        return self.scrubbed(msgspec.json.encode(fields))
