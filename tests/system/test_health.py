"""A real box in trouble: the issue is raised, told once, named by the doctor, and ends."""

import asyncio
import json
from typing import Any

from drivers.panasonic.exchange_port import SerialPort
from tests.system.paper import day_of
from tests.system.processes import Box, Crm, assert_exactly_once, eventually, of_type, payvand

DAY = day_of("KX-TDA100", 6, 9)
CRM = "crm-refuses"


async def _doctor(box: Box) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """Run every check now: the exit code, and the issues by code and what they concern."""
    done = await asyncio.to_thread(payvand, "doctor", "--data", box.data, "--json")
    assert done.stderr == ""
    answers = json.loads(done.stdout)["report"]["answers"]
    issues = [issue for answer in answers for issue in answer["issues"]]
    return done.returncode, {(issue["code"], issue["concerns"]): issue for issue in issues}


async def _raised(box: Box) -> set[tuple[str, str]]:
    status = await box.status()
    assert status is not None
    return {(issue.code, issue.concerns) for issue in status.issues}


async def test_a_port_that_vanishes_is_an_issue_until_it_is_back(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    box.settle({"serial": str(port.path)}, {"model": "KX-TDA100"}, crm.url)
    await box.start()
    await box.settled()
    assert await _doctor(box) == (0, {})

    port.unplug()
    await box.becomes("offline", "port-missing")
    code, issues = await _doctor(box)
    assert (code, set(issues)) == (1, {("port-missing", "pbx1")})
    issue = issues["port-missing", "pbx1"]
    assert f"{port.path} is not there" in issue["cause"]["en"]
    assert "مبدل" in issue["advice"]["fa"]
    assert await _raised(box) == {("port-missing", "pbx1")}

    port.plug()
    await box.becomes("online")
    assert await _doctor(box) == (0, {})
    assert await _raised(box) == set()

    await box.settled()
    told = [event["type"] for event in of_type(await crm.events(), "device.*")]
    assert told == ["device.online", "device.offline", "device.online"]
    assert of_type(await crm.events(), "box.alarm") == []


async def test_a_crm_that_refuses_is_told_once_over_a_restart_and_ends_when_it_is_mended(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    box.settle({"serial": str(port.path)}, {"model": "KX-TDA100"}, crm.url)
    await box.start()
    await box.settled()
    await crm.misbehave("401")
    await port.write(DAY.printed[0].text)
    await box.delivers("stopped")

    code, issues = await _doctor(box)
    assert (code, set(issues)) == (1, {(CRM, "crm")})
    assert "HTTP 401" in issues[CRM, "crm"]["cause"]["en"]
    assert "token" in issues[CRM, "crm"]["advice"]["en"]
    await _stored(box, "box.alarm")

    box.kill()
    await box.start()
    await box.delivers("stopped")
    assert await _raised(box) == {(CRM, "crm")}
    code, issues = await _doctor(box)
    assert (code, set(issues)) == (1, {(CRM, "crm")})

    await crm.misbehave("none")
    box.kill()
    await box.start()
    await box.settled()
    assert await _doctor(box) == (0, {})
    await crm.told("box.health", f"{CRM}-over")
    events = await crm.events()
    assert_exactly_once(events)
    told = [
        (event["type"], event["data"]["code"])
        for event in [*of_type(events, "box.alarm"), *of_type(events, "box.health")]
    ]
    assert told == [("box.alarm", CRM), ("box.health", f"{CRM}-over")]
    (alarm,) = of_type(events, "box.alarm", CRM)
    assert alarm["data"]["concerns"] == "crm"
    assert "token" in alarm["data"]["advice"]


async def _stored(box: Box, kind: str) -> None:
    async def look() -> bool:
        return box.stored(kind) == 1

    await eventually(look, f"one {kind} on disk")
