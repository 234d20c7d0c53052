"""The short form of killing.py."""

from pathlib import Path

import pytest

from tests.edge.delivery.call_store.killing import STAND_INS, Killing, verdict

ROUNDS = 6


@pytest.mark.parametrize("kind", STAND_INS)
async def test_killed_at_random_no_call_is_doubled_that_could_be_found(
    kind: str, tmp_path: Path
) -> None:
    killing = Killing(kind, ROUNDS, 12, tmp_path)
    await killing.run()
    assert verdict(killing) == []
    assert killing.toll.kills == ROUNDS
