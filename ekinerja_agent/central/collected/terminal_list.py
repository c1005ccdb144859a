"""Every terminal that central knows: whom it serves, what was last heard of it, until when its log is complete here.

For display: nothing is scored from it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Subquery, case, func, select

from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.columns import message_of
from ekinerja_agent.central.store.tables.recorded import coverage, terminal_facts, terminal_status
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.nouns.messages import Message

DISABLED = Message("disabled")
"""The state of a terminal that devices.yaml takes out of use."""


def terminal_rows(engine: Engine) -> list[dict[str, Any]]:
    """Given the database, return one row per terminal by id: the columns of `terminal list`.

    `complete_until` is the end of coverage before its first hole. Behind the last one the newest proven stretch goes
    from `proven_since` (null: since ever) to `proven_until`; `older_holes` counts those before it. A silent stretch is
    no hole in the log: whatever the terminal recorded then would have been in the next read.
    """
    facts, status, complete = _newest_facts(), terminal_status, _complete()
    ids = (
        select(terminal_facts.c.terminal)
        .union(select(terminal_status.c.terminal), select(coverage.c.terminal))
        .subquery()
    )
    query = (
        select(
            ids.c.terminal.label("id"),
            facts.c.office,
            status.c.address,
            status.c.serial,
            status.c.firmware,
            status.c.records,
            status.c.capacity,
            status.c.users,
            status.c.clock_offset_s,
            status.c.last_contact,
            complete.c.complete_until,
            facts.c.enabled,
            message_of(status.c, "state").label("state"),
            complete.c.proven_since,
            complete.c.proven_until,
            complete.c.older_holes,
        )
        .select_from(ids)
        .outerjoin(facts, facts.c.terminal == ids.c.terminal)
        .outerjoin(status, status.c.terminal == ids.c.terminal)
        .outerjoin(complete, complete.c.terminal == ids.c.terminal)
        .order_by(ids.c.terminal)
    )
    with reading(engine) as conn:
        found = [dict(row) for row in conn.execute(query).mappings()]
    for row in found:
        if row.pop("enabled") is False:
            row["state"] = DISABLED
    return found


def _newest_facts() -> Subquery:
    newest_first = func.row_number().over(
        partition_by=terminal_facts.c.terminal, order_by=terminal_facts.c.since.desc()
    )
    ranked = select(*terminal_facts.c, newest_first.label("newest")).subquery()
    return select(ranked.c.terminal, ranked.c.office, ranked.c.enabled).where(ranked.c.newest == 1).subquery()


def _complete() -> Subquery:
    """Gaps between intervals that are sorted by start: the first start beyond all ends before it is a hole."""
    c = coverage.c
    reached = func.max(c.end).over(
        partition_by=c.terminal, order_by=[c.start.asc().nulls_first(), c.end], rows=(None, -1)
    )
    stretches = select(c.terminal, c.start, c.end, reached.label("reached")).where(not_taken_back(c.batch)).subquery()
    s = stretches.c
    hole = case((s.start > s.reached, s.reached))
    goes_on = case((s.start > s.reached, s.start))
    begins = case((func.count() == func.count(s.start), func.min(s.start)))
    return (
        select(
            s.terminal,
            func.coalesce(func.min(hole), func.max(s.end), type_=c.end.type).label("complete_until"),
            func.coalesce(func.max(goes_on), begins, type_=c.end.type).label("proven_since"),
            func.max(s.end).label("proven_until"),
            func.count(hole).label("older_holes"),
        )
        .group_by(stretches.c.terminal)
        .subquery()
    )
