"""The service's side of one connection: who called, what they typed, and a process of its own that does it for them.

Promises that the caller is whom the kernel names; that of their environment nothing counts but language and terminal;
that a command whose caller is gone, or does not read what it writes, ends; and that nobody keeps others out with many
at once. What comes over the line is believed nothing. Does not know what commands do.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from ekinerja_agent.cli.shell.translate import language_of
from ekinerja_agent.cli.staff.opening import AtTheirSide
from ekinerja_agent.files import named
from ekinerja_agent.files.plain import open_lock
from ekinerja_agent.host import os_user, packets
from ekinerja_agent.locale.language import Language, Translate, translate_to
from ekinerja_agent.nouns.errors import EkinerjaError, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message

MOST_AT_ONCE: Final = 8
"""Commands of one person, of the 64 that the socket takes."""
ASKED_WITHIN_S: Final = 10.0
SENT_WITHIN_S: Final = 10.0
UNREAD_S: Final = 600.0
"""Time enough to read a screen, far less than a month's close may wait for somebody who went home."""
GRACE_S: Final = 10.0
"""For a command to put right what it was at, before it is ended."""
LOOK_AGAIN_MS: Final = 1000

TAKEN_OVER: Final = ("EKINERJA_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "TERM", "COLUMNS", "LINES", "NO_COLOR")
_VALUE: Final = re.compile(r"[ -~]{0,64}")
_NOT_OURS: Final = ("LANGUAGE", *TAKEN_OVER)
PASSED_ON: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})


class Request(NamedTuple):
    """What somebody typed, where, and their standard input, output and error."""

    words: list[str]
    environment: dict[str, str]
    files: list[int]


class Ended(NamedTuple):
    """How a command ended: exit code, or the number of a signal, negative; and why, if it was ended from here."""

    code: int
    why: Message | None


def begin(connection: socket.socket, turns: Path) -> bool:
    """Given a connection and a folder of ours, return True in a new process that shall now do the command in `sys.argv`
    for the caller, and False in this one when it is done, or is none.
    """
    connection.settimeout(ASKED_WITHIN_S)
    say = translate_to("en")
    try:
        peer = os_user.peer_of(connection)
        with _turn_of(peer.uid, turns):
            request = _request(connection)
            say = translate_to(_language(request))
            return _done(connection, request, peer, say)
    except EkinerjaError as error:
        _tell(connection, {"end": error.exit_code, "say": say(error.message)})
    except TimeoutError:
        pass  # nobody asked for anything
    return False


@contextmanager
def _turn_of(uid: int, turns: Path) -> Iterator[None]:
    """One of the turns that a person has at once. Raise TemporarilyUnavailable if all are taken."""
    for number in range(MOST_AT_ONCE):
        with open_lock(turns / f"{uid}.{number}.lock") as lock:
            if _is_free(lock):
                yield
                return
    raise TemporarilyUnavailable(
        Message(
            "{count} commands of yours are running on this host already; wait until one of them has ended",
            count=MOST_AT_ONCE,
        )
    )


def _is_free(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _request(connection: socket.socket) -> Request:
    """What was asked. Raise WrongUsage if it is nothing that this program sends."""
    try:
        packet = packets.receive(connection)
    except packets.BrokenPacketError as error:
        raise _no_request() from error
    if packet is None:
        raise _no_request()
    words, environment = packet.said.get("words"), packet.said.get("environment")
    if not _are_words(words) or not isinstance(environment, dict) or not _are_standard_files(packet.files):
        packets.close(packet.files)
        raise _no_request()
    assert isinstance(words, list)  # noqa: S101  # _are_words
    told = {name: environment.get(name) for name in TAKEN_OVER}
    taken = {name: value for name, value in told.items() if isinstance(value, str) and _VALUE.fullmatch(value)}
    return Request(words, taken, packet.files)


def _are_words(words: object) -> bool:
    return isinstance(words, list) and all(isinstance(each, str) and "\0" not in each for each in words)


def _are_standard_files(files: Sequence[int]) -> bool:
    """Whether the first can be read and the others written, as files, pipes, sockets and terminals are."""
    if len(files) != packets.MOST_FILES:
        return False
    for each, refused in zip(files, (os.O_WRONLY, os.O_RDONLY, os.O_RDONLY), strict=True):
        mode, flags = os.fstat(each).st_mode, fcntl.fcntl(each, fcntl.F_GETFL)
        is_stream = stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)
        if not is_stream or flags & os.O_PATH or flags & os.O_ACCMODE == refused:
            return False
    return True


