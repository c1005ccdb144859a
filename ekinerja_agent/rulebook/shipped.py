"""Which rule files are this program's own to the byte: a mark V in one of them was seen by whoever made the program.

The digests of all files of every release stand in `shipped.txt`, so that files that an upgrade left as they were stay
known. Does not know what a file says.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

LIST: Final = "shipped.txt"
"""A line each: the digest of a file, and its name in the rules directory. Lines are added and never taken away."""


def shipped_files(directory: Path, paths: Iterable[Path]) -> frozenset[str]:
    """Given the rules directory and files in it, return the names of those that are shipped, with `/` between parts."""
    return frozenset(
        path.relative_to(directory).as_posix()
        for path in paths
        if line_of(path.relative_to(directory).as_posix(), path.read_bytes()) in _lines()
    )


def line_of(name: str, content: bytes) -> str:
    """Given a file's name in the rules directory and its bytes, return its line of the list."""
    return f"{sha256(content).hexdigest()}  {name}"


@cache
def _lines() -> frozenset[str]:
    text = files("ekinerja_agent.rulebook").joinpath(LIST).read_text(encoding="ascii")
    return frozenset(text.splitlines())
