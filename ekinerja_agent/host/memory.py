"""Keeps the memory of a service small: one heap for all threads, and no library that is loaded and never used.

Does not know what needs the memory. On C libraries without mallopt(3) the heaps stay as they are.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_M_ARENA_MAX = -8


@contextmanager
def as_if_missing(*modules: str) -> Iterator[None]:
    """Let modules look as if they were not installed: Python takes None in sys.modules for that."""
    loaded = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(dict.fromkeys(modules))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(loaded)


def without_openssl() -> None:
    """Load what would bring OpenSSL along as if Python were built without it. Call it before anything else loads them.

    hashlib and hmac then take Python's own SHA-256; asyncio, which the scheduler loads and nobody runs, has no TLS.
    Whoever needs `ssl` itself can still import it.
    """
    with as_if_missing("ssl", "_ssl", "_hashlib"):
        for name in ("hashlib", "hmac", "asyncio"):
            importlib.import_module(name)


def share_one_heap() -> None:
    """Let all threads allocate from one heap. Call it before they start.

    glibc makes up to eight heaps per processor so that threads need not wait for each other. Ours hold Python's lock
    nearly always when they allocate; further heaps would only keep, each for itself, what a large read once needed.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (AttributeError, OSError):
        return
