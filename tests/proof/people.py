"""Operating-system users who act in a test: this process really has their uid, where it may change its own.

The program has no door for this, so there is none to use: who may not change the uid of the process can only put
another function into the program's place. Does not know accounts.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final
from unittest.mock import patch

from ekinerja_agent.host import os_user

_FIRST_UID: Final = 64_000
"""Of people whom this machine does not know; below what a container may be given."""
_LAST_UID: Final = 64_999
_made_up: dict[str, int] = {}


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Given the name of an operating-system user, known to this machine or not, be that user until the block ends.

    As root the real uid of all threads changes and the effective one stays root's, so that there is a way back and
    every file can still be read.
    """
    uid = _uid_of(name)
    before, real_name_of = os.getuid(), pwd.getpwuid

    def name_of(asked: int) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, "x", uid, uid, "", "/", "/bin/sh")) if asked == uid else real_name_of(asked)

    if not _changed(uid):
        with patch.object(os_user, "acting", lambda: name):
            yield
        return
    try:
        may_reach = partial(os.access, effective_ids=True)  # who runs the tests made the files
        with patch.object(pwd, "getpwuid", name_of), patch.object(os, "access", may_reach):
            yield
    finally:
        os.setresuid(before, -1, -1)


def others() -> Sequence[str]:
    """Return the operating-system users as which `command_of` can run a program: three that every Debian has, or only
    who runs the tests.
    """
    return ("games", "nobody", "daemon") if os.geteuid() == 0 else (os_user.acting(),)


def command_of(user: str, *words: str) -> list[str]:
    """Given one of `others` and a command, return the command that runs it as that user in all that the kernel knows.

    Root lets the user into its folders, for tests keep their files there.
    """
    if os.geteuid() != 0:
        return list(words)
    uid, gid = pwd.getpwnam(user)[2:4]
    capability = "+dac_override"
    rights = [f"--inh-caps={capability}", f"--ambient-caps={capability}"]
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *rights, *words]


def lying(name: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Given a name and an environment, return one in which every variable says that the user has that name."""
    names = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER", "HOME"), name)
    return dict(environment) | names | {"SUDO_UID": str(_uid_of(name)), "SUDO_GID": "0"}


def _uid_of(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        uid = _made_up.setdefault(name, _FIRST_UID + len(_made_up))
        assert uid <= _LAST_UID
        return uid


def _changed(uid: int) -> bool:
    """Make it the real uid of this process; tell whether that is allowed."""
    if os.geteuid() != 0:
        return False
    try:
        os.setresuid(uid, -1, -1)
    except OSError:  # root of a container that has no such uid, or may not change its own
        return False
    return True
