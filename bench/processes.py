"""The real processes of the benches that look at the box from outside.

exchange's end of a pty ──▶ payvand run ──▶ payvand crm        each with a folder of its own
"""

import asyncio
import os
import pty
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import CommandFailed
from edge.local.client import Client
from edge.local.status import Status

_PATIENCE = 60.0
_ENVIRONMENT = ("PATH", "LANG", "HOME", "TMPDIR")
_UNIT = Path(__file__).parents[1] / "systemd" / "payvand-edge.service"
_SITE = """\
version = 1
name = "bench"
timezone = "Asia/Tehran"

[[device]]
key = "pbx1"
driver = "panasonic"
link = {{ serial = "{port}", baud = 9600, format = "8N1" }}
settings = {{ model = "KX-TDA100", release_codes = ["9"], area_code = "51" }}

[[destination]]
name = "crm"
kind = "link"
settings = {{ url = "{url}" }}
"""


@dataclass(frozen=True, slots=True)
class Cable:
    """A pty: what is written to `exchange` arrives at `port`. `box` keeps it alive and raw."""

    exchange: int
    box: int

    @property
    def port(self) -> str:
        return os.ttyname(self.box)


@dataclass(frozen=True, slots=True)
class Box:
    """A running `payvand run`. begun: of perf_counter, just before its exec."""

    folder: Path
    pid: int
    begun: float

    def status(self) -> Status:
        """What `payvand status` shows. Raises CommandFailed while nobody answers."""

        async def ask() -> Status:
            async with Client(self.folder) as edge:
                return await edge.status()

        return asyncio.run(ask())

    @property
    def answers(self) -> bool:
        """Whether its control socket is there."""
        try:
            self.status()
        except CommandFailed:
            return False
        return True

    @property
    def delivered(self) -> bool:
        """Whether the CRM has everything; False too while the box does not answer yet."""
        try:
            status = self.status()
        except CommandFailed:
            return False
        stored = status.last_sequence
        return stored > 0 and all(each.cursor == stored for each in status.destinations)


@contextmanager
def cable() -> Iterator[Cable]:
    exchange, box = pty.openpty()
    tty.setraw(box)
    try:
        yield Cable(exchange, box)
    finally:
        os.close(exchange)
        os.close(box)


@contextmanager
def reference_crm(folder: Path) -> Iterator[str]:
    """The CRM, on a free port; gives its URL."""
    with program("edge", "crm", "--port", "0", "--data", str(folder)) as process:
        yield said(process)


@contextmanager
def payvand_run(folder: Path, port: str, url: str) -> Iterator[Box]:
    """A box with one exchange and one CRM; its start is not waited for."""
    with box_of(folder, _SITE.format(port=port, url=url)) as box:
        yield box


@contextmanager
def box_of(folder: Path, site: str) -> Iterator[Box]:
    """A box with these settings; its start is not waited for."""
    folder.mkdir(exist_ok=True)
    (folder / "site.toml").write_text(site, encoding="utf-8")
    begun = time.perf_counter()
    with program("edge", "run", "--data", str(folder)) as process:
        yield Box(folder, process.pid, begun)


def said(process: "subprocess.Popen[str]") -> str:
    """The last word of the next line that it prints."""
    if process.stdout is None:
        raise RuntimeError("it has no pipe")
    return process.stdout.readline().split()[-1]


def wait_for(
    condition: Callable[[], bool], every: float = 0.02, patience: float = _PATIENCE
) -> None:
    """Ask until it is true. Raises TimeoutError after `patience` seconds."""
    limit = time.monotonic() + patience
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"the bench waited {patience:.0f} s for the box in vain")
        time.sleep(every)


@contextmanager
def program(module: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """One of ours, ended with the context, in the environment that its unit gives it.

    What a shell sets for Python and OpenSSL takes its time and megabytes.
    """
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
        [sys.executable, "-m", module, *words],
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _of_unit(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _of_unit() -> dict[str, str]:
    """What Environment= of the unit sets."""
    lines = _UNIT.read_text(encoding="utf-8").splitlines()
    words = (line.removeprefix("Environment=").split() for line in lines if "Environment=" in line)
    return dict(word.split("=", 1) for line in words for word in line)
