"""`payvand decode`: what a capture means, as the CRM would receive it.

    payvand decode panasonic --set model=KX-TDA100 --set hidden_extensions=601,602 wire.cap

One JSON object a line: `{"type": …, "data": {…}}`, call ids as c1, c2, …; with `--records` what
the device said, before calls are joined. A capture's chunks arrive at their own times; raw bytes
have no time of arrival, so their calls take the printed one. At the end time runs on until no call
is pending.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

HELP = "Show what recorded bytes mean."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("driver", help="name of the driver, such as panasonic")
    file = parser.add_argument("file", help="a .cap file or raw bytes; - for standard input")
    file.default = None
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the driver"
    )
    parser.add_argument("--at", metavar="TIME", help="the clock, RFC 3339 (the capture's, or now)")
    parser.add_argument("--timezone", help="the site's zone (the capture's, or this machine's)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/var/lib/payvand"),
        help="data directory, for --device and profiles of your own (%(default)s)",
    )
    parser.add_argument(
        "--device",
        metavar="KEY",
        action=_InPlaceOf,
        other=file,
        help="in place of a file, what the box kept of this device",
    )
    parser.add_argument("--since", metavar="TIME", help="with --device: only from this time on")
    parser.add_argument(
        "--against",
        metavar="FILE",
        help="print only what differs from the events in FILE, which `payvand decode` or `payvand"
        " events` printed; `stored` for those that the running box has of --device",
    )
    parser.add_argument("--records", action="store_true", help="what the device said, not joined")


class _InPlaceOf(argparse.Action):
    """Makes a positional argument one that need not be there; `nargs="?"` ends at the options."""

    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:  # noqa: ANN401
        self._other: argparse.Action = rest.pop("other")
        super().__init__(option_strings, dest, **rest)

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, values)
        self._other.required = False


def run(args: argparse.Namespace) -> int:
    """With --against 1 when something differs."""
    from edge.decoding import decode, parse_options, records
    from edge.errors import BadInput

    if (args.file is None) == (args.device is None):
        raise BadInput("give one of the two: a file, or --device with a key of site.toml")
    with ExitStack() as stack:
        source = _kept(args) if args.file is None else _opened(args.file, stack)
        job = parse_options(args.driver, source, args.set, args.at, args.timezone, args.data)
        found = records(job) if args.records else decode(job)
        if args.against is None:
            _print(found)
            return 0
        return 1 if _print(_differing(args, found)) else 0


def _print(lines: Iterable[bytes]) -> int:
    """How many there were."""
    count = 0
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
        count += 1
    sys.stdout.buffer.flush()
    return count


def _opened(name: str, stack: ExitStack) -> BinaryIO:
    from edge.errors import BadInput

    try:
        if name == "-":
            return stack.enter_context(open(0, "rb", closefd=False))
        return stack.enter_context(Path(name).open("rb"))
    except OSError as error:
        raise BadInput(f"cannot read {name}: {error.strerror}; name a file or -") from error


def _kept(args: argparse.Namespace) -> bytes:
    from edge.decoding import aware
    from edge.site.file import load
    from edge.site.site import FILE
    from edge.wire.reading import as_capture

    since = None if args.since is None else aware("--since", args.since)
    return as_capture(args.data, load(args.data / FILE), args.device, since)


def _differing(args: argparse.Namespace, found: Iterable[bytes]) -> Iterable[bytes]:
    from edge.errors import BadInput
    from edge.wire.differences import differences, final_calls

    if args.records:
        raise BadInput("--against compares calls: leave --records out")
    here = final_calls(found)
    if args.against != "stored":
        with ExitStack() as stack:
            other = final_calls(_opened(args.against, stack))
    elif args.device is None:
        raise BadInput(
            "--against stored compares what the box has of a device: name it by --device"
        )
    else:
        other = final_calls(asyncio.run(_stored(args)), args.device)
    return differences(here, other)


async def _stored(args: argparse.Namespace) -> list[bytes]:
    from edge.local.client import Client

    async with Client(args.data) as edge:
        return [line async for line in edge.events()]
