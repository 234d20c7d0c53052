"""`payvand identity`, with a real box and a real CRM that follows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.cli.test_guarded_backup import SITE, EnrollingCrm, delivered
from tests.system.processes import Box, payvand


@pytest.fixture
async def crm(tmp_path: Path) -> AsyncIterator[EnrollingCrm]:
    crm = EnrollingCrm(tmp_path / "crm")
    crm.spawn()
    yield crm
    crm.kill()


async def test_a_renewed_key_is_followed(tmp_path: Path, crm: EnrollingCrm) -> None:
    box = Box(tmp_path / "box")
    site = SITE.format(url=crm.url, claim=await crm.claim())
    (box.data / "site.toml").write_text(site)
    none = payvand("identity", "--data", box.data)
    assert (none.returncode, none.stderr.count("\n")) == (1, 1)
    box.spawn()
    try:
        status = await delivered(box)
        first = payvand("identity", "--data", box.data).stdout
        assert first == f"device id {status.device_id}, key {status.box}#1\n"
        refused = payvand("identity", "--renew", "--data", box.data)
        assert (refused.returncode, "already running" in refused.stderr) == (1, True)
        await box.stop()
        second = payvand("identity", "--renew", "--data", box.data).stdout
        assert second.endswith(f"{status.box}#2\n")
        box.spawn()
        assert f"device id {(await delivered(box)).device_id}," in second
        assert await crm.states() == [("accepted", 2), ("replaced", 1)]
    finally:
        box.kill()
