"""Lets another process do what was typed: the service's side of the local socket, or one that has the rights of the
owner of state_dir alone. Does not know what a command does, nor which way it should go.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from ekinerja_agent.cli.shell import rights
from ekinerja_agent.cli.staff import attending
from ekinerja_agent.cli.staff.errands import PASSED_ON, TAKEN_OVER
from ekinerja_agent.cli.staff.opening import AtTheirSide
from ekinerja_agent.files import named
from ekinerja_agent.host import packets
from ekinerja_agent.nouns.errors import Refused, TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message

SOCKET: Final = Path("/run/ekinerja-agent/command")
GROUP: Final = "ekinerja-staff"
PATIENCE_S: Final = 10.0
_AGAIN_S: Final = 0.5
_TERMINAL_KEYS: Final = frozenset({signal.SIGINT, signal.SIGQUIT})
"""The terminal sends them to all processes of a command by itself."""


def through_socket(path: Path, words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Given the socket, the words of a command and the environment, let it be done there and return how it ended, as
    `attending.Ended.code`. Raise Refused if this user may not, TemporarilyUnavailable if nobody takes it.
    """
    said = {"words": list(words), "environment": {name: environ[name] for name in TAKEN_OVER if name in environ}}
    until = time.monotonic() + PATIENCE_S
    while True:
        with _connected(path) as line:
            ended = _asked(line, said, words)
        if ended.code is not None:
            return ended.code
        if ended.begun:
            raise TemporarilyUnavailable(
                Message("the service's side of the command went away; see what was done, and repeat it if need be")
            )
        if time.monotonic() >= until:
            raise TemporarilyUnavailable(
                Message("too many commands are running on this host at once; try again in a moment")
            )
        time.sleep(_AGAIN_S)


def by_owner(state_dir: Path, words: Sequence[str]) -> None:
    """Given state_dir, return in a new process that has the rights of its owner alone; this one, of root, opens the
    files that were typed and ends as the other does.
    """
    ours, theirs = packets.pair()
    child = os.fork()
    if child == 0:
        ours.close()
        rights.leave_root(state_dir)
        named.opened_by(AtTheirSide(theirs))
        return
    theirs.close()
    heard = dict.fromkeys(PASSED_ON - _TERMINAL_KEYS, partial(os.kill, child))
    attending.attend(ours, words, heard | dict.fromkeys(_TERMINAL_KEYS, _left_to_terminal))
    _, status = os.waitpid(child, 0)
    attending.end_as(os.waitstatus_to_exitcode(status))


def _connected(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.connect(os.fspath(path))
    except PermissionError as error:
        line.close()
        raise Refused(
            Message(
                "this user may not give commands on this host; the administrator allows it with: usermod -aG {group} "
                "NAME, which counts from the next login on",
                group=GROUP,
            )
        ) from error
    except OSError as error:
        line.close()
        raise TemporarilyUnavailable(
            Message(
                "nobody takes commands at {path} ({reason}); let the administrator run: systemctl start "
                "ekinerja-agent-command.socket",
                path=path,
                reason=error.strerror,
            )
        ) from error
    return line


def _asked(line: socket.socket, said: Mapping[str, object], words: Sequence[str]) -> attending.Ended:
    def pass_on(number: int) -> None:
        packets.send(line, {"signal": number})

    files = [_standard(number) for number in range(3)]
    try:
        packets.send(line, said, files)
    except packets.TooLargeError as error:
        raise WrongUsage(Message("the command is too long to be passed on; write less into one")) from error
    except OSError as error:
        if error.errno in (errno.EPIPE, errno.ECONNRESET):
            return attending.Ended(None, begun=False)
        raise
    # Ctrl-Z is for nobody: a command that stops in the middle would keep others from the database.
    return attending.attend(line, words, dict.fromkeys(PASSED_ON, pass_on) | {signal.SIGTSTP: _left_to_terminal})


def _standard(number: int) -> int:
    """Standard input, output or error, or nothing in its place if it is closed or open the other way (`nohup`)."""
    try:
        mode = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        mode = None
    if mode is None or mode == (os.O_RDONLY if number else os.O_WRONLY):
        return os.open(os.devnull, os.O_RDWR)
    return number


def _left_to_terminal(_number: int) -> None:
    """The command has it already, or shall not have it."""
