"""The error that ended a group of tasks, as the one who started them can act on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import CommandFailed


@contextmanager
def unwrapped() -> Iterator[None]:
    """Raise the first CommandFailed of a group of errors by itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        found: BaseException | None = group.subgroup(CommandFailed)
        while isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        if found is None:
            raise
        raise found from group