def _no_request() -> WrongUsage:
    return WrongUsage(
        Message("what came through the socket is no command of ekinerja-agent; type ekinerja-agent … on this host")
    )


def _language(request: Request) -> Language:
    try:
        return language_of(request.words, request.environment)
    except EkinerjaError:  # the command says so itself
        return "en"


def _done(connection: socket.socket, request: Request, peer: os_user.Caller, say: Translate) -> bool:
    """As `begin`, for a request."""
    ours, theirs = packets.pair()
    _tell(connection, {"begun": True})
    child = os.fork()
    if child == 0:
        ours.close()
        connection.close()
        _become(request, peer, theirs)
        return True
    with suppress(OSError):
        os.setpgid(child, child)
    theirs.close()
    os.close(request.files[0])
    ended = _Watch(connection, ours, child, request.files[1:]).until_it_ends()
    _tell(connection, {"end": ended.code, "say": say(ended.why) if ended.why else ""})
    return False


def _become(request: Request, peer: os_user.Caller, line: socket.socket) -> None:
    """Be the process of the caller's command, in all but its rights."""
    with suppress(OSError):
        os.setpgid(0, 0)  # what it starts gets its signals too
    for each in PASSED_ON:  # whatever the process that started this one ignores
        signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)
    for number, handle in enumerate(request.files):
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout, sys.stderr = _writer(1), _writer(2)
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    os.environ.update(request.environment)
    os_user.act_for(peer)
    named.opened_by(AtTheirSide(line))
    sys.argv = ["ekinerja-agent", *request.words]


def _writer(number: int) -> IO[str]:
    by_line = number == 2 or os.isatty(number)  # standard error
    return open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1 if by_line else -1)


class _Watch:
    """Over one command: passes on what its two sides say, and ends it when nobody is there for it."""

    def __init__(self, connection: socket.socket, line: socket.socket, child: int, written: Sequence[int]) -> None:
        self._connection, self._line, self._child, self._written = connection, line, child, written
        self._ended = os.pidfd_open(child)
        self._poll = select.poll()
        for each in (connection, line, self._ended):
            self._poll.register(each, select.POLLIN)
        self._asked = False
        self._why: Message | None = None
        self._unread_since: float | None = None
        self._kill_at: float | None = None
        connection.settimeout(SENT_WITHIN_S)
        line.settimeout(SENT_WITHIN_S)

    def until_it_ends(self) -> Ended:
        """Return how the command ended, once it has."""
        while True:
            ready = {handle for handle, _ in self._poll.poll(LOOK_AGAIN_MS)}
            if self._line.fileno() in ready:
                self._from_command()
            if self._connection.fileno() in ready:
                self._from_caller()
            if self._ended in ready:
                break
            self._look_at_the_clock()
        _, status = os.waitpid(self._child, 0)
        _signal(self._child, signal.SIGKILL)  # what it may have left behind
        return Ended(os.waitstatus_to_exitcode(status), self._why)

    def _from_command(self) -> None:
        packet = packets.receive(self._line)
        if packet is None:
            self._poll.unregister(self._line)
            return
        packets.close(packet.files)
        self._asked = True
        if not _tell(self._connection, packet.said):
            self._stop()

    def _from_caller(self) -> None:
        try:
            packet = packets.receive(self._connection)
        except (packets.BrokenPacketError, OSError):
            packet = None
        if packet is None:
            self._poll.unregister(self._connection)
            self._stop()
            return
        number = packet.said.get("signal")
        if isinstance(number, int) and number in PASSED_ON:
            _signal(self._child, number)
        elif self._asked:
            self._asked = False
            with suppress(OSError, packets.TooLargeError):
                packets.send(self._line, packet.said, packet.files)
        packets.close(packet.files)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        if self._kill_at is not None:
            if now >= self._kill_at:
                _signal(self._child, signal.SIGKILL)
        elif all(map(_takes_more, self._written)):
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        elif now >= self._unread_since + UNREAD_S:
            minutes = round(UNREAD_S / 60)
            self._why = Message(
                "The command was ended: nobody read what it wrote for {minutes} minutes.", minutes=minutes
            )
            self._stop()

    def _stop(self) -> None:
        if self._kill_at is None:
            _signal(self._child, signal.SIGINT)
            self._kill_at = time.monotonic() + GRACE_S


def _takes_more(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLOUT)
    return bool(poll.poll(0))


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _tell(connection: socket.socket, said: Mapping[str, Any]) -> bool:
    """Say it, and return whether somebody is there to hear it."""
    try:
        packets.send(connection, said)
    except (OSError, packets.TooLargeError):
        return False
    return True
