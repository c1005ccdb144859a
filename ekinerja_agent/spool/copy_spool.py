"""A copy of a spool as it is at one moment, while the service goes on writing to it.

Promises that the copy is whole, or an error; that an older spool is copied as it is, and a damaged one never passes for
a backup. Does not know what is done with the copy.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ekinerja_agent.files.plain import require_plain
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.spool.queue import BUSY_TIMEOUT_S
from ekinerja_agent.spool.schema import APPLICATION_ID


def copy_spool(source: Path, target: Path) -> None:
    """Given a spool and a path at which nothing is yet, make the copy there.

    Raise NeedsAttention if the spool is damaged or not one, TemporarilyUnavailable if there is no room or it is locked.
    """
    require_plain(source)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", timeout=BUSY_TIMEOUT_S, uri=True)) as here,
            closing(sqlite3.connect(target, isolation_level=None)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            (application,) = there.execute("PRAGMA application_id").fetchone()
            (verdict,) = there.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        raise TemporarilyUnavailable(
            Message(
                "the spool {source} cannot be copied to {directory} now: {error}; make room there or wait for the "
                "other process, then run the command again",
                source=source,
                directory=target.parent,
                error=error,
            )
        ) from error
    except sqlite3.DatabaseError as error:
        raise NeedsAttention(_damaged(source, str(error))) from error
    if application != APPLICATION_ID:
        raise NeedsAttention(
            Message("{source} is a database of another program; look at state_dir in agent.yaml", source=source)
        )
    if verdict != "ok":
        raise NeedsAttention(_damaged(source, verdict))


def _damaged(source: Path, found: str) -> Message:
    return Message(
        "the spool {source} is damaged, so it was not copied: {found}. Keep the last backup, and see what "
        "`ekinerja-agent doctor` says to do",
        source=source,
        found=found,
    )
