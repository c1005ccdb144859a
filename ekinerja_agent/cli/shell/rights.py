"""With whose rights this process touches state_dir: those of its owner, whoever started the command.

Does not know what is in it.
"""

from __future__ import annotations

import os
from pathlib import Path

from ekinerja_agent.files.durable import nearest
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message

_CLOSED_TO_OTHERS = 0o027


def leave_root(state_dir: Path) -> None:
    """Given state_dir, have the rights of its owner from now on and no others, if this process is root's.

    A link or a file that the owner put there can then lead to nothing that is not theirs. Raise Refused if the kernel
    does not let it.
    """
    owner = nearest(state_dir).stat()
    if not os_user.is_root() or owner.st_uid == 0:
        return
    os.umask(os.umask(_CLOSED_TO_OTHERS) | _CLOSED_TO_OTHERS)
    try:
        os_user.become(owner.st_uid, owner.st_gid)
    except OSError as error:
        raise Refused(
            Message(
                "{state_dir} belongs to {owner}, and root cannot become that user here ({reason}); run this as {owner}",
                state_dir=state_dir,
                owner=os_user.name_of(owner.st_uid),
                reason=error.strerror,
            )
        ) from error
    if not os.access(".", os.X_OK):
        os.chdir("/")
