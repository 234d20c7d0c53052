"""The command that puts a simulated exchange on a serial port or the network, by hand.

    python -m drivers.panasonic.simulator --model KX-TDA100 --pty /tmp/pbx --speed 60
    python -m drivers.panasonic.simulator --model KX-NS500 --tcp 2300 --seed 7 --calls 200

When the day is printed the exchange falls silent and stays until Ctrl-C.
"""

import argparse
import asyncio
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.exchange_lan import LanPort, LanRules
from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from drivers.panasonic.printout import MODELS, Exchange, Printed, exchange_of, with_headings
from drivers.panasonic.simulator import print_calls


def main() -> int:
    """0 on SIGINT; 1 when the port cannot be had; 2 when the arguments do not fit together."""
    arguments = _arguments()
    try:
        exchange = _exchange(arguments)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    start = datetime.now(UTC).replace(microsecond=0)
    calls = plan_day(Random(arguments.seed), Office(), arguments.calls, start)
    printed = print_calls(calls, exchange)
    pace = Pace(arguments.speed, arguments.longest_wait)
    serve = _lan if arguments.pty is None else _serial
    try:
        asyncio.run(serve(printed, exchange, arguments, pace))
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"cannot open the port: {error}; choose another one\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


async def _serial(
    printed: list[Printed], exchange: Exchange, arguments: argparse.Namespace, pace: Pace
) -> None:
    with SerialPort(arguments.pty) as port:
        _say(f"{exchange.model} prints on {port.path} at {arguments.baud} baud")
        await serve_pty(with_headings(printed, exchange), port, arguments.baud, pace)
        await asyncio.get_running_loop().create_future()


async def _lan(
    printed: list[Printed], exchange: Exchange, arguments: argparse.Namespace, pace: Pace
) -> None:
    rules = LanRules(password=arguments.password, second_client=arguments.second_client)
    with socket.create_server(("127.0.0.1", arguments.tcp)) as listener:
        host, port = listener.getsockname()
        _say(f"{exchange.model} answers on {host}:{port}, user SMDR")
        await LanPort(exchange, rules).serve(listener, printed, pace)


def _exchange(arguments: argparse.Namespace) -> Exchange:
    chosen = {
        name: value
        for name in ("layout", "date_order", "clock", "names", "page_length", "marker")
        if (value := getattr(arguments, name)) is not None
    }
    events = {"received": arguments.events, "answered": arguments.events, "did": arguments.did}
    exchange = exchange_of(arguments.model, arguments.timezone)
    if arguments.cr:
        exchange = replace(exchange, line_end="\r")
    return replace(exchange, **chosen, **events)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m drivers.panasonic.simulator",
        description="A Panasonic exchange with a day of made-up calls.",
    )
    add = parser.add_argument
    add("--model", choices=MODELS, default="KX-TDA100")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", type=Path, metavar="LINK", help="serial port, linked at LINK")
    where.add_argument("--tcp", type=int, metavar="PORT", help="network; 0 takes a free port")
    add("--seed", type=int, default=1, help="the same seed makes the same day")
    add("--calls", type=int, default=100)
    add("--speed", type=_positive, default=1.0, help="times faster than the day")
    add("--longest-wait", type=float, metavar="SECONDS", help="between two lines")
    add("--baud", type=int, default=9600)
    add("--timezone", type=_timezone, default="Asia/Tehran")
    add("--layout", choices=("ta", "tda-a", "tda-b", "tda-c"))
    add("--date-order", choices=("dmy", "mdy", "ymd"))
    add("--clock", choices=("12h", "24h"))
    add("--names", choices=("none", "after", "before"), help="callers' names, by the number")
    add("--marker", help="the word of an incoming call")
    add("--page-length", type=int, metavar="LINES")
    add("--events", action="store_true", help="print RC and AN lines (TDA family)")
    add("--did", action="store_true", help="print the DID (TDA family)")
    add("--cr", action="store_true", help="end lines with CR instead of CR LF")
    add("--password", default=LanRules().password)
    add("--second-client", choices=("rejected", "takes over"), default="rejected")
    return parser.parse_args()


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("give a number above 0")
    return number


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError("give a zone's name, like Asia/Tehran") from error


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
