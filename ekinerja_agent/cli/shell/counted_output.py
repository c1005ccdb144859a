"""What a command hands over on standard output: how many rows, and the digest by which they can be recognised later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")


class CountedOutput:
    """A writer in front of another one. `rows` and `digest` tell what was written until now."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self.rows = 0
        self.begun = False

    @property
    def digest(self) -> str:
        """`sha256:…` of the bytes in UTF-8, as a file has them into which the output was led."""
        return f"sha256:{self._digest.hexdigest()}"

    def counted(self, rows: Iterable[T]) -> Iterator[T]:
        """Given rows, yield and count them."""
        for row in rows:
            self.rows += 1
            yield row

    def write(self, text: str) -> int:
        self.begun = True
        self._digest.update(text.encode())
        return self._out.write(text)

    def flush(self) -> None:
        self._out.flush()

    def isatty(self) -> bool:
        return self._out.isatty()
