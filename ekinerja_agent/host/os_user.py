"""The operating-system user who acts: the real uid of this process, which the kernel vouches for.

Reads no environment variable, for whoever types a command can set one. Does not know what an account is.
"""

from __future__ import annotations

import os
import pwd

from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message


def acting() -> str:
    """Return the name of the operating-system user who runs this process. Raise Refused if its uid has no name."""
    uid = os.getuid()
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


def name_of(uid: int) -> str:
    """Given a uid, return the name to show for it: the number itself if it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
