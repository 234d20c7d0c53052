"""A portal on a real port, and the box's way to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.delivery.destinations.bitrix24.destination import Bitrix24Destination
from edge.delivery.destinations.bitrix24.pace import Bucket
from edge.delivery.destinations.bitrix24.settings import Bitrix24Settings
from edge.delivery.destinations.bitrix24.stand_in import Portal, serve
from tests.edge.delivery.destinations.conftest import Box

FAST = 1000.0


@asynccontextmanager
async def opened(portal: Portal) -> AsyncIterator[str]:
    runner, url = await serve(portal)
    yield url
    await runner.cleanup()


def bitrix(
    box: Box,
    url: str,
    *,
    default_user: int = 1,
    bucket: Bucket | None = None,
    patience: float = 30.0,
) -> Bitrix24Destination:
    settings = Bitrix24Settings(url=url, default_user=default_user)
    assert settings.problems() == []
    bucket = bucket or Bucket(FAST, FAST)
    return Bitrix24Destination(settings, box.branch(), patience=patience, bucket=bucket)


def portal() -> Portal:
    """One that takes requests as fast as they come."""
    return Portal(depth=FAST, leak=FAST)
