"""What glibc is told about the heap of a process that runs for months."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Of mallopt(3)."""
_LARGE = 128 * 1024


def keep_heap_small() -> None:
    """Let all threads share one heap, and give large blocks back when they are freed.

    A batch of up to a megabyte passes through several threads; with glibc's defaults each keeps a
    heap of its own, and the first large block freed makes it keep the next ones.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)
