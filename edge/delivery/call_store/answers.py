"""What a call store answers, read without regard to the case of its names.

Versions and makes differ in that: `access_token`, `AccessToken`, `accessToken` are one name, and
the field of a struct that takes it is `accesstoken`.
"""

from typing import Any, TypeVar

import msgspec

from edge.delivery.destination import TryLater
from edge.delivery.http_answer import Answer

T = TypeVar("T")

OK = frozenset({200, 201, 202, 204})

_NOT_OURS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


def read(answer: Answer, kind: type[T]) -> T | None:
    """The body as a `kind`; None where it is something else."""
    try:
        return msgspec.convert(_folded(msgspec.json.decode(answer.body)), kind, strict=False)
    except _NOT_OURS:
        return None


def _folded(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name.replace("_", "").lower(): _folded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_folded(each) for each in value]
    return value


def not_a_page(answer: Answer) -> None:
    """Raises TryLater for a web page in place of an answer, as a captive portal gives."""
    if answer.content_type in {"text/html", "application/xhtml+xml"}:
        raise TryLater(
            f"HTTP {answer.status} with a web page",
            "Something else than PayamGostar answers at its address: log in to the network if it"
            " asks for that, or check the address.",
        )
