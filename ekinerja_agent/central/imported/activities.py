"""The life of activities: what happened to each since it was entered, by whom and when; and who is asked now.

Versions of an activity are rows of imports and commands alike; a step is a row of its own about one version. Does not
know rules or superiors: those who call say who may decide and what silence does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.imported.decisions import (
    SYSTEM,
    activity_minutes,
    activity_status,
    joined_with_steps,
)
from ekinerja_agent.central.kinds import ACTIVITY_LOCK
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import in_transaction, reading, wait_turn_of
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.columns import message_of
from ekinerja_agent.central.store.tables.imported import activities, activity_steps, import_batches
from ekinerja_agent.central.versions import counting, current
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import DECIDED, EntryStatus

KIND = "activities"
"""By the person, before anybody decided: it is as if it had not been entered. Only a step says so, no file."""
_STEP = ("activity", "step", "status", "approved_minutes", "reason", "first_tier", "last_tier", "waits_from")
_STEP_COLUMNS = (*_STEP, "silent_nip", "account_id", "at")


@dataclass(frozen=True, slots=True)
class Activity:
    """The newest version of an activity as it stands. `version` numbers it; `account_id` is who brought it.

    `rule_reason` tells why a rule rejected it. `first_tier` and `last_tier` are the superiors who may decide (0: the
    direct one). `waits_from` is the day from which their days count.
    """

    version: int
    activity_id: str
    nip: str
    day: date
    start: time
    end: time
    status: EntryStatus
    approved_minutes: int | None
    rule_reason: str | None
    first_tier: int
    last_tier: int
    waits_from: date
    entered_at: str | None
    account_id: int

    def shares_time(self, other: Activity) -> bool:
        """Tell whether a minute lies in both, of the same person."""
        same = (self.nip, self.day) == (other.nip, other.day)
        return same and self.start < other.end and other.start < self.end

    @property
    def minutes(self) -> int:
        """The whole minutes that it lasted."""
        start_s = (self.start.hour * 60 + self.start.minute) * 60 + self.start.second
        return ((self.end.hour * 60 + self.end.minute) * 60 + self.end.second - start_s) // 60


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to an activity: the word for it, and how the activity then stands.

    `silent_nip` is the superior who decided nothing in time, if that is why.
    """

    step: str
    status: EntryStatus
    first_tier: int
    last_tier: int
    waits_from: date | None = None
    approved_minutes: int | None = None
    reason: str | None = None
    silent_nip: str | None = None


def take_step(
    engine: Engine,
    activity_id: str,
    decide: Callable[[Connection, Activity], Step],
    *,
    account: Account,
    now: datetime,
) -> Activity:
    """Given an activity's id, do to it what `decide` says; return the activity as it was before.

    `decide` reads on the connection that it gets, and raises Refused if that may not be; nobody else enters or decides
    an activity of the person meanwhile. Raise WrongUsage if there is no such activity.
    """

    def work(conn: Connection) -> Activity:
        wait_turn_of(conn, ACTIVITY_LOCK, [_whose(conn, activity_id)])
        one = find(conn, activity_id)
        step = decide(conn, one)
        insert_rows(conn, activity_steps, _STEP_COLUMNS, [_row(one, step, account.id, now)])
        changed_days.mark(conn, [(changed_days.of_person(one.nip), one.day)])
        details = {
            "nip": one.nip,
            "date": one.day.isoformat(),
            "status": step.status,
            "minutes": step.approved_minutes,
            "reason": step.reason,
        }
        audit.append(conn, account.name, f"activity.{step.step}", activity_id, details, now)
        return one

    return in_transaction(engine, work)


def settle_silent(
    engine: Engine,
    judge: Callable[[Connection, Sequence[Activity]], Iterable[tuple[Activity, Step]]],
    *,
    now: datetime,
    by: str = SYSTEM,
) -> dict[str, int]:
    """Given what silence does to the activities that wait, do it as nobody's decision; return how often by step. `by`:
    whom the audit log names, who ran it.

    The activities that `judge` gets are all that wait, oldest first, and the connection on which it reads; nobody
    enters or decides one meanwhile.
    """

    def work(conn: Connection) -> dict[str, int]:
        wait_turn_of(conn, ACTIVITY_LOCK, None)
        taken = list(judge(conn, _waiting(conn)))
        if not taken:
            return {}
        insert_rows(conn, activity_steps, _STEP_COLUMNS, [_row(one, step, None, now) for one, step in taken])
        settled = [one for one, step in taken if step.status != EntryStatus.PENDING]
        spans: dict[str, set[changed_days.Span]] = {}
        for one in settled:
            spans.setdefault(changed_days.of_person(one.nip), set()).add((one.day, one.day))
        changed_days.mark_subjects(conn, spans, max((one.day for one in settled), default=now.date()))
        counts: dict[str, int] = {}
        for _, step in taken:
            counts[step.step] = counts.get(step.step, 0) + 1
        audit.append(conn, by, "activity.silence", f"{len(taken)} activities", counts, now)
        return counts

    return in_transaction(engine, work)


