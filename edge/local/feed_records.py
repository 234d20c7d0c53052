"""What a live page is told, one line for each."""

from msgspec import Struct

from edge.local.calls_records import CallRow


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something is new. sequence: to go on from, after the connection was lost.

    call: of a call event, as it is known now. type, device: of any other event that was stored.
    status: what `status()` tells is no longer the same. missed: more happened than is told here,
    look at all of it again. A change with none of these says only that the edge lives.
    """

    sequence: int
    call: CallRow | None = None
    type: str = ""
    device: str = ""
    status: bool = False
    missed: bool = False
