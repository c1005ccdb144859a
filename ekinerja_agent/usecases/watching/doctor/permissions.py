"""May the service use its directories, and nobody else?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ekinerja_agent.config import secret_warnings
from ekinerja_agent.files.durable import nearest
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.watching.doctor.finding import Finding, of_problem
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield what this user may not do in state_dir, what belongs to somebody else there, and what is open to all."""
    config = host.config
    state_dir = config.agent.state_dir
    yield from _usable(state_dir)
    if state_dir.is_dir():
        yield from _strangers_files(state_dir)
    for path in (config.path, config.agent.devices, config.agent.rules, state_dir):
        if path.exists() and path.stat().st_mode & stat.S_IWOTH:
            yield Finding(
                str(path), Message("every user of this host can change it"), Message("run: chmod o-w {path}", path=path)
            )
    for file in (config.agent.spool_path, config.agent.central.file):
        if file is not None and _everybody_reads(file):
            text = Message("every user of this host can read who punched when, and more")
            yield Finding(str(file), text, Message("run: chmod o-rwx {path}", path=file.parent))
    yield from map(of_problem, secret_warnings(config))


def _usable(state_dir: Path) -> Iterator[Finding]:
    user = os_user.name_of(os.getuid())
    place = nearest(state_dir)
    if not place.is_dir():
        yield Finding(
            str(state_dir),
            Message("{place} is no directory", place=place),
            Message("name a directory in state_dir of agent.yaml"),
        )
    elif not os.access(place, os.W_OK | os.X_OK):
        owner = os_user.name_of(place.stat().st_uid)
        what_to_do = Message(
            "run this as the user of the service (sudo -u {owner} ekinerja-agent doctor), or: chown {user} {place}",
            owner=owner,
            user=user,
            place=place,
        )
        yield Finding(
            str(state_dir), Message("the user {user} cannot write to {place}", user=user, place=place), what_to_do
        )


def _strangers_files(state_dir: Path) -> Iterator[Finding]:
    """The service cannot write to what a command made that another user ran."""
    owner = state_dir.stat().st_uid
    others = [path for path in sorted(state_dir.rglob("*")) if path.lstat().st_uid != owner]
    if others:
        stranger, user = os_user.name_of(others[0].lstat().st_uid), os_user.name_of(owner)
        text = Message(
            "{count} files belong to {stranger}, the directory to {user}",
            count=len(others),
            stranger=stranger,
            user=user,
        )
        what_to_do = Message(
            "run: chown -R {user} {state_dir}; and from now on run commands as {user}", user=user, state_dir=state_dir
        )
        yield Finding(str(others[0]), text, what_to_do)


def _everybody_reads(file: Path) -> bool:
    return (
        file.exists()
        and bool(file.stat().st_mode & stat.S_IROTH)
        and all(above.stat().st_mode & stat.S_IXOTH for above in file.absolute().parents)
    )