def is_known(conn: Connection, activity_id: str) -> bool:
    """Given an id, tell whether any activity ever had it."""
    return bool(conn.scalar(select(exists().where(activities.c.activity_id == activity_id))))


def find(conn: Connection, activity_id: str) -> Activity:
    """Given an activity's id, return how it stands. Raise WrongUsage if there is none."""
    found = conn.execute(_having_id(), {"id": activity_id}).mappings().one_or_none()
    if found is None:
        raise _unknown(activity_id)
    return _activity(found)


def approved_of(conn: Connection, nips: Iterable[str], first: date, last: date) -> list[Activity]:
    """Given people and days, both included, return the approved activities that stand, as they were stored."""
    found: list[Activity] = []
    for part in chunks(sorted(set(nips))):
        values = {"nips": part, "first": first, "last": last}
        found += [_activity(one) for one in conn.execute(_approved_within(), values).mappings()]
    return found


def waiting_of(conn: Connection, nips: Iterable[str], since: date) -> list[Activity]:
    """Given people and a day, return their activities from that day on that wait for a superior, oldest first."""
    found: list[Activity] = []
    for part in chunks(sorted(nips)):
        found += _waiting(conn, activities.c.nip.in_(part), activities.c.date >= since)
    return sorted(found, key=lambda one: (one.day, one.version))


