"""A sequence as it comes over a socket: what SQLite cannot hold would end the journal's writer."""

from typing import Annotated

from msgspec import Meta

LIMIT = 10**18

Sequence = Annotated[int, Meta(ge=1, lt=LIMIT)]
After = Annotated[int, Meta(ge=-1, lt=LIMIT)]
"""What comes behind it is asked for."""
