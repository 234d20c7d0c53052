"""What was erased of one person, as it crosses the control socket and goes to the CRM."""

from typing import Annotated

from msgspec import Meta, Struct

FORGET = "forget"
"""The type of the command."""


class Forget(Struct, frozen=True):
    """Whose number is to be forgotten: in full, with its plus."""

    number: Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{6,14}$")]


class Forgotten(Struct, frozen=True, kw_only=True):
    """shown: the end of the number. events: that were changed. notes: of CRMs and commands.

    devices: whose memory held it, and that were started anew. taps: of how many devices what was on
    the wire was let go. files: beside the journal. unreached: what may have it still.
    """

    shown: str
    events: int
    notes: int
    devices: tuple[str, ...]
    taps: int
    files: int
    unreached: tuple[str, ...]

    @property
    def words(self) -> str:
        """For a person, in two sentences."""
        parts = [f"{self.events} events", f"{self.notes} notes", f"{self.files} files"]
        if self.devices:
            parts.append("the memory of " + ", ".join(self.devices))
        return (
            f"The number {self.shown} is erased from {', '.join(parts)}."
            f" Not reached: {'; '.join(self.unreached)}."
        )
