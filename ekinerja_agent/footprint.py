"""Keeps the memory of a service with many threads small, on C libraries that can be told to; does nothing on others.

Does not know what needs the memory. Source: mallopt(3).
"""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let all threads allocate from one heap. Call it before they start.

    glibc makes up to eight heaps per processor so that threads need not wait for each other. Ours hold Python's lock
    nearly always when they allocate; further heaps would only keep, each for itself, what a large read once needed.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (AttributeError, OSError):
        return
