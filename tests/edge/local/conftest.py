"""An edge in this process, without devices and CRMs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.site.site import FILE
from tests.edge.running import SITE, Running, running


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Running]:
    """One without devices and CRMs."""
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as found:
        yield found
