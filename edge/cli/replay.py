"""`payvand replay`: plays a capture as if the device were there.

    payvand replay wire.cap                  into a pty; give its name to whatever shall read it
    payvand replay wire.cap --into pbx1      into a device of the running box: the calls reach the
                                             CRM, each of them marked as a test

Only what came from the device is played, at the recorded times or --speed times as fast.
"""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.wire.capture import Capture

HELP = "Play a capture into a pty, or into a device of the running box as a test."
MOST_BYTES = 900_000
FASTEST = 1000.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a .cap file")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="so many times as fast (%(default)s)"
    )
    parser.add_argument("--into", metavar="KEY", help="a device of the running box (a pty)")
    parser.add_argument(
        "--wait",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="before a pty is played into, so that it can be opened (%(default)s)",
    )
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    from drivers.wire.capture import CaptureError, read_capture
    from edge.errors import BadInput

    try:
        text = args.file.read_bytes()
        capture = read_capture(text)
    except OSError as error:
        raise BadInput(f"cannot read {args.file}: {error.strerror}") from error
    except CaptureError as error:
        raise BadInput(f"{args.file}: {error}") from error
    if args.into is None:
        asyncio.run(_into_pty(capture, args.speed, args.wait))
    else:
        if len(text) > MOST_BYTES:
            raise BadInput(f"{args.file} is larger than {MOST_BYTES} bytes: cut it to what counts")
        asyncio.run(_into_device(text, args))
    return 0


async def _into_pty(capture: "Capture", speed: float, wait: float) -> None:
    from drivers.wire.capture import Capture, Received
    from drivers.wire.player import FarEnd, play
    from edge.wire.readable import sent_bytes

    entries = tuple(Received(at, data) for at, data in sent_bytes(capture, parity=True))
    capture = Capture(capture.header, entries)
    far = FarEnd()
    try:
        print(f"{far.port}: playing begins in {wait:g} s", flush=True)
        await asyncio.sleep(wait)
        await play(capture, far.write, speed)
        print("played; Ctrl-C pulls the cable", flush=True)
        await asyncio.Event().wait()
    finally:
        far.close()


async def _into_device(text: bytes, args: argparse.Namespace) -> None:
    from edge.local.client import Client

    async with Client(args.data) as edge:
        played = await edge.replay(args.into, text.decode(), args.speed)
    print(f"{played.events} events of {args.into}, all marked as a test")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0, up to {FASTEST:g}")
    return speed
