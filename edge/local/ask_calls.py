"""What the client asks about calls, queues and commands: see edge.local.calls_records."""

from urllib.parse import quote

import msgspec

from edge.local.asking import Asking
from edge.local.calls_records import (
    CallPage,
    CallQuery,
    CallStory,
    CommandShown,
    ParkedPage,
    ParkedQuery,
    QueueShown,
    Sent,
    Sequences,
)

_SEND_SECONDS = 120.0


class CallsCalls(Asking):
    """A part of edge.local.client.Client."""

    async def calls(self, query: CallQuery | None = None) -> CallPage:
        """Of the last calls those that fit, the newest first. Raises Mistakes."""
        return await self._get("/calls", CallPage, _texts(query or CallQuery()))

    async def call(self, call_id: str) -> CallStory:
        """One call with all its events. Raises Unknown."""
        return await self._get(f"/calls/{quote(call_id, safe='')}", CallStory)

    async def queues(self) -> tuple[QueueShown, ...]:
        """Of each CRM, in the order of the settings."""
        return await self._get("/queue", tuple[QueueShown, ...])

    async def parked(self, destination: str, query: ParkedQuery | None = None) -> ParkedPage:
        """What the CRM refused, the oldest first. Raises Unknown."""
        path = f"{_queue(destination)}/parked"
        return await self._get(path, ParkedPage, _texts(query or ParkedQuery()))

    async def send_again(self, destination: str, *sequences: int) -> tuple[Sent, ...]:
        """Send parked events once more. Raises Unknown, and Unable where the CRM is away."""
        return await self._one(
            "POST",
            f"{_queue(destination)}/parked/send",
            msgspec.json.Decoder(tuple[Sent, ...]).decode,
            Sequences(sequences),
            seconds=_SEND_SECONDS,
        )

    async def drop_parked(self, destination: str, *sequences: int) -> None:
        """Do without these at this CRM. Raises Unknown."""
        await self._do("POST", f"{_queue(destination)}/parked/drop", Sequences(sequences))

    async def commands(self) -> tuple[CommandShown, ...]:
        """The last ones that CRMs gave, the newest first."""
        return await self._get("/commands", tuple[CommandShown, ...])


def _queue(destination: str) -> str:
    return f"/queue/{quote(destination, safe='')}"


def _texts(query: CallQuery | ParkedQuery) -> dict[str, str]:
    """What differs from the default, as text."""
    default = type(query)()
    return {
        name: str(value)
        for name in query.__struct_fields__
        if (value := getattr(query, name)) != getattr(default, name)
    }
