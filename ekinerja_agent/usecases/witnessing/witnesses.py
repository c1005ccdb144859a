"""Every witness of the audit log that this host can reach: its own file, its queue, and the journal of its service.

Does not know what is compared with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.audit import End
from ekinerja_agent.host import journal
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.witnessing import notes
from ekinerja_agent.usecases.witnessing.compare import Seen, of_file

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from ekinerja_agent.config import Config

JOURNAL_EVENT = "audit.head"


def note_anew(config: Config, engine: Engine, what: str, *, now: datetime) -> None:
    """Given what was just done about an older copy, let the witnesses of this host begin again with its end."""
    notes.note(config.agent.state_dir, engine, what, now=now)
    if config.agent.spool_path.exists():
        with Spool(config.agent.spool_path) as spool:
            spool.note_audit_head(str(audit.head(engine)))


def of_host(config: Config) -> list[Seen]:
    """Given the configuration, return every end that a witness of this host noted."""
    agent = config.agent
    seen = of_file(notes.read(agent.state_dir), str(notes.path_of(agent.state_dir)))
    if agent.spool_path.exists():
        with Spool(agent.spool_path, read_only=True) as spool:
            noted = spool.audit_head()
        if noted is not None:
            seen.append(Seen(Message("the queue {path}", path=agent.spool_path), End.read(noted[0]), noted[1]))
    for line in journal.lines(JOURNAL_EVENT):
        try:
            seen.append(Seen(Message("the journal of this host"), End.read(line.text), line.at))
        except ValueError:
            continue
    return seen
