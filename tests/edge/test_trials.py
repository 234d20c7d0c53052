"""Tests of a device and of a CRM as a technician asks for them, on real lines and servers."""

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.panasonic.driver import SPEC
from edge.access.refusals import Unknown
from edge.crm.server import serve
from edge.delivery.destinations.catalog import spec
from edge.local.issue import titled
from edge.local.persian_advice import of_crm
from edge.local.settings_records import DestinationChange, DeviceChange
from edge.local.trial_records import Trial
from edge.site.site import FILE
from tests.edge.running import SECONDS, SITE, Running, running

LINE = b"21/11/26 20:13     109 04 <I>02144556677            0'06 00:00'42\r\n"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / FILE).write_text(SITE)
    async with running(tmp_path) as found:
        yield found


async def _device(box: Running, link: dict[str, str]) -> None:
    edge = box.as_role("technician")
    change = DeviceChange(
        revision=(await edge.settings()).revision,
        key="pbx1",
        driver="panasonic",
        link=link,
        settings={"model": "KX-TDA100"},
    )
    await edge.add_device(change)


def _words(trial: Trial) -> dict[str, str]:
    assert all(step.title.fa and step.detail.fa for step in trial.steps)
    return {step.name: step.state for step in trial.steps}


async def test_a_line_that_speaks_is_told_from_one_that_is_silent_or_not_understood(
    box: Running,
) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    edge = box.as_role("technician")
    await _device(box, {"serial": os.ttyname(theirs)})
    async with asyncio.timeout(SECONDS):
        await box.edge._devices.supervisors["pbx1"].online.wait()
    assert _words(await edge.test_device("pbx1", 0.1)) == {
        "link": "ok",
        "lines": "skipped",
        "bytes": "unsure",
        "records": "unsure",
        "ringing": "unsure",
        "clock": "skipped",
    }
    asyncio.get_running_loop().call_later(0.2, os.write, ours, LINE)
    assert _words(await edge.test_device("pbx1", SECONDS))["bytes"] == "ok"
    async with asyncio.timeout(SECONDS):
        while _words(await edge.test_device("pbx1", 0))["records"] != "ok":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    os.close(ours)
    os.close(theirs)


async def test_behind_a_port_that_is_not_there_nothing_is_judged(box: Running) -> None:
    await _device(box, {"serial": "/dev/ttyUSB99"})
    trial = await box.as_role("technician").test_device("pbx1", 0.5)
    words = _words(trial)
    (status,) = (await box.as_role("viewer").status()).devices
    assert status.title == titled(SPEC.titles)
    assert words.pop("link") == "failed"
    assert set(words.values()) == {"skipped"}
    with pytest.raises(Unknown):
        await box.as_role("technician").test_device("pbx9")


async def test_a_crm_is_tested_from_its_port_to_its_answer(box: Running, tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    crm = await serve("127.0.0.1", 0, tmp_path / "crm", "x")
    edge = box.as_role("administrator")
    change = DestinationChange(
        revision=(await edge.settings()).revision,
        name="crm",
        kind="link",
        settings={"url": crm.url, "token": "x"},
    )
    revision = (await edge.add_destination(change)).revision
    words = _words(await edge.test_destination("crm"))
    assert set(words.values()) == {"ok"}
    (status,) = (await edge.status()).destinations
    assert status.title == titled(spec("link").titles)
    change = DestinationChange(
        revision=revision, name="crm", kind="link", settings={"url": crm.url, "token": "wrong"}
    )
    await edge.change_destination(change)
    trial = await edge.test_destination("crm")
    words = _words(trial)
    assert (words["port"], words["answer"]) == ("ok", "failed")
    answer = next(step for step in trial.steps if step.name == "answer")
    assert answer.detail.fa == of_crm("HTTP 401")
    await crm.close()
    words = _words(await edge.test_destination("crm", 1.0))
    assert words["port"] == "failed"
    assert [e.what for e in (await edge.audit())[:1]] == ["destination.tested"]
