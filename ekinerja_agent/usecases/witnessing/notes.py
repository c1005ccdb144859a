"""The witness of this host: a file in state_dir to which the end of the audit log is added at each close and payment,
and once a day by the service.

It remembers what a restored database forgot, payments above all. It is in no backup, so that a restored host is
compared with what it knew. Does not know whether the log still has what was noted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.audit import End
from ekinerja_agent.files.plain import append_line, read_plain
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from sqlalchemy import Engine

NAME: Final = "audit-witness"
PAID: Final = "payroll.mark-paid"


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The end of the audit log at an instant, and what was just done: an action of the log, or `daily`.

    Of a close or payment: its period (YYYY-MM), revision and rupiah by unit, and the document of a payment.
    """

    at: datetime
    end: End
    what: str
    period: str | None = None
    revisions: Mapping[str, int] = field(default_factory=dict)
    payable_rp: Mapping[str, int] = field(default_factory=dict)
    document: str | None = None


def path_of(state_dir: Path) -> Path:
    """Given state_dir, return where its witness is."""
    return state_dir / NAME


def note(
    state_dir: Path,
    engine: Engine,
    what: str,
    *,
    now: datetime,
    period: str | None = None,
    revisions: Mapping[str, int] | None = None,
    payable_rp: Mapping[str, int] | None = None,
    document: str | None = None,
) -> Message | None:
    """Given what was just done, add it with the end that the log has now; return why that could not be, or None.

    What was done stays done either way.
    """
    line = {
        "at": now.isoformat(),
        "end": str(audit.head(engine)),
        "what": what,
        "period": period,
        "revisions": revisions or {},
        "payable_rp": payable_rp or {},
        "document": document,
    }
    path = path_of(state_dir)
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        append_line(path, json.dumps({key: value for key, value in line.items() if value}, sort_keys=True))
    except (OSError, NeedsAttention) as error:
        return Message(
            "{path} cannot be written ({reason}): the end of the audit log, {end}, is noted nowhere here; keep it "
            "yourself",
            path=path,
            reason=error.message if isinstance(error, NeedsAttention) else error.strerror or error,
            end=line["end"],
        )
    return None


def read(state_dir: Path) -> list[Witnessed]:
    """Given state_dir, return what its witness noted, oldest first; none if it has none. Lines that are torn, as by a
    power cut, are left out. Raise NeedsAttention if it cannot be read.
    """
    path = path_of(state_dir)
    try:
        lines = read_plain(path).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NeedsAttention(
            Message(
                "{path}, the witness of the audit log, cannot be read: {reason}; see what stands in its place",
                path=path,
                reason=error.strerror or error,
            )
        ) from error
    return [one for one in map(_read, lines) if one is not None]


def payments(noted: Iterable[Witnessed]) -> dict[tuple[str, str], Witnessed]:
    """Given what a witness noted, return by period and unit the newest payment that it saw."""
    return {
        (one.period, unit): one
        for one in noted
        if one.what == PAID and one.period is not None
        for unit in one.revisions
    }


def _read(line: str) -> Witnessed | None:
    try:
        values = json.loads(line)
        return Witnessed(
            datetime.fromisoformat(values.pop("at")), End.read(values.pop("end")), values.pop("what"), **values
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
