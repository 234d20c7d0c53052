"""A few of the kills of campaign.py, whose long form is part of `make soak`."""

from pathlib import Path
from random import Random

from tests.edge.commands.campaign import campaign

KILLS = 12


async def test_commands_run_once_whenever_the_box_dies(tmp_path: Path) -> None:
    found = await campaign(tmp_path, KILLS, Random(8))
    assert found.wrong == []
    assert found.missed == []
    assert found.kills.total() == KILLS
    assert found.states["done"] > 0
