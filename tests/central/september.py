"""A month of facts that a test stores and reads again, as scoring reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from ekinerja_agent.central import facts
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.nouns.delivery import Delivery, Note
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.scoring.frames.schemas import MonthFacts

SEPTEMBER = date(2026, 9, 1)
NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
SINCE = datetime(2026, 8, 1, tzinfo=UTC)
WITA = timedelta(hours=8)
ONE_DAY = timedelta(days=1)


def day(n: int, month: int = 9) -> date:
    return date(2026, month, n)


def instant(n: int, hour: int, month: int = 9) -> datetime:
    """Local time in Makassar."""
    return datetime(2026, month, n, hour, tzinfo=UTC) - WITA


def punch(terminal: str, pin: str, clock: datetime, offset: timedelta = timedelta()) -> Punch:
    """A punch at a terminal in Makassar whose clock is ahead by so much, more than two minutes being corrected."""
    at = (clock - offset - WITA).replace(tzinfo=UTC)
    offset_s, corrected = int(offset.total_seconds()), abs(offset) > timedelta(minutes=2)
    return Punch(terminal, pin, clock, 1, at, offset_s, 1, 0, 0, Source.POLL, b"", corrected)


def bring(engine: Engine, *punches: Punch, notes: tuple[Note, ...] = ()) -> None:
    assert not deliver(engine, Delivery(punches, notes), NOW).rejected


def month(engine: Engine, **options: Any) -> MonthFacts:
    return facts.month_facts(engine, SEPTEMBER, profile="tpp-model", now=NOW, **options)


def owners(engine: Engine, **options: Any) -> list[tuple[str, str]]:
    """NIP and name of each punch that is given to somebody."""
    return sorted(month(engine, **options).punches.select("nip", "punch_id").rows())
