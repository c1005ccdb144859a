"""Where a file of a secret may lie, and whose it may be.

Promises that a configuration, whoever wrote it, can name no other file of this host as a secret that is then sent away:
a secret lies in the folder of the file that names it, links followed, and belongs to root, to the service or to who
runs this. Opens none of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.yamlfile import Document, KeyPath
from ekinerja_agent.yamlfile.scalars import absolute


def agent_secrets(document: Document) -> Iterator[KeyPath]:
    """Given agent.yaml, yield where it names a file of a secret."""
    yield "central", "password_file"
    targets = document.get(("notify", "targets"))
    for index in range(len(targets) if isinstance(targets, list) else 0):
        yield "notify", "targets", index, "secret_file"


def terminal_secrets(document: Document) -> Iterator[KeyPath]:
    """Given devices.yaml, yield where it names a file of a secret."""
    terminals = document.get(("terminals",))
    for index in range(len(terminals) if isinstance(terminals, list) else 0):
        yield "terminals", index, "comm_key_file"


def misplaced(document: Document, keys: Iterator[KeyPath], state_dir: Path) -> Iterator[Problem]:
    """Given a file, where it names secrets and the service's directory, yield each that lies elsewhere or is another's.

    What is not there, and what this user may not look at, is told by who opens it.
    """
    folders = {Path(os.path.realpath(document.path.parent)), Path(os.path.realpath(document.path)).parent}
    for key in keys:
        written = document.get(key)
        if not isinstance(written, str) or not written or key in document.told:
            continue
        named = absolute(document.path.parent, written)
        file = Path(os.path.realpath(named))
        if not any(file.is_relative_to(folder) for folder in folders):
            text = Message(
                "{written} lies outside of {folder}; a secret lies in the folder of the file that names it, so that no "
                "other file of this host is sent away as one: put it there",
                written=repr(written),
                folder=document.path.parent,
            )
            yield document.problem(key, text)
        elif (owner := _stranger(file, {*folders, state_dir})) is not None:
            text = Message(
                "{written} belongs to {owner}; a secret belongs to root or to the user of the service. Whoever put it "
                "there knows it: write another one into a file of your own",
                written=repr(written),
                owner=os_user.name_of(owner),
            )
            yield document.problem(key, text)


def _stranger(file: Path, ours: set[Path]) -> int | None:
    """The owner of the file, if that is neither root nor who runs this nor the owner of one of our folders."""
    owner = _owner(file)
    if owner is None or os_user.is_me(owner) or owner in {0, *map(_owner, ours)}:
        return None
    return owner


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None
