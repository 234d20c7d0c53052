"""`payvand capture`: records what a port or a device says into one file, for support.

    payvand capture /dev/ttyUSB0                  a free port; the speed is sought
    payvand capture pbx1                          a device of the running box, through the box
    payvand capture pbx1 --test 2                 and a test of two lines, step by step; the calls
                                                  made meanwhile reach the CRM marked as a test

Whatever is typed and ended with Enter becomes a mark in the file, such as `called line 2`. Ctrl-C
ends it. Nothing is sent to the device.
"""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.wire.capturing import DeviceCapture, PortCapture
    from edge.wire.recorder import Recorder

HELP = "Record what a port or a device says, with a technician's marks."
MOST_LINES = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from drivers.detect.baud import USUAL

    parser.add_argument("source", help="a port such as /dev/ttyUSB0, or a device's key")
    parser.add_argument("--to", type=Path, metavar="FILE", help="the file (capture-TIME.cap)")
    parser.add_argument("--seconds", type=float, help="end after so many (Ctrl-C)")
    parser.add_argument(
        "--baud", type=int, choices=sorted(USUAL), metavar="N", help="the speed (it is sought)"
    )
    parser.add_argument(
        "--test", type=int, default=0, metavar="LINES", help="test so many lines, step by step"
    )
    parser.add_argument(
        "--scramble", action="store_true", help="make other telephone numbers of those in it"
    )
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Raises CommandFailed where the source cannot be heard or the file cannot be made."""
    from edge.errors import BadInput

    if not 0 <= args.test <= MOST_LINES:
        raise BadInput(f"--test {args.test}: write a number of lines from 1 to {MOST_LINES}")
    path = args.to or Path(f"capture-{datetime.now().astimezone():%Y%m%d-%H%M%S}.cap")
    asyncio.run(_capture(args, path))
    if args.scramble:
        _scramble(path)
    print(f"{path}: send this file to support")
    return 0


async def _capture(args: argparse.Namespace, path: Path) -> None:
    from edge.wire.capturing import conclude
    from edge.wire.recorder import Recorder

    source = await _source(args)
    with Recorder(path, source.header) as recorder:
        print(f"Recording into {path}; Ctrl-C ends it.")
        try:
            await _until_over(args, source, recorder)
        finally:
            found = conclude(recorder, source.ear, seeks=args.source.startswith("/"))
    print(f"{recorder.chunks} chunks, {recorder.bytes} bytes, {recorder.marks} marks")
    for score in recorder.scores:
        print(f"  {score}")
    if found:
        print(f"  {found.driver}, {found.confidence}, at {found.baud} {found.format}")


async def _source(args: argparse.Namespace) -> "PortCapture | DeviceCapture":
    from edge.errors import BadInput
    from edge.site.file import load
    from edge.site.site import FILE
    from edge.wire.capturing import DeviceCapture, PortCapture

    if args.source.startswith("/"):
        return PortCapture(args.source, args.baud, _say)
    site = await asyncio.to_thread(load, args.data / FILE)
    device = next((each for each in site.device if each.key == args.source), None)
    if device is None:
        keys = ", ".join(each.key for each in site.device) or "none"
        raise BadInput(f'"{args.source}" is no device of this site ({keys}); a port begins with /')
    found = DeviceCapture(args.data, device, _say, test=bool(args.test))
    await found.prepare()
    return found


async def _until_over(
    args: argparse.Namespace, source: "PortCapture | DeviceCapture", recorder: "Recorder"
) -> None:
    """Until the script has ended, the time is over, or Ctrl-C."""
    from edge.service.unwrapped import unwrapped
    from edge.wire.capturing import marking, typed_lines
    from edge.wire.script import steps

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, over.set)
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    script = list(steps(args.test))

    async def marks() -> None:
        await source.ready.wait()
        await marking(lines, recorder, source.begun, script, _say)
        over.set()

    try:
        with unwrapped():
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(source.record(recorder)),
                    group.create_task(typed_lines(lines)),
                    group.create_task(marks()),
                ]
                with suppress(TimeoutError):
                    async with asyncio.timeout(args.seconds):
                        await over.wait()
                for task in tasks:
                    task.cancel()
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _scramble(path: Path) -> None:
    from drivers.wire.capture import format_capture, read_capture
    from edge.durable_file import replace_file
    from edge.wire.scramble import scramble

    replace_file(path, format_capture(scramble(read_capture(path.read_bytes()))).encode())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
