"""The events of one batch on their way to the broker: which are out, answered, refused.

    0 1 2 3 4 5 6 7 …      in flight: sent and not answered, at most `window`
    ✓ ✓ ✗ ✓ · ·            through: the last before the first that is not settled (here 3)
          ↑ parked

It sends nothing itself. After trouble the first event goes alone: whatever the broker says of it,
no other has gone ahead, and if it throws us out for it, it is known which event it was.
"""

from collections.abc import Sequence

from edge.delivery.destination import BadBatch, Delivered, DeliveryError, Rejected


class Flight:
    """One try of the events with these sequences. cautious: the last try ended in trouble."""

    def __init__(self, sequences: Sequence[int], window: int, *, cautious: bool) -> None:
        self._sequences = sequences
        self._window = window
        self._cautious = cautious
        self._sent = 0
        self._out: set[int] = set()
        self._settled = [False] * len(sequences)
        self._stored = 0
        self._rejected: list[Rejected] = []
        self._trouble: DeliveryError | None = None

    @property
    def is_out(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._out)

    def next(self) -> int | None:
        """The place in the batch of what is to be sent now; None while nothing is."""
        window = 1 if self._cautious and not self._stored else self._window
        if self._trouble or len(self._out) >= window or self._sent == len(self._sequences):
            return None
        place = self._sent
        self._sent += 1
        self._out.add(place)
        return place

    def answered(self, place: int, refusal: DeliveryError | None) -> None:
        """The broker's answer for one that was sent; None when it stored it."""
        self._out.discard(place)
        if isinstance(refusal, BadBatch):
            self._rejected.append(Rejected(self._sequences[place], refusal.reason))
        elif refusal is not None:
            self._trouble = self._trouble or refusal
            return
        else:
            self._stored += 1
        self._settled[place] = True

    def broken(self, trouble: DeliveryError) -> None:
        """No answer comes any more."""
        if isinstance(trouble, BadBatch) and len(self._out) == 1:
            self.answered(min(self._out), trouble)
        else:
            self._trouble = self._trouble or trouble
            self._out.clear()

    def end(self, after: int) -> tuple[Delivered | None, DeliveryError | None]:
        """What was stored, None for nothing; and what went wrong, None for nothing.

        after: all up to it was settled before.
        """
        settled = next((n for n, done in enumerate(self._settled) if not done), self._sent)
        through = self._sequences[settled - 1] if settled else after
        if settled == 0 and not self._rejected:
            return None, self._trouble
        rejected = tuple(sorted(self._rejected, key=lambda each: each.sequence))
        return Delivered(through, rejected, "PUBACK"), self._trouble
