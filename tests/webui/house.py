"""A branch for the page's tests: an exchange's port, edge, page and CRM, all real."""

import asyncio
import json
import os
import pty
import ssl
import subprocess
import sys
import time
import tty
import urllib.request
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from edge.access.records import NewUser, Opened
from edge.access.setup_code import read
from edge.errors import CommandFailed
from edge.local.client import Client
from edge.local.settings_records import UNNAMED, DestinationChange, DeviceChange

ROOT = Path(__file__).parents[2]
SECONDS = 30.0
USER, PASSWORD = "sara", "rah-e door, aftab 7"
NO_CHECK = ssl.create_default_context()
NO_CHECK.check_hostname = False
NO_CHECK.verify_mode = ssl.CERT_NONE

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, seconds: float = SECONDS) -> T:
    """What `look` sees once it is true of it; fails naming `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def aside(asking: Coroutine[Any, Any, T]) -> T:
    """Run it in a thread: in this one Playwright's loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asking).result(SECONDS)


class House:
    """Everything in one folder with a short name, since a socket's path may have 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "box"
        self.data.mkdir()
        self.url = ""
        self.crm = ""
        self._exchange, self._port = pty.openpty()
        tty.setraw(self._port)
        self.port = os.ttyname(self._port)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def factory(self) -> None:
        """As it leaves the factory: nothing is set but that there is a branch."""
        site = {"version": 1, "name": UNNAMED, "timezone": "Asia/Tehran"}
        (self.data / "site.toml").write_text(tomli_w.dumps(site))
        self._start("edge", "-m", "edge", "run", "--data", str(self.data))
        log = self._begin_web("127.0.0.1")  # beside the edge: each takes a while
        self._edge_answers()
        self._web_listens(log)

    def start_edge(self) -> None:
        self._start("edge", "-m", "edge", "run", "--data", str(self.data))
        self._edge_answers()

    def _edge_answers(self) -> None:
        eventually((self.data / "web.sock").exists, "the edge's socket")
        eventually(self.answers, "the edge's answer")

    def start_web(self, host: str = "127.0.0.1") -> None:
        self._web_listens(self._begin_web(host))

    def _begin_web(self, host: str) -> Path:
        return self._start("web", "-m", "webui", "--data", str(self.data), "--listen", f"{host}:0")

    def _web_listens(self, log: Path) -> None:
        line = eventually(lambda: _line_with(log, "listens on"), "the page's address")
        self.url = line.split()[-1]

    def start_crm(self) -> None:
        words = ("-m", "edge", "crm", "--port", "0", "--data", str(self.folder / "crm"))
        log = self._start("crm", *words)
        self.crm = eventually(lambda: _line_with(log, "http"), "the CRM's address").split()[-1]

    def end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        process.wait(SECONDS)

    def close(self) -> None:
        for name in list(self._processes):
            self.end(name)
        os.close(self._exchange)
        os.close(self._port)

    @property
    def code(self) -> str:
        code = (self.data / "setup-code").read_text().strip()
        assert read(code)
        return code

    def answers(self) -> bool:
        async def ask() -> None:
            async with Client(self.data) as edge:
                await edge.status()

        try:
            aside(ask())
        except Exception:  # noqa: BLE001 - it is not there yet, whatever it says
            return False
        return True

    def commission(self) -> None:
        """Set it up as the page would, over the same socket: a user, an exchange, a CRM."""
        self.start_crm()
        self.commission_user()
        aside(self._commission())
        eventually(self.online, "the exchange's port open: what is printed before nobody reads")

    def commission_user(self) -> None:
        """Set a password, and nothing else."""

        async def begin() -> Opened:
            async with Client(self.data, token="") as nobody:
                ticket = await nobody.begin_setup(self.code)
                return await nobody.finish_setup(ticket.token, USER, PASSWORD)

        aside(begin())

    async def _commission(self) -> None:
        async with Client(self.data, token="") as nobody:
            opened = await nobody.log_in(USER, PASSWORD)
            edge = nobody.for_session(opened.token, "127.0.0.1")
            await edge.add_user(NewUser("vahid", PASSWORD, "viewer"))
            link = {"serial": self.port, "baud": 9600}
            settings = {"model": "KX-TDA100", "area_code": "51"}
            await edge.add_device(
                DeviceChange(
                    revision=(await edge.settings()).revision,
                    key="pbx1",
                    driver="panasonic",
                    link=link,
                    settings=settings,
                )
            )
            await edge.add_destination(
                DestinationChange(
                    revision=(await edge.settings()).revision,
                    name="crm",
                    kind="link",
                    settings={"url": self.crm},
                )
            )

    def online(self) -> bool:
        """Whether there are devices, and all of them are read; not while the edge begins anew."""

        async def ask() -> list[str]:
            with suppress(CommandFailed):
                async with Client(self.data) as edge:
                    return [each.state for each in (await edge.status()).devices]
            return []

        return set(aside(ask())) == {"online"}

    def log_in(self, user: str = USER) -> Opened:
        async def ask() -> Opened:
            async with Client(self.data, token="") as nobody:
                return await nobody.log_in(user, PASSWORD)

        return aside(ask())

    def call(self, number: str, line: str = "04", extension: str = "109") -> None:
        """The exchange prints an incoming call of 42 seconds."""
        when = datetime.now().astimezone().strftime("%d/%m/%y %H:%M")
        text = f"{when}     {extension} {line} <I>{number:<24}0'06 00:00'42\r\n"
        os.write(self._exchange, text.encode())

    def get(self, path: str, **headers: str) -> bytes:
        asked = urllib.request.Request(f"{self.url}{path}", headers=headers)  # noqa: S310
        with urllib.request.urlopen(asked, context=NO_CHECK, timeout=SECONDS) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body

    def stored(self) -> int:
        """How many events the edge has stored."""
        done = subprocess.run(
            [sys.executable, "-m", "edge", "status", "--json", "--data", str(self.data)],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        last: int = json.loads(done.stdout)["last_sequence"]
        return last

    def rss(self, name: str) -> int:
        """Kilobytes of memory that a process holds."""
        text = Path(f"/proc/{self._processes[name].pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0])

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _start(self, name: str, *words: str) -> Path:
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        return log


def _line_with(log: Path, text: str) -> str | None:
    return next((line for line in log.read_text().splitlines() if text in line), None)