def rows(
    conn: Connection,
    *,
    nip: str | None = None,
    status: EntryStatus | None = None,
    first: date | None = None,
    last: date | None = None,
    by_silence: bool = False,
    ids: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Given filters, return the activities that stand, by person, day and start: the columns of `activity list`."""
    a = activities.c
    conditions: list[ColumnElement[bool]] = []
    wanted = _wanted(a, nip, first, last)
    if wanted:  # on the key only: an older version must not rise from the dead
        conditions.append(a.activity_id.in_(select(a.activity_id).where(*wanted)))
    if ids is not None:
        conditions.append(a.activity_id.in_(ids))
    row = current(activities, *conditions).subquery()
    c, s = row.c, activity_steps.c
    decider, importer = accounts.alias(), accounts.alias()
    by_step = s.status.in_(DECIDED)
    decided_by = case((by_step, func.coalesce(decider.c.nip, decider.c.name, SYSTEM)), else_=c.decided_by)
    query = (
        select(
            *(
                c.activity_id.label("id"),
                c.nip,
                c.date,
                c.start,
                c.end,
                c.description,
                c.type,
                c.volume,
                c.output,
                c.plan,
            ),
            activity_status(row).label("status"),
            activity_minutes(row).label("approved_minutes"),
            case((s.reason.is_(None), message_of(c, "reason")), else_=message_of(s, "reason")).label("reason"),
            decided_by.label("decided_by"),
            s.silent_nip,
            importer.c.name.label("entered_by"),
            c.entered_at,
        )
        .select_from(joined_with_steps(row))
        .join(import_batches, import_batches.c.id == c.batch)
        .join(importer, importer.c.id == import_batches.c.account_id)
        .outerjoin(decider, decider.c.id == s.account_id)
        .where(*_wanted(c, nip, first, last))
        .order_by(c.nip, c.date, c.start, c.id)
    )
    if status:
        query = query.where(activity_status(row) == status)
    if by_silence:
        query = query.where(s.silent_nip.is_not(None))
    return [dict(found) for found in conn.execute(query).mappings()]


def _wanted(columns: Any, nip: str | None, first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    by_nip = [] if nip is None else [columns.nip == nip]
    since = [] if first is None else [columns.date >= first]
    return [*by_nip, *since, *([] if last is None else [columns.date <= last])]


def history(engine: Engine, activity_id: str) -> list[dict[str, Any]]:
    """Given an activity's id, return all that happened to it, oldest first. Raise WrongUsage if there is none."""
    a, b, s = activities.c, import_batches.c, activity_steps.c
    versions = (
        select(
            *(a.id, a.status, message_of(a, "reason").label("reason"), a.approved_minutes, a.decided_by, a.entered_at),
            *(accounts.c.name, b.imported_at),
        )
        .join(import_batches, b.id == a.batch)
        .join(accounts, accounts.c.id == b.account_id)
        .where(a.activity_id == activity_id, counting(activities))
        .order_by(a.id)
    )
    steps = (
        select(activity_steps, message_of(s, "reason").label("told"), accounts.c.name)
        .outerjoin(accounts, accounts.c.id == s.account_id)
        .where(s.activity.in_(select(a.id).where(a.activity_id == activity_id, counting(activities))))
        .order_by(s.id)
    )
    with reading(engine) as conn:
        find(conn, activity_id)
        told: list[dict[str, Any]] = []
        taken = [dict(row) for row in conn.execute(steps).mappings()]
        for version in conn.execute(versions).mappings():
            told.append(_entered(dict(version)))
            told += [_stepped(row) for row in taken if row["activity"] == version["id"]]
    return told


def _entered(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": row["imported_at"],
        "step": "entered",
        "status": row["status"],
        "by": row["name"],
        "minutes": row["approved_minutes"],
        "reason": row["reason"],
        "silent_nip": None,
    }


def _stepped(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": row["at"],
        "step": row["step"],
        "status": row["status"],
        "by": row["name"] or SYSTEM,
        "minutes": row["approved_minutes"],
        "reason": row["told"],
        "silent_nip": row["silent_nip"],
    }


def _activity(row: RowMapping) -> Activity:
    return Activity(**{**row, "status": EntryStatus(row["status"])})


def _row(one: Activity, step: Step, account_id: int | None, now: datetime) -> tuple[Any, ...]:
    told = (step.step, step.status, step.approved_minutes, step.reason, step.first_tier, step.last_tier)
    return (one.version, *told, step.waits_from, step.silent_nip, account_id, now)


def _standing(row: Any) -> Select[Any]:
    c, s = row.c, activity_steps.c
    return (
        select(
            *(c.id.label("version"), c.activity_id, c.nip, c.date.label("day"), c.start, c.end),
            activity_status(row).label("status"),
            activity_minutes(row).label("approved_minutes"),
            message_of(c, "reason").label("rule_reason"),
            func.coalesce(s.first_tier, 0).label("first_tier"),
            func.coalesce(s.last_tier, 0).label("last_tier"),
            func.coalesce(s.waits_from, c.waits_from, c.date).label("waits_from"),
            c.entered_at,
            import_batches.c.account_id,
        )
        .select_from(joined_with_steps(row))
        .join(import_batches, import_batches.c.id == c.batch)
    )


@cache
def _having_id() -> Select[Any]:
    """Built once: whoever decides at the same time waits for what is worked out within a turn."""
    return _standing(current(activities, activities.c.activity_id == bindparam("id")).subquery())


@cache
def _approved_within() -> Select[Any]:
    a = activities.c
    first: BindParameter[date] = bindparam("first")
    last: BindParameter[date] = bindparam("last")
    its_people = a.nip.in_(bindparam("nips", expanding=True))
    ever_there = a.activity_id.in_(select(a.activity_id).where(its_people, a.date.between(first, last)))
    row = current(activities, ever_there).subquery()
    approved = _standing(row).where(activity_status(row) == EntryStatus.APPROVED, row.c.date.between(first, last))
    return approved.order_by(row.c.id)


def _whose(conn: Connection, activity_id: str) -> str:
    """Whose activity it is, for ever: an id is never taken from one person for another."""
    nip: str | None = conn.scalar(select(activities.c.nip).where(activities.c.activity_id == activity_id).limit(1))
    if nip is None:
        raise _unknown(activity_id)
    return nip


def _unknown(activity_id: str) -> WrongUsage:
    return WrongUsage(
        Message("there is no activity {activity}; `ekinerja-agent activity list` shows them", activity=activity_id)
    )


def _waiting(conn: Connection, *conditions: ColumnElement[bool]) -> list[Activity]:
    """All that wait for a superior. Looked for by status, not by version: few of all activities ever wait."""
    newer = activities.alias()
    later = or_(
        newer.c.batch > activities.c.batch, (newer.c.batch == activities.c.batch) & (newer.c.id > activities.c.id)
    )
    replaced = exists().where(newer.c.activity_id == activities.c.activity_id, later, counting(newer))
    query = (
        _standing(activities)
        .where(activity_status(activities) == EntryStatus.PENDING, counting(activities), ~replaced, *conditions)
        .order_by(activities.c.date, activities.c.id)
    )
    return [_activity(row) for row in conn.execute(query).mappings()]
