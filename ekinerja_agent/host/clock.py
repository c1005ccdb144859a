"""Whether this host's own clock can vouch for a terminal's: the kernel's word on its synchronisation.

Does not set any clock and does not know terminals. Source: adjtimex(2).
"""

from __future__ import annotations

import ctypes

TIME_ERROR = 5
_STRUCT_TIMEX_BYTES = 256  # larger than struct timex on every Linux; the kernel writes only its own part


def is_synchronised() -> bool:
    """Return True if the kernel says that a time daemon keeps the host's clock; False if not, or if it cannot say."""
    timex = ctypes.create_string_buffer(_STRUCT_TIMEX_BYTES)  # all zero: modes 0 only reads
    try:
        state: int = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (AttributeError, OSError):
        return False
    return 0 <= state < TIME_ERROR
