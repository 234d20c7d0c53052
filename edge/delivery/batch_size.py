"""How many events go in one request.

refused as too big, too slow ─▶ half of it      16 such batches stored ─▶ twice as many
"""

from edge.delivery.cloudevents import MAX_EVENTS

# After so many batches taken at a smaller size, the next larger size is tried again.
_GROW_AFTER = 16
# While new events go first, one of them waits about so long for a batch of the backlog at most.
_BACKLOG_SECONDS = 2.0
_LEAST_BACKLOG = 50


class BatchSize:
    """Events in one request, never more than the destination can take.

    most: in any. of_backlog: in one that newer events may have to wait for.
    """

    def __init__(self, most: int = MAX_EVENTS) -> None:
        self.most = self.of_backlog = self._limit = most
        self._stored = 0

    def too_much(self, size: int) -> None:
        """A batch of `size` events was too big or too slow."""
        self.most = max(1, min(self.most, size // 2))
        self.of_backlog = min(self.of_backlog, self.most)
        self._stored = 0

    def innocent(self) -> None:
        """One event alone was to blame, not the size of the batches."""
        self.most = self._limit

    def stored(self, size: int, seconds: float) -> None:
        """A batch of `size` events was taken and took so long."""
        if seconds > _BACKLOG_SECONDS:
            self.of_backlog = max(_LEAST_BACKLOG, self.of_backlog // 2)
        elif seconds < _BACKLOG_SECONDS / 4 and size >= self.of_backlog:
            self.of_backlog = self.of_backlog * 2
        if size >= self.most < self._limit:
            self._stored += 1
            if self._stored >= _GROW_AFTER:
                self.most = min(self._limit, self.most * 2)
                self._stored = 0
        self.of_backlog = min(self.of_backlog, self.most)
