"""The command `payvand`: finds the command asked for in edge.cli and runs it.

Only the module of that command is imported; `payvand --help` imports them all for their one line.
Exit codes: 0; 1 something is wrong; 2 wrong arguments or settings; 130 interrupted from the
keyboard. What went wrong is one clear line on standard error.
"""

import argparse
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import edge.cli
from edge.errors import CommandFailed
from edge.version import VERSION

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Tells a wrong argument in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


class Version(argparse.Action):
    """Prints the version."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> NoReturn:
        sys.stdout.write(f"payvand {VERSION}\n")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; wrong arguments leave by SystemExit(2)."""
    words = sys.argv[1:] if argv is None else argv
    try:
        code = _run(words)
        sys.stdout.flush()
    except CommandFailed as error:
        sys.stderr.write(f"payvand: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has all it wanted. Python flushes again on its way out: into nothing then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(words: Sequence[str]) -> int:
    args = _parser(words).parse_args(words)
    code: int = args.run(args)
    return code


def _parser(words: Sequence[str]) -> Parser:
    parser = Parser(prog="payvand", description="Brings a branch office's calls to its CRM.")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=Parser
    )
    names = sorted(module.name for module in pkgutil.iter_modules(edge.cli.__path__))
    for name in words[:1] if words[:1] and words[0] in names else names:
        module = import_module(f"edge.cli.{name}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
