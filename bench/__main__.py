"""Runs the benches and prints their tables: `python -m bench [--markdown] [NAME…]`.

A bench has a function without arguments that returns a Table. It reports; it never passes or fails
by a clock.
"""

import signal
import sys
from importlib import import_module
from types import FrameType

_QUICK = {
    "append": "bench.append:measure",
    "drain": "bench.drain:measure",
    "decode": "bench.decode:measure",
    "caller-id": "bench.caller_id:measure",
    "latency": "bench.latency:measure",
    "start": "bench.start:measure",
    "life": "bench.life:measure",
    "pages": "bench.pages:measure",
    "webui": "bench.webui:measure",
    "everything": "bench.everything:measure",
}
_LONG = {
    "seen": "bench.seen:measure",
    "load": "bench.load:measure",
    "outage": "bench.outage:measure",
    "outage-whole": "bench.outage:measure_whole",
    "million": "bench.million:measure",
    "peers": "bench.peers.compare:measure",
}
_BENCHES = _QUICK | _LONG
_MARKDOWN = "--markdown"


def main(words: list[str]) -> int:
    names = [word for word in words if word != _MARKDOWN]
    unknown = [name for name in names if name not in _BENCHES]
    if unknown:
        print(f"No bench {unknown[0]}: there are {', '.join(_BENCHES)}.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    for name in names or _QUICK:
        module, _, function = _BENCHES[name].partition(":")
        table = getattr(import_module(module), function)()
        text = table.markdown() if _MARKDOWN in words else table.text()
        print(text, end="\n\n", flush=True)
    return 0


def _end(number: int, _frame: FrameType | None) -> None:
    """As an exception, so that no process and no mounted disk is left behind."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
