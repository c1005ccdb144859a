"""Which way a command of this host goes: in this process, through the local socket, or with the rights of who owns
state_dir.

Promises that on an installed host nobody but the owner of state_dir touches it: others are served through the socket,
and root gives up its rights first. Does not know what a command does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ekinerja_agent.files import named
from ekinerja_agent.files.durable import nearest
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import EkinerjaError, Refused
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

OF_NO_HOST: Final = frozenset({"demo", "simulate"})
"""They leave the installation alone."""
SERVICE: Final = "run"
"""Only who owns state_dir gets anywhere with it, and nothing that loads hashlib may come before it begins."""
_BY_ROOT_ITSELF: Final = "backup"
"""It makes an installation of root's own, or gives up root's rights, for good, before it opens anything there."""


def choose(context: Context, command: str, words: Sequence[str]) -> None:
    """Given the first word of a command and all of them, return in the process that shall do it here; end this process
    otherwise, as the command ended. Raise Refused if this user may not, TemporarilyUnavailable if nobody takes it.
    """
    if not named.are_ours():
        _refuse_other_configuration(context.config_path)
        if command in OF_NO_HOST | {SERVICE, _BY_ROOT_ITSELF}:
            context.administrators_work()
    elif command in OF_NO_HOST | {SERVICE}:
        return
    elif os_user.is_root():
        if command != _BY_ROOT_ITSELF:
            _by_owner(context, words)
    elif not _is_done_here(context):
        from ekinerja_agent.cli.staff import asking, attending

        attending.end_as(asking.through_socket(asking.SOCKET, words, os.environ))


def _by_owner(context: Context, words: Sequence[str]) -> None:
    with suppress(EkinerjaError):  # the command says so itself
        state_dir = context.read_config().agent.state_dir
        if os_user.is_root() and nearest(state_dir).stat().st_uid != 0:
            from ekinerja_agent.cli.staff import asking

            asking.by_owner(state_dir, words)


def _is_done_here(context: Context) -> bool:
    """Whether this user's own rights are enough: there is no installation, it is theirs, or they named another one."""
    from ekinerja_agent.config import places

    config = context.config_path or os.environ.get(places.ENVIRONMENT_VARIABLE)
    hosts = places.SEARCHED[0]
    if config is not None and Path(config).absolute() != hosts:
        return True
    if places.is_missing(hosts) or _is_mine(context, hosts):
        return True
    _refuse_other_configuration(config)
    return False


def _is_mine(context: Context, config: Path) -> bool:
    try:
        config.read_bytes()
        return os_user.is_me(nearest(context.read_config().agent.state_dir).stat().st_uid)
    except OSError:
        return False
    except EkinerjaError:  # whoever may read it is told what is wrong with it
        return True


def _refuse_other_configuration(named_file: str | None) -> None:
    if named_file is not None:
        raise Refused(
            Message(
                "every command of this host is done with its own agent.yaml; leave --config and EKINERJA_CONFIG out"
            )
        )
