"""Why the edge does not do what it was asked for over a socket, each with its status of HTTP.

    401 NoSession   403 Forbidden, ConfirmFirst   404 Unknown   409 Conflict   422 Mistakes
    429 TooOften    503 Unable

They cross the socket as a `Failure`, and edge.local.client raises the same error from it.
"""

from math import ceil

from msgspec import Struct

from edge.errors import CommandFailed
from edge.local.issue import Words
from edge.local.persian import persian


class Mistake(Struct, frozen=True):
    """Something wrong with one field of what was asked; `field` is its path, "" the whole."""

    field: str
    text: Words


class Failure(Struct, frozen=True, kw_only=True):
    """A refusal as it crosses the socket. seconds: after which to ask again, where that helps."""

    code: str
    text: Words
    mistakes: tuple[Mistake, ...] = ()
    seconds: float | None = None


class Refusal(CommandFailed):
    """What was asked is not done; `failure` tells why, in both languages."""

    status = 400
    code = "refused"

    def __init__(
        self, text: Words, mistakes: tuple[Mistake, ...] = (), seconds: float | None = None
    ) -> None:
        lines = "".join(f"\n  {each.field}: {each.text.en}" for each in mistakes)
        super().__init__(f"{text.en}{lines}")
        self.failure = Failure(code=self.code, text=text, mistakes=mistakes, seconds=seconds)


class NoSession(Refusal):
    """Nobody is logged in by this token, or no longer."""

    status, code = 401, "no-session"

    def __init__(self) -> None:
        super().__init__(Words("Log in again.", "دوباره وارد شوید."))


class WrongLogin(Refusal):
    """Name and password, or the setup code, do not fit; which of them is not told."""

    status, code = 401, "wrong-login"


class Forbidden(Refusal):
    """The role does not have the right."""

    status, code = 403, "forbidden"

    def __init__(self) -> None:
        text = "Your role may not do this: ask an administrator."
        super().__init__(Words(text, "نقش شما این اجازه را ندارد؛ از مدیر بخواهید."))


class ConfirmFirst(Refusal):
    """The password must be given once more, since that was too long ago."""

    status, code = 403, "confirm-first"

    def __init__(self) -> None:
        super().__init__(Words("Enter your password once more.", "رمز عبور را دوباره وارد کنید."))


class Unknown(Refusal):
    """There is no such thing."""

    status, code = 404, "unknown"


class Conflict(Refusal):
    """Somebody else was faster, or it does not fit how things are now."""

    status, code = 409, "conflict"


class Mistakes(Refusal):
    """What was given is wrong; every mistake is told with its field."""

    status, code = 422, "mistakes"

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        text = Words("Correct what is marked.", "موارد مشخص‌شده را اصلاح کنید.")
        super().__init__(text, mistakes)


class TooOften(Refusal):
    """Too many attempts; `failure.seconds` tells when the next one is heard."""

    status, code = 429, "too-often"

    def __init__(self, seconds: float) -> None:
        whole = max(1, ceil(seconds))
        text = Words(
            f"Too many attempts: try again in {whole} s.",
            f"تلاش‌ها زیاد بود؛ {persian(whole)} ثانیه دیگر دوباره امتحان کنید.",
        )
        super().__init__(text, seconds=seconds)


class Unable(Refusal):
    """The box cannot do it now, such as with a disk that takes nothing."""

    status, code = 503, "unable"


KINDS: tuple[type[Refusal], ...] = (
    *(NoSession, WrongLogin, Forbidden, ConfirmFirst, Unknown, Conflict, Mistakes, TooOften),
    *(Unable, Refusal),
)


def again(failure: Failure) -> Refusal:
    """The error that a failure was made of, on the asker's side."""
    kind = next((each for each in KINDS if each.code == failure.code), Refusal)
    made = kind.__new__(kind)
    Refusal.__init__(made, failure.text, failure.mistakes, failure.seconds)
    return made
