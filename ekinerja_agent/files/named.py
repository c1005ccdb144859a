"""Files that a person named on the command line, to be read or written: with the rights of that person.

Where a command runs in the person's own process that is an ordinary file. Where the service's user runs it for them,
somebody else opens the files (`opened_by`) and hands over what is open: a name alone is never opened here then.

Promises that a file that is written stands there whole once `Draft.keep` returned, and not at all before. Does not know
who the person is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from ekinerja_agent.files.durable import OWNER_ALONE, sync_folder


class Draft(Protocol):
    """A file that is whole on the disk, and has another name until it is kept."""

    def keep(self) -> None:
        """Let it stand under its name. Raise OSError: FileExistsError if a file is there that stays."""

    def drop(self) -> None:
        """Let it go, unless it was kept."""


class Opener(Protocol):
    """Who opens the files that a person named."""

    def read(self, path: Path) -> bytes:
        """Given a name, return what the file holds. Raise OSError."""

    def write(self, path: Path, content: bytes, *, replace: bool) -> Draft:
        """Given a name, put the bytes on the disk beside it. Raise OSError."""


class _OwnDraft:
    def __init__(self, path: Path, handle: int, unfinished: Path, *, replace: bool) -> None:
        self._path, self._unfinished, self._replace = path, unfinished, replace
        self.handle = handle

    def keep(self) -> None:
        if self._replace:
            self._unfinished.replace(self._path)
        else:
            _give_free_name(self._unfinished, self._path)
        sync_folder(self._path.parent)

    def drop(self) -> None:
        self._unfinished.unlink(missing_ok=True)


def own_draft(path: Path, *, replace: bool) -> _OwnDraft:
    """Given a name, make an empty file beside it, for its owner alone; its `handle` is open for writing.

    Where nothing may be replaced, folders that are missing are made. Raise OSError, IsADirectoryError for a folder.
    """
    if path.is_dir():
        raise IsADirectoryError(21, os.strerror(21), str(path))
    if not replace:
        if os.path.lexists(path):
            raise FileExistsError(17, os.strerror(17), str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.fchmod(handle, OWNER_ALONE)
    return _OwnDraft(path, handle, Path(unfinished), replace=replace)


def fill(handle: int, content: bytes) -> None:
    """Given a file that is open for writing, put the bytes into it and on the disk, and close it. Raise OSError."""
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


class _Here:
    """This process: it has the rights of the person."""

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def write(self, path: Path, content: bytes, *, replace: bool) -> Draft:
        draft = own_draft(path, replace=replace)
        try:
            fill(draft.handle, content)
        except BaseException:
            draft.drop()
            raise
        return draft


_opener: list[Opener] = [_Here()]


def opened_by(opener: Opener) -> None:
    """Given who opens the files that a person names, let them do so from now on, to the end of this process."""
    _opener[:] = [opener]


def are_ours() -> bool:
    """Return whether this process may look at the names itself: it is the person's own."""
    return isinstance(_opener[0], _Here)


def read(path: Path) -> bytes:
    """Given the name of a file, return what it holds. Raise OSError."""
    return _opener[0].read(path)


@contextmanager
def writing(path: Path, content: bytes, *, replace: bool = True) -> Iterator[Draft]:
    """Given a name and bytes, return a context in which they are on the disk as a draft, which goes if it is not kept.

    Raise OSError, and leave what is there as it is.
    """
    draft = _opener[0].write(path, content, replace=replace)
    try:
        yield draft
    finally:
        draft.drop()


def _give_free_name(draft: Path, path: Path) -> None:
    """A link gives a name only where nothing is. Memory sticks know no links: there the name is taken first, and an
    interruption leaves an empty file.
    """
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        path.touch(mode=OWNER_ALONE, exist_ok=False)
        draft.replace(path)
    with suppress(FileNotFoundError):
        draft.unlink()
