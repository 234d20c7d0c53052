"""Sentences for a person: durations, and advice in two halves."""

from edge.local.issue import Words
from edge.local.persian import persian


def halves(advice: str) -> tuple[str, str]:
    """What is wrong and what to do, of one advice that tells both.

    `what is wrong: what to do; why` or `what is wrong; more of it; what to do`: the sign that comes
    first tells which.
    """
    colon, semicolon = advice.find(": "), advice.find("; ")
    if colon < 0 and semicolon < 0:
        return advice, ""
    if semicolon < 0 or 0 <= colon < semicolon:
        wrong, _, todo = advice.partition(": ")
    else:
        wrong, _, todo = advice.rpartition("; ")
    return wrong, sentence(todo)


def sentence(text: str) -> str:
    """With a large letter first and an end."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith(".") else f"{whole}."


def span(seconds: float) -> Words:
    """A duration in its one fitting unit."""
    for size, en, fa in ((86400, "days", "روز"), (3600, "hours", "ساعت")):
        if seconds >= 2 * size:
            count = int(seconds // size)
            return Words(f"{count} {en}", f"{persian(count)} {fa}")
    minutes = max(2, int(seconds // 60))
    return Words(f"{minutes} minutes", f"{persian(minutes)} دقیقه")
