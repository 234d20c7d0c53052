"""What a part that catches everything must still let go: the journal's failure and its own end."""

import asyncio

from edge.journal.records import JournalFailed


def is_of_journal(fault: Exception) -> bool:
    """Whether the journal failed, alone or in a group: without it nothing is kept."""
    if isinstance(fault, ExceptionGroup):
        return fault.subgroup(JournalFailed) is not None
    return isinstance(fault, JournalFailed)


def is_cancelled() -> bool:
    """Whether this task is to end: in Python 3.11 a fault hides that its group was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
