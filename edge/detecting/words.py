"""How `payvand detect` says what it finds: in plain words, or as JSON, one object a line."""

import sys
from collections.abc import Sequence
from typing import Protocol

import msgspec

from drivers.detect.ear import Ear, State
from drivers.detect.proposal import Proposal
from edge.detecting.detecting import Found

MOST_SHOWN = 3


class Teller(Protocol):
    """Tells a technician or a program, as soon as something is known."""

    def plugged(self, found: Sequence[Found], blocks: Sequence[str]) -> None:
        """What is plugged in; blocks: of units that are known without a byte."""

    def trouble(self, name: str, advice: str, code: str = "") -> None:
        """A port cannot be listened to, or can again; code: of the error, or `back`."""

    def heard(self, name: str, ear: Ear, blocks: Sequence[str]) -> None:
        """What a port said up to now; blocks: for site.toml, in the order of the proposals."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One line of JSON: how far listening to a port has come. baud: null while nothing came."""

    port: str
    state: State
    bytes: int
    baud: int | None
    format: str
    proposals: tuple[Proposal, ...]
    blocks: tuple[str, ...]


class JsonLines:
    """For a program."""

    def plugged(self, found: Sequence[Found], blocks: Sequence[str]) -> None:
        """See Teller."""
        _print_json({"plugged": list(found), "blocks": list(blocks)})

    def trouble(self, name: str, advice: str, code: str = "") -> None:  # noqa: ARG002
        """See Teller."""
        _print_json({"port": name, "trouble": advice})

    def heard(self, name: str, ear: Ear, blocks: Sequence[str]) -> None:
        """See Teller."""
        _print_json(
            Heard(
                port=name,
                state=ear.state,
                bytes=ear.heard,
                baud=ear.likely_baud if ear.heard else None,
                format=ear.format,
                proposals=ear.proposals,
                blocks=tuple(blocks),
            )
        )


class Words:
    """For a technician."""

    def plugged(self, found: Sequence[Found], blocks: Sequence[str]) -> None:
        """See Teller."""
        _print("Plugged in:" if found else "Nothing is plugged in that could bring calls.")
        for each in found:
            _print(f"  {_in_words(each)}")
        for block in blocks:
            _print(f"\nFor site.toml:\n\n{block}")

    def trouble(self, name: str, advice: str, code: str = "") -> None:  # noqa: ARG002
        """See Teller."""
        _print(f"{name}: {advice}")

    def heard(self, name: str, ear: Ear, blocks: Sequence[str]) -> None:
        """See Teller."""
        if not ear.proposals:
            _print(f"{name}: {_not_yet(ear)}")
            return
        for proposal, block in list(zip(ear.proposals, blocks, strict=True))[:MOST_SHOWN]:
            for line in _proposed(name, proposal):
                _print(line)
            _print(f"\nFor site.toml:\n\n{block}")


def _not_yet(ear: Ear) -> str:
    match ear.state:
        case "silent":
            return "nothing yet; it goes on listening until a call comes: make one"
        case "text":
            return (
                f"text at {ear.likely_baud} {ear.format} that no driver reads yet;"
                " it goes on listening"
            )
        case _:
            return (
                f"{ear.heard} bytes, not yet readable; {ear.likely_baud} is the likeliest speed;"
                " it goes on listening"
            )


def _proposed(name: str, proposal: Proposal) -> list[str]:
    all_bytes = proposal.read + proposal.unread
    head = f"{name}: {proposal.driver}, {proposal.confidence} ({proposal.number:.2f})"
    line = f"{proposal.records} records at {proposal.baud} {proposal.format}"
    lines = [f"{head}: {line}, {proposal.unread} of {all_bytes} bytes unexplained"]
    lines += [f"    it said: {text}" for text in proposal.sample]
    for field, values in proposal.choices.items():
        listed = ", ".join(map(str, values))
        lines.append(f"    its bytes cannot tell {field}: choose of {listed}")
    lines += [f"    {text}" for text in proposal.beware]
    return lines


def _in_words(found: Found) -> str:
    each = found.plugged
    chip = f" ({each.chip})" if each.chip and each.chip not in each.name else ""
    now = f", now {each.port}" if each.port and each.port != each.name else ""
    kind = {"modem": "a modem", "hid": "a HID unit that no driver knows", "uart": "built in"}
    what = each.known.unit.title if each.known else kind.get(each.kind, "")
    return f"{each.name}{chip}{now}{', ' + what if what else ''}: {_use(found)}"


def _use(found: Found) -> str:
    uses = [f"device {found.device} of this site"] if found.device else []
    uses += [f"held by {program}" for program in found.held_by]
    return ", ".join(uses) or "free"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _print_json(found: object) -> None:
    _print(msgspec.json.encode(found).decode())
