"""What is packed for the disk comes out byte for byte."""

from hypothesis import given
from hypothesis import strategies as st

from edge.journal.packing import packed, unpacked

CALL = (
    b'{"call_id":"b00t0001-82","direction":"incoming","line":"04","extension":"115","number":'
    b'"+989000000001","number_raw":"09000000001","number_status":"ok","name":null,"did":null,'
    b'"started_at":"2026-03-21T04:56:25Z","answered_at":null,"ended_at":null,"ring_seconds":2,'
    b'"talk_seconds":null,"outcome":null,"legs":[],"hidden_extensions":["691"],"account_code":null,'
    b'"time_resolution":"second","device_time":"21/03/26 08:27","test":false}'
)


@given(st.binary())
def test_anything_comes_out_as_it_went_in(data: bytes) -> None:
    assert unpacked(packed(data)) == data


def test_a_call_takes_a_quarter() -> None:
    assert len(packed(CALL)) * 4 < len(CALL)
    assert unpacked(packed(CALL)) == CALL


def test_what_was_stored_before_events_were_packed_is_read() -> None:
    assert unpacked(CALL) == CALL


def test_what_is_damaged_comes_as_it_is() -> None:
    damaged = packed(CALL)[:1] + b"\xff" * 40
    assert unpacked(damaged) == damaged
