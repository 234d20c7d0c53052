"""A box and a CRM as processes, and a serial port between the box and an exchange of the test's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.panasonic.exchange_port import SerialPort
from tests.system.processes import Box, Crm


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    """Not started yet."""
    crm = Crm(tmp_path / "crm")
    yield crm
    crm.kill()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """Not started, and without settings yet."""
    box = Box(tmp_path / "box")
    yield box
    box.kill()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[SerialPort]:
    """The exchange's serial port, plugged in; a link in the file system follows it."""
    with SerialPort(tmp_path / "ttyUSB0") as port:
        yield port
