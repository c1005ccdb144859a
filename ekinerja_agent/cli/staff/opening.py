"""The files that a person named, opened by the process that they started and handed over as descriptors.

Promises that no name is opened on this side, and that of what comes only a plain file is written, and only what ends or
waits like a file is read. Does not know which command wants them.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ekinerja_agent.files import named
from ekinerja_agent.host import packets

ANSWERED_WITHIN_S: Final = 60.0
"""Opening a file on a slow disk, by a person's process that may have been stopped."""
MOST_BYTES: Final = 512 << 20
_BLOCK: Final = 1 << 20


class AtTheirSide:
    """Who opens them: the other end of a line."""

    def __init__(self, line: socket.socket) -> None:
        line.settimeout(ANSWERED_WITHIN_S)
        self._line = line

    def read(self, path: Path) -> bytes:
        handle = self._handle({"read": str(path)}, path)
        try:
            _require(path, handle, stat.S_ISREG, stat.S_ISFIFO, stat.S_ISCHR)
            blocks, left = [], MOST_BYTES
            while block := os.read(handle, _BLOCK):
                blocks.append(block)
                left -= len(block)
                if left < 0:
                    raise _failed(errno.EFBIG, path)
        finally:
            os.close(handle)
        return b"".join(blocks)

    def write(self, path: Path, content: bytes, *, replace: bool) -> named.Draft:
        handle = self._handle({"write": str(path), "replace": replace}, path)
        try:
            _require(path, handle, stat.S_ISREG)
        except OSError:
            os.close(handle)
            raise
        named.fill(handle, content)
        return _TheirDraft(self, path)

    def ask(self, said: Mapping[str, Any], path: Path) -> int | None:
        """Given what to do, let it be done, and return what was opened, if anything. Raise OSError."""
        try:
            packets.send(self._line, said)
            packet = packets.receive(self._line)
        except (packets.BrokenPacketError, packets.TooLargeError) as error:
            raise _failed(errno.EPROTO, path) from error
        except TimeoutError as error:
            raise _failed(errno.ETIMEDOUT, path) from error
        if packet is None:
            raise _failed(errno.EPIPE, path)
        number = packet.said.get("errno")
        if number is not None or len(packet.files) > 1:
            packets.close(packet.files)
            raise _failed(number if isinstance(number, int) and number in errno.errorcode else errno.EPROTO, path)
        return packet.files[0] if packet.files else None

    def _handle(self, said: Mapping[str, Any], path: Path) -> int:
        handle = self.ask(said, path)
        if handle is None:
            raise _failed(errno.EPROTO, path)
        return handle


class _TheirDraft:
    """The other side has the name, and lets the file go unless it is told to keep it."""

    def __init__(self, side: AtTheirSide, path: Path) -> None:
        self._side, self._path = side, path

    def keep(self) -> None:
        if (handle := self._side.ask({"keep": True}, self._path)) is not None:
            os.close(handle)

    def drop(self) -> None:
        pass


def _require(path: Path, handle: int, *kinds: Any) -> None:
    mode = os.fstat(handle).st_mode
    if not any(is_kind(mode) for is_kind in kinds):
        raise _failed(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, path)


def _failed(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
