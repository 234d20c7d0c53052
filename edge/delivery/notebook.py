"""A destination's notebook: a few lines of the journal's database under its name."""

from edge.journal.journal import Journal


class JournalNotebook:
    """See edge.delivery.destination.Notebook. Raises JournalFailed."""

    def __init__(self, journal: Journal, destination: str) -> None:
        self._journal = journal
        self._destination = destination

    async def read(self) -> dict[str, bytes]:
        """See Notebook."""
        return await self._journal.notes(self._destination)

    async def write(self, *notes: tuple[str, bytes | None]) -> None:
        """See Notebook."""
        await self._journal.note(self._destination, notes)
