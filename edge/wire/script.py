"""The test of a line, step by step: what a profile or a decoder needs to be sure of."""

from collections.abc import Iterator

STEPS = (
    ("missed", "Call line {line} from a mobile, let it ring three times, hang up."),
    ("answered", "Call line {line}, answer after the second ring, talk for 10 seconds, hang up."),
    ("outgoing", "Lift on line {line}, dial a number, talk for 10 seconds, hang up."),
    ("lifted", "Lift on line {line} and put back without dialling."),
    ("withheld", "Call line {line} with your number withheld, let it ring twice, hang up."),
    ("unplugged", "Unplug line {line} from the wall for 10 seconds, then plug it in again."),
)


def steps(lines: int) -> Iterator[tuple[str, str]]:
    """(what is marked in the capture, what the technician is asked to do), for each line."""
    for line in range(1, lines + 1):
        for name, text in STEPS:
            yield f"line {line}: {name}", text.format(line=line)
