"""The command `payvand`: finds the command asked for in edge.cli and runs it.

Only the module of that command is imported; `payvand --help` imports them all for their one line.
(import_.py is `import`, which no module can be called.)
Exit codes: 0; 1 something is wrong; 2 wrong arguments or settings; 130 interrupted from the
keyboard. What went wrong is one clear line on standard error.
"""

import argparse
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import edge.cli
from edge.errors import CommandFailed
from edge.version import VERSION

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Tells a wrong argument in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see `{self.prog} --help`)\n")

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        """Unlike argparse, say it when it cannot be written."""
        (file or sys.stdout).write(self.format_help())


class Version(argparse.Action):
    """Prints the version."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> NoReturn:
        sys.stdout.write(f"payvand {VERSION}\n")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code; wrong arguments leave by SystemExit(2)."""
    words = sys.argv[1:] if argv is None else argv
    if sys.stdout is None:  # the next file that is opened would take its place
        sys.stderr.write("payvand: standard output is closed: send it to a file or to /dev/null\n")
        return 1
    try:
        code = _run(words)
        sys.stdout.flush()
    except CommandFailed as error:
        sys.stderr.write(f"payvand: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _let_go()  # the reader has all it wanted
        return 0
    except (OSError, ExceptionGroup):
        if (lost := _unwritten()) is None:
            raise
        _let_go()
        sys.stderr.write(
            f"payvand: standard output cannot be written ({lost.strerror}): "
            "make room there, or send it elsewhere\n"
        )
        return 1
    return code


def _unwritten() -> OSError | None:
    """Why standard output takes nothing, or None if it does: an error does not tell its file."""
    try:
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), b"\n")
    except OSError as error:
        return error
    return None


def _let_go() -> None:
    """Python flushes again on its way out: into nothing then."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: Sequence[str]) -> int:
    try:
        args = _parser(words).parse_args(words)
    finally:
        sys.stdout.flush()  # --help and --version leave from there
    code: int = args.run(args)
    return code


def _parser(words: Sequence[str]) -> Parser:
    parser = Parser(prog="payvand", description="Brings a branch office's calls to its CRM.")
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=Parser
    )
    modules = {
        module.name.rstrip("_"): module.name for module in pkgutil.iter_modules(edge.cli.__path__)
    }
    for name in words[:1] if words[:1] and words[0] in modules else sorted(modules):
        module = import_module(f"edge.cli.{modules[name]}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
