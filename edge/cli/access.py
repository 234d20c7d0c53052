"""`payvand access`: the setup code, users, and a way back in, on the box itself."""

import argparse
import asyncio
from pathlib import Path

HELP = "Show the setup code and the users, or reopen the setup for a lost password."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=("code", "users", "reopen", "new-code", "audit"),
        help="code: the setup code of a box that nobody has set up yet; users: who may log in;"
        " reopen: let the setup code set an administrator's password, for ten minutes;"
        " new-code: a setup code in place of a lost one; audit: who changed what",
    )
    parser.add_argument(
        "--data", type=Path, default=Path("/var/lib/payvand"), help="data directory (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """0 when it is done. Raises CommandFailed."""
    if args.what == "code":
        print(_code(args.data))
    else:
        asyncio.run(_ask(args.what, args.data))
    return 0


def _code(data: Path) -> str:
    from edge.access.kept import read_code
    from edge.access.setup_code import read
    from edge.errors import CommandFailed

    code = read_code(data)
    if not read(code):
        raise CommandFailed(
            f"no setup code is shown in {data}: it stands on the box's label, or the box is set up"
            " already; `payvand access new-code` makes another one"
        )
    return code


async def _ask(what: str, data: Path) -> None:
    from edge.local.client import Client

    async with Client(data) as edge:
        if what == "users":
            for user in await edge.users():
                print(f"{user.name}  {user.role}  {user.sessions} sessions")
        elif what == "audit":
            for entry in reversed(await edge.audit()):
                fields = f" ({', '.join(entry.fields)})" if entry.fields else ""
                print(
                    f"{entry.at:%Y-%m-%d %H:%M:%S}Z  {entry.who or '-'}  {entry.address}"
                    f"  {entry.what} {entry.concerns}{fields}".rstrip()
                )
        elif what == "reopen":
            state = await edge.reopen_setup()
            print(f"the setup is open for {(state.seconds or 0) / 60:.0f} minutes")
        else:
            print(await edge.new_code())
