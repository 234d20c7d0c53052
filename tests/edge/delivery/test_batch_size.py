"""How the size of a batch follows what the CRM and the line can take."""

from edge.delivery.batch_size import BatchSize
from edge.delivery.cloudevents import MAX_EVENTS


def test_it_halves_at_once_and_grows_after_many() -> None:
    size = BatchSize()
    size.too_much(MAX_EVENTS)
    assert size.most == MAX_EVENTS // 2
    for _ in range(15):
        size.stored(size.most, 1.0)
    assert size.most == MAX_EVENTS // 2
    size.stored(size.most, 1.0)
    assert size.most == MAX_EVENTS


def test_a_slow_line_gets_small_batches_of_the_backlog_only() -> None:
    size = BatchSize()
    for _ in range(9):
        size.stored(size.of_backlog, 10.0)
    assert (size.most, size.of_backlog) == (MAX_EVENTS, 50)
    for _ in range(9):
        size.stored(size.of_backlog, 0.1)
    assert size.of_backlog == MAX_EVENTS
    size.too_much(100)
    assert size.of_backlog == size.most == 50
