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
        if file is not None:
            yield from _writable_by_others(file, state_dir)
        if file is not None and _everybody_reads(file):
            text = Message("every user of this host can read who punched when, and more")
            yield Finding(str(file), text, Message("run: chmod o-rwx {path}", path=file.parent))
    yield from map(of_problem, secret_warnings(config))


def _writable_by_others(database: Path, state_dir: Path) -> Iterator[Finding]:
    """Whoever writes the file can write what no command allows. SQLite keeps two more beside it."""
    if not state_dir.is_dir():
        return
    owner = state_dir.stat().st_uid
    user = os_user.name_of(owner)
    for file in (database.with_name(database.name + end) for end in ("", "-wal", "-shm")):
        if not os.path.lexists(file):
            continue
        seen = file.lstat()
        if not stat.S_ISREG(seen.st_mode):
            yield Finding(
                str(file),
                Message("it is no plain file, and is not opened"),
                Message("see who put it there, and put the database itself in its place"),
            )
        elif seen.st_mode & stat.S_IWGRP:
            text = Message("a whole group of users can change the database behind the program's back")
            yield Finding(str(file), text, Message("run: chmod g-w {path}", path=file))
        elif seen.st_uid not in (owner, 0) and not file.is_relative_to(state_dir):
            text = Message(
                "{stranger} can change the database behind the program's back", stranger=os_user.name_of(seen.st_uid)
            )
            yield Finding(str(file), text, Message("run: chown {user} {path}", user=user, path=file))
    folder = database.parent
    if folder.is_dir() and folder.stat().st_mode & stat.S_IWGRP:
        text = Message("a whole group of users can put another database in the place of this one")
        yield Finding(str(folder), text, Message("run: chmod g-w {path}", path=folder))


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
            "run: chown -R {user} {state_dir}; the program itself leaves none there", user=user, state_dir=state_dir
        )
        yield Finding(str(others[0]), text, what_to_do)


def _everybody_reads(file: Path) -> bool:
    return (
        file.exists()
        and bool(file.stat().st_mode & stat.S_IROTH)
        and all(above.stat().st_mode & stat.S_IXOTH for above in file.absolute().parents)
    )
