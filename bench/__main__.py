"""Runs the benches and prints their tables: `python -m bench [NAME…]`.

A bench is a module here with `measure() -> Table`. It reports; it never passes or fails by a clock.
"""

import importlib
import sys

_BENCHES = ("append", "drain", "decode", "latency", "load", "start")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in _BENCHES]
    if unknown:
        print(f"No bench {unknown[0]}: there are {', '.join(_BENCHES)}.", file=sys.stderr)
        return 2
    for name in names or _BENCHES:
        print(importlib.import_module(f"bench.{name}").measure().text(), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
