"""rsyslog: RELP in, so that the sender gets acknowledgements; TCP lines out, to nobody at first.

1 open … / 1 rsp … 200 OK        RELP: number, command, length, data, line feed
2 syslog 530 <13>… / 2 rsp 6 200 OK
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from bench.peers.event import event, number_of
from bench.peers.peer import Peer, Ports, running, until_quiet
from bench.peers.sender import Sender

_OFFER = b"relp_version=0\nrelp_software=bench\ncommands=syslog"
_HEAD = b"<13>Mar 21 08:30:05 box bench: "
_MOST_NUMBERS = 999_999_999
_DISK = 'queue.filename="q" queue.maxDiskSpace="4g" queue.saveOnShutdown="on"'
_PLAIN = (
    'ruleset(name="in") {{\n'
    '  action(type="omfwd" target="127.0.0.1" port="{upstream}" protocol="tcp" template="bare"\n'
    '         action.resumeRetryCount="-1" action.resumeInterval="1"\n'
    '         queue.type="LinkedList" ' + _DISK + ")\n}}\n"
)
_SYNCED = (
    'ruleset(name="in" queue.type="Disk" queue.syncQueueFiles="on" queue.checkpointInterval="1"\n'
    '        queue.size="2000000" ' + _DISK + ") {{\n"
    '  action(type="omfwd" target="127.0.0.1" port="{upstream}" protocol="tcp" template="bare"\n'
    '         action.resumeRetryCount="-1" action.resumeInterval="1")\n}}\n'
)
_FRAME = (
    'global(workDirectory="{room}")\n'
    'module(load="imrelp")\n'
    'template(name="bare" type="string" string="%msg%\\n")\n'
    "{rules}"
    'input(type="imrelp" port="{peer}" address="127.0.0.1" ruleset="in")\n'
)


class _Rsyslog(Peer):
    program = "rsyslogd"
    package = "rsyslog rsyslog-relp"
    rules: ClassVar[str]

    @property
    def installed(self) -> bool:
        """Its RELP is in a package of its own."""
        return super().installed and any(Path("/usr/lib").glob("*/rsyslog/imrelp.so"))

    def command(self, room: Path, ports: Ports) -> list[str]:
        rules = self.rules.format(upstream=ports.upstream)
        config = room / "rsyslog.conf"
        config.write_text(_FRAME.format(room=room, peer=ports.peer, rules=rules), encoding="ascii")
        return ["rsyslogd", "-n", "-f", str(config), "-i", str(room / "pid")]

    async def connect(self, ports: Ports) -> Sender:
        relp = await Relp.to(ports.peer)
        await relp.ask(b"open", _OFFER)
        return relp

    async def survivors(self, room: Path, ports: Ports) -> set[int]:
        found: set[int] = set()
        connected: set[StreamWriter] = set()

        async def take(reader: StreamReader, writer: StreamWriter) -> None:
            connected.add(writer)
            with suppress(OSError):
                while line := await reader.readline():
                    if (number := number_of(line)) is not None:
                        found.add(number)
            writer.close()
            connected.remove(writer)

        async with await asyncio.start_server(take, "127.0.0.1", ports.upstream, limit=1 << 20):
            with running(self.command(room, ports)):
                await until_quiet(found)
            while connected:  # noqa: ASYNC110 - until their ends are read
                await asyncio.sleep(0.01)
        return found


class RsyslogAssisted(_Rsyslog):
    name = "rsyslog, disk-assisted queue"
    rules = _PLAIN


class RsyslogSynced(_Rsyslog):
    name = "rsyslog, synced disk queue"
    rules = _SYNCED


class Relp(Sender):
    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        super().__init__(reader, writer)
        self._number = 0

    async def send(self, number: int) -> None:
        await self.ask(b"syslog", _HEAD + event(number))

    async def ask(self, command: bytes, data: bytes) -> None:
        self._number = self._number % _MOST_NUMBERS + 1
        frame = b"%d %s %d %s\n" % (self._number, command, len(data), data)
        await self.answer_to(self._number, frame)

    async def hear(self) -> None:
        number = int(await self.reader.readuntil(b" "))
        await self.reader.readuntil(b" ")
        data = await self.reader.readexactly(int(await self.reader.readuntil(b" ")))
        await self.reader.readexactly(1)
        if data.startswith(b"200"):
            self.answered(number)
