"""The operating-system user who acts: the real uid of this process, or the caller for whom it was asked to act, as the
kernel names it at the local socket.

Reads no environment variable, for whoever types a command can set one. Does not know what an account is.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message

_PEER: Final = struct.Struct("3i")
"""`struct ucred` of unix(7): pid, uid, gid."""
_NO_LOGIN: Final = 2**32 - 1
_OVERFLOW_UID: Final = 65_534
"""What stands for every uid that a user namespace does not know: user_namespaces(7)."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts: the uid that decides, and with which uid the person logged in, if the host keeps that. Nothing is
    decided on the second one; it tells who came by sudo.
    """

    uid: int
    login_uid: int | None


_acting_for: list[Caller] = []


def caller() -> Caller:
    """Return who acts: this process, or for whom it acts."""
    return _acting_for[0] if _acting_for else Caller(os.getuid(), _login_uid("self"))


def acting() -> str:
    """Return the name of the operating-system user who acts. Raise Refused if that uid has no name."""
    uid = caller().uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:
        raise Refused(
            Message(
                "the operating-system user with uid {uid} has no name on this machine, and an account is bound to a "
                "name: add it, so that `getent passwd {uid}` shows it, or let somebody who has one run this: sudo "
                "-u NAME …",
                uid=uid,
            )
        ) from error


def act_for(one: Caller) -> None:
    """Given a caller as the kernel named it, let this process act for them from now on, to its end."""
    _acting_for[:] = [one]


def peer_of(connection: socket.socket) -> Caller:
    """Given a connection of a local socket, return who made it, as the kernel knows. Raise Refused if it names nobody.

    In a user namespace of its own a process sees all others as one uid, which is nobody's.
    """
    pid, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    if uid < 0 or uid == _OVERFLOW_UID:
        raise Refused(
            Message(
                "the kernel does not tell who called; let the administrator see that PrivateUsers= is off in "
                "ekinerja-agent-command@.service"
            )
        )
    return Caller(uid, _login_uid_of(pid, uid))


def is_root() -> bool:
    """Return whether this process may do everything."""
    return os.geteuid() == 0


def own_uid() -> int:
    """Return the uid of this process, whomever it acts for."""
    return os.getuid()


def is_me(uid: int) -> bool:
    """Given a uid, return whether this process has its rights."""
    return os.geteuid() == uid


def become(uid: int, gid: int) -> None:
    """Given a uid, and the gid to take if it has no name, give up the rights of root for its own, for ever.

    Who acts stays who started the process. Raise OSError if the kernel does not let it.
    """
    started_it = caller()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        os.setgroups([gid])
    else:
        gid = entry.pw_gid
        os.initgroups(entry.pw_name, gid)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    act_for(started_it)


def name_of(uid: int) -> str:
    """Given a uid, return the name to show for it: the number itself if it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _login_uid_of(pid: int, uid: int) -> int | None:
    """The login uid of another process, if it is still the one that called."""
    with suppress(OSError):
        if Path(f"/proc/{pid}").stat().st_uid == uid:
            return _login_uid(str(pid))
    return None


def _login_uid(process: str) -> int | None:
    try:
        found = int(Path(f"/proc/{process}/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel that does not keep it
        return None
    return None if found == _NO_LOGIN else found
