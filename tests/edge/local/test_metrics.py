"""The metrics as Prometheus reads them."""

import re
from datetime import UTC, datetime

import pytest

from edge.journal.flushes import FlushTimes
from edge.journal.records import Figures
from edge.local.issue import Issue, Words
from edge.local.metrics import Measures, resident, text
from edge.local.status import DestinationStatus, DeviceStatus, DiskStatus, Status

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SAMPLE = re.compile(
    r"(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z_]+=\"(?:[^\"\\\n]|\\[\\\"n])*\""
    r"(?:,[a-z_]+=\"(?:[^\"\\\n]|\\[\\\"n])*\")*)\})? (?P<number>-?[0-9.e+-]+)"
)
MEASURES = Measures(
    journal=Figures(used=4096, spare=1024),
    flushes=3,
    flush_seconds=0.25,
    flush_times=FlushTimes(3, 60.0, 0.05, 0.125),
    loop_lag=0.5,
    resident=1 << 20,
)


@pytest.fixture
def status() -> Status:
    device = DeviceStatus(
        key="pbx1",
        driver="panasonic",
        link="/dev/ttyUSB0",
        state="quiet",
        code="device-quiet",
        advice="",
        since=NOW,
        calls=12,
        bytes_in=900,
        unrecognized=2,
    )
    destination = DestinationStatus(
        name="crm", kind="link", state="retrying", code="", advice="", since=NOW, backlog=7
    )
    issue = Issue(
        code='a"b\\c',
        concerns="crm",
        severity="alarm",
        since=NOW,
        cause=Words("", ""),
        advice=Words("", ""),
    )
    return Status(
        box="b0x",
        journal="5f3a9c01",
        version="0.1.0",
        name="mashhad",
        started_at=NOW,
        uptime_seconds=5,
        last_sequence=40,
        disk=DiskStatus(percent=41, free=7, days_left=None, ballast=True),
        devices=(device,),
        destinations=(destination,),
        issues=(issue,),
    )


def test_each_family_is_told_once_and_each_sample_stands_with_its_family(status: Status) -> None:
    family, families = "", []
    for line in text(status, MEASURES).splitlines():
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split()
            families.append(family)
            assert (kind == "counter") == family.endswith("_total")
        elif not line.startswith("# HELP "):
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            assert sample["name"] in {family, f"{family}_sum", f"{family}_count"}
            float(sample["number"])
    assert len(set(families)) == len(families) > 15


def test_the_numbers_are_those_of_the_status(status: Status) -> None:
    lines = text(status, MEASURES).splitlines()
    for line in (
        "payvand_events_total 40",
        "payvand_disk_used_ratio 0.41",
        "payvand_journal_used_bytes 4096",
        'payvand_flush_seconds{quantile="0.99"} 0.125',
        "payvand_flush_seconds_sum 0.25",
        "payvand_flush_seconds_count 3",
        "payvand_loop_lag_seconds 0.5",
        'payvand_device_up{device="pbx1"} 1',
        'payvand_device_calls_total{device="pbx1"} 12',
        'payvand_device_bytes_total{device="pbx1"} 900',
        'payvand_device_unrecognized_total{device="pbx1"} 2',
        'payvand_destination_up{destination="crm"} 0',
        'payvand_backlog_events{destination="crm"} 7',
        r'payvand_issue{code="a\"b\\c",concerns="crm",severity="alarm"} 1',
    ):
        assert line in lines


def test_the_memory_is_that_of_this_process() -> None:
    assert 5 << 20 < resident() < 1 << 30
