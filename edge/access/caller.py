"""Who asks: the session behind a request, or the console."""

from dataclasses import dataclass

from edge.access.refusals import ConfirmFirst, Forbidden
from edge.access.roles import Right, Role, may
from edge.access.sessions import Session

CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Caller:
    """name: the user's, or `console` for root and the edge's own user, who may do everything.

    session: None for the console and for who has not logged in. fresh: the password was given
    lately.
    """

    name: str
    role: Role
    address: str
    session: Session | None = None
    console: bool = False
    fresh: bool = False

    def may(self, right: Right) -> bool:
        """Whether the role has the right."""
        return may(self.role, right)

    def demand(self, right: Right) -> None:
        """Raises Forbidden."""
        if not self.may(right):
            raise Forbidden

    def demand_password(self) -> None:
        """Raises ConfirmFirst where it has to be given once more."""
        if not self.fresh:
            raise ConfirmFirst


def console() -> Caller:
    """Root, or the user that payvand runs as: whoever can open the control socket."""
    return Caller(CONSOLE, "administrator", CONSOLE, console=True, fresh=True)
