"""Whether the database answers, and how far scoring is: counts alone, of nobody in particular."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, case, func, select

from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.central.store.tables.scored import DRAFT, results
from ekinerja_agent.nouns.scorecard import ScoreStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """`computed_at` is when a draft was last computed (None: there is none); `people` are those of the newest month
    that has drafts, `pending` those of them who wait for a fact; `feed_waiting` counts entries without an answer.
    """

    computed_at: datetime | None
    people: int
    pending: int
    feed_waiting: int


def ping(engine: Engine) -> None:
    """Given the database, ask it the smallest question. Raise TemporarilyUnavailable if it does not answer."""
    with reading(engine) as conn:
        conn.execute(select(1))


def progress(engine: Engine) -> Progress:
    """Given the database, count. Raise Refused if this login may not look."""
    r, f, a = results.c, feed_activities.c, feed_answers.c
    drafts = r.revision == DRAFT
    newest = select(func.max(r.period)).where(drafts).scalar_subquery()
    undecided = func.coalesce(func.sum(case((r.status == ScoreStatus.PENDING, 1), else_=0)), 0)
    of_month = select(func.count().label("people"), undecided.label("pending")).where(drafts, r.period == newest)
    waiting = select(func.count()).select_from(feed_activities).outerjoin(feed_answers, a.entry == f.id)
    with reading(engine) as conn:
        computed_at = conn.scalar(select(func.max(r.computed_at, type_=r.computed_at.type)).where(drafts))
        scored = conn.execute(of_month).one()
        feed_waiting = conn.execute(waiting.where(a.entry.is_(None))).scalar_one()
    return Progress(computed_at, int(scored.people), int(scored.pending), int(feed_waiting))
