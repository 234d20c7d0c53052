"""`payvand events --resend`, against a real box in a process of its own and a CRM that compares."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.edge.box_process import crm, data, running
from tests.edge.delivery.comparing import ComparingCrm

__all__ = ["crm", "data"]

Payvand = Callable[..., CompletedProcess[str]]


async def test_old_events_go_once_more_on_request(
    data: Path, crm: ComparingCrm, payvand: Payvand, pytestconfig: pytest.Config
) -> None:
    def resend(*words: str) -> Awaitable[CompletedProcess[str]]:
        return asyncio.to_thread(payvand, "events", "--data", data, "--resend", *words)

    async with running(data, pytestconfig.rootpath) as client:
        crm.lose(5, 6, 7)
        done = await resend("5..7", "--to", "crm")
        assert (done.returncode, done.stdout) == (0, "crm: 3 events go once more\n")
        async with asyncio.timeout(10):
            while {5, 6, 7} - set(crm.stored()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert sorted(crm.came[-3:]) == [5, 6, 7]
        assert (await client.status()).destinations[0].repeats == 0

        to_all = await resend("3")
        assert "crm: 1 events go once more\n" in to_all.stdout
        assert "store: not sent: it knows calls by no id of ours" in to_all.stdout
        assert to_all.returncode == 0
        refused = await resend("3", "--to", "store")
        assert refused.returncode == 1
        unknown = await resend("3", "--to", "nobody")
        assert (unknown.returncode, unknown.stderr) == (
            1,
            "payvand: there is no CRM nobody: it is one of crm, store\n",
        )
        beyond = await resend("3..4000")
        assert beyond.returncode == 1
        assert "the last event is " in beyond.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--resend", "7..5"], "write the lower sequence first"),
        (["--resend", "0..5"], "from 1 up"),
        (["--resend", "x..5"], "is no range of sequences such as 110..112"),
        (["--resend", "1..2", "--follow"], "leave --follow"),
        (["--to", "crm"], "--to belongs to --resend"),
    ],
)
def test_a_wrong_request_is_told(
    tmp_path: Path, payvand: Payvand, words: list[str], told: str
) -> None:
    done = payvand("events", "--data", tmp_path, *words)
    assert done.returncode == 2
    assert told in done.stderr
