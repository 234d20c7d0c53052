"""`payvand doctor`: runs every health check now and says what to do, in English or Persian.

    mashhad: 1 of 9 checks found something wrong

    ok     Room on the disk
    WRONG  Ports and connections
           pbx1 on /dev/ttyUSB0 is not connected: its calls are not read. (since …)
           do: Plug in the adapter of the exchange. (port-missing)
    advice Ringing is reported
           …

    To be set in the device pbx1 itself:
      - …

Without a running edge it says how to start it, and checks what can be seen from outside. Exit code
0 when all is well, 1 when something is wrong or recommended, 2 for mistakes in the settings.
"""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.local.issue import Asks, Diagnosis
    from edge.site.site import Site

HELP = "Run every health check now and say what to do."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")
    parser.add_argument(
        "--lang", choices=("en", "fa"), default="en", help="language (default %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Raises CommandFailed where an edge is there but does not answer."""
    import msgspec

    from edge.checks.outside import SETTINGS
    from edge.checks.page import page

    found = asyncio.run(_diagnose(args.data))
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(page(found, args.lang)))
    wrong = {answer.name for answer in found.report.answers if answer.issues}
    return 2 if SETTINGS in wrong else 1 if wrong else 0


async def _diagnose(data: Path) -> "Diagnosis":
    from datetime import UTC, datetime

    from edge.checks.outside import outside, settings
    from edge.errors import BadInput
    from edge.local.client import Client, NotRunning
    from edge.local.issue import Diagnosis, Report
    from edge.service.service import DATABASE
    from edge.site.file import load
    from edge.site.site import FILE

    site, mistakes = None, None
    try:
        site = load(data / FILE)
    except BadInput as error:
        mistakes = error
    try:
        async with Client(data) as edge:
            report, running = await edge.checks(), True
    except NotRunning:
        now = datetime.now(UTC)
        answers = outside(data, DATABASE, site, now)
        report = Report(site=site.name if site else "", now=now, answers=tuple(answers))
        running = False
    first = settings(mistakes, report.now)
    report = Report(site=report.site, now=report.now, answers=(first, *report.answers))
    return Diagnosis(running=running, report=report, asks=_asks(site) if site else ())


def _asks(site: "Site") -> tuple["Asks", ...]:
    """For each device: the settings are the driver's word, in its own languages."""
    from drivers import catalog
    from edge.local.issue import Asks, Words

    found = []
    for device in site.device:
        texts = catalog.spec(device.driver).asks(device.settings)
        words = tuple(Words(text["en"], text["fa"]) for text in texts)
        found.append(Asks(device=device.key, settings=words))
    return tuple(found)
