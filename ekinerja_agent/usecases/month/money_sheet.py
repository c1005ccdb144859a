"""Whose money a batch that waits would move by how much: months scored with and without it, side by side.

Stores nothing, and shows every month that the batch touches: of single people paid ones too, for what comes late is
paid as an adjustment. Does not know who decides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ekinerja_agent.central import facts
from ekinerja_agent.central.imported import pay_moves, set_apart, waiting_batches
from ekinerja_agent.central.kinds import QUARANTINE
from ekinerja_agent.central.marks import whom_it_touches
from ekinerja_agent.central.marks.changed_days import EVERYBODY, nip_of
from ekinerja_agent.central.scored import comparison, results
from ekinerja_agent.central.scored.scorecards import scorecards_of
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.versions import as_if_approved
from ekinerja_agent.nouns.month_days import last_day, month_after
from ekinerja_agent.nouns.statuses import PeriodStatus
from ekinerja_agent.scoring import score_month
from ekinerja_agent.usecases.month.plan import differences
from ekinerja_agent.usecases.month.score import EASTERNMOST

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.imported.waiting_batches import HeldBatch
    from ekinerja_agent.central.marks.changed_days import Span
    from ekinerja_agent.nouns.scorecard import Scorecard
    from ekinerja_agent.rules import RuleBook

MOST_MONTHS: Final = 13
"""The newest months that a sheet shows: what an open span touches goes back to the first month there ever was."""
KEPT_LINES: Final = 50
_OPEN: Final = (PeriodStatus.OPEN, PeriodStatus.REOPENED)


@dataclass(frozen=True, slots=True)
class MovedPay:
    """One person's month for whom something would differ. None: no score without the batch, or with it."""

    month: date
    nip: str
    name: str
    unit: str
    before_rp: int | None
    after_rp: int | None
    changes: tuple[str, ...]

    @property
    def difference_rp(self) -> int:
        """What the person would get more, or less."""
        return (self.after_rp or 0) - (self.before_rp or 0)


@dataclass(frozen=True, slots=True)
class MoneySheet:
    """What a batch that waits would move. `months` are those that were compared, `changes` its rows as they would stand
    for those that stand now. `is_release`: it makes punches of records that are set apart.
    """

    held: HeldBatch
    months: tuple[date, ...]
    changes: tuple[pay_moves.Change, ...]
    moved: tuple[MovedPay, ...]
    is_release: bool = False

    @property
    def rise_rp(self) -> int:
        """All that somebody would get more."""
        return sum(max(one.difference_rp, 0) for one in self.moved)

    @property
    def fall_rp(self) -> int:
        """All that somebody would get less."""
        return sum(max(-one.difference_rp, 0) for one in self.moved)

    @property
    def people(self) -> int:
        """For how many something would differ."""
        return len({one.nip for one in self.moved})

    def for_audit(self) -> dict[str, Any]:
        """Return what an audit row says of it: the sums, and the people one by one as far as they are few."""
        lines = [
            {"month": f"{one.month:%Y-%m}", "nip": one.nip, "before_rp": one.before_rp, "after_rp": one.after_rp}
            for one in self.moved
        ]
        kept: dict[str, Any] = {
            "months": [f"{month:%Y-%m}" for month in self.months],
            "people": self.people,
            "rise_rp": self.rise_rp,
            "fall_rp": self.fall_rp,
            "moved": lines[:KEPT_LINES],
        }
        if len(lines) > KEPT_LINES:
            text = json.dumps(lines, sort_keys=True, separators=(",", ":"))
            kept |= {"moved_in_all": len(lines), "moved_digest": f"sha256:{sha256(text.encode()).hexdigest()}"}
        return kept


def money_sheet(engine: Engine, rules: RuleBook, batch: int, *, profile: str, now: datetime) -> MoneySheet:
    """Given a batch that waits, return whose money it would move by how much, by month, unit and NIP.

    Of a release from quarantine that cannot be told before; its rows say whose records are punches then.

    Raise WrongUsage if there is no such batch, Refused if it does not wait, NoRule if no rule covers a day.
    """
    with reading(engine) as conn:
        one = waiting_batches.find(conn, batch)
        changes, beside = waiting_batches.changes_of(conn, one)
        if set_apart.is_release(conn, batch):  # its punches are made once it counts: nothing to score with before
            return MoneySheet(one, (), tuple(changes), (), is_release=True)
        rows = [row for change in changes for row in (change.row, change.before) if row is not None]
        subjects = (
            set_apart.subjects(rows) if one.kind == QUARANTINE else whom_it_touches.by_rows(one.kind, rows, beside)
        )
        nips = None if EVERYBODY in subjects else sorted(filter(None, map(nip_of, subjects)))
        spans = {span for subject, own in subjects.items() if nips is None or nip_of(subject) for span in own}
        months = tuple(_months(conn, spans, now, only_open=nips is None))
        moved = tuple(line for month in months for line in _moved(conn, rules, month, batch, nips, profile, now))
    return MoneySheet(one, months, tuple(changes), moved)


def _months(conn: Connection, spans: Collection[Span], now: datetime, *, only_open: bool) -> Iterator[date]:
    running = (now + EASTERNMOST).date().replace(day=1)
    scored = {month for month in results.scored_months(conn) if month <= running}
    for month in sorted({*scored, running, month_after(running, -1)})[-MOST_MONTHS:]:
        last = last_day(month)
        touched = any((start or month) <= last and month <= (end or last) for start, end in spans)
        if touched and (not only_open or any(one.state in _OPEN for one in results.period_status(conn, month))):
            yield month


def _moved(
    conn: Connection,
    rules: RuleBook,
    month: date,
    batch: int,
    nips: Sequence[str] | None,
    profile: str,
    now: datetime,
) -> Iterator[MovedPay]:
    without, having = (_cards(conn, rules, month, nips, profile, now, tried=tried) for tried in (None, batch))
    whose = {nip: (card.unit, nip, card.name) for cards in (without, having) for nip, card in cards.items()}
    for unit, nip, name in sorted(whose.values()):
        before, after = (None if nip not in cards else comparison.to_compare(cards[nip]) for cards in (without, having))
        changes = tuple(differences(before, after)) if before is not None and after is not None else ()
        line = MovedPay(
            month,
            nip,
            name,
            unit,
            None if before is None else before.payable_rp,
            None if after is None else after.payable_rp,
            changes,
        )
        if changes or line.difference_rp or (before is None) != (after is None):
            yield line


def _cards(
    conn: Connection,
    rules: RuleBook,
    month: date,
    nips: Sequence[str] | None,
    profile: str,
    now: datetime,
    *,
    tried: int | None,
) -> Mapping[str, Scorecard]:
    """By NIP the scores of these people (None: of everybody, office by office), as if the batch `tried` counted."""
    with ExitStack() as trying:
        if tried is not None:
            trying.enter_context(as_if_approved(tried))
        shards: list[tuple[Sequence[str] | None, Sequence[str] | None]] = (
            [(None, nips)] if nips is not None else [([office], None) for office in facts.offices_of(conn, month)]
        )
        return {
            card.nip: card
            for offices, people in shards
            for card in scorecards_of(
                month,
                score_month(
                    facts.month_facts(conn, month, profile=profile, now=now, offices=offices, nips=people), rules
                ),
                rules_digest=rules.digest,
                computed_at=now,
            )
        }
