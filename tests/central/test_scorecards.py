"""A score is one value: it comes back from the database as it went in, and its text is that of earlier versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, RowMapping, Table, select

from ekinerja_agent.central.schema.upgrade import REVISIONS, upgrade
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.scored.scorecards import scorecards_of
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.central.store.tables import scored as tables
from ekinerja_agent.cli.month import score_rows
from ekinerja_agent.nouns.duty import DayState, Scan
from ekinerja_agent.nouns.scorecard import (
    Allowance,
    Base,
    Discipline,
    Finding,
    MadeScan,
    PendingDay,
    Performance,
    Scorecard,
    ScoredDay,
    ScoreStatus,
    Unexcused,
)
from ekinerja_agent.scoring.frames import schemas
from ekinerja_agent.scoring.frames.schemas import MonthResult, Schema
from tests.central import kept
from tests.proof.first_documents import first_document

SEPTEMBER = date(2026, 9, 1)
NOW = datetime(2026, 10, 1, 2, 3, 4, 500, tzinfo=UTC)
DIGEST = "sha256:r"

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
names = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=12)
days = st.dates(SEPTEMBER, date(2026, 9, 30))
counts = st.integers(0, 2**31 - 1)
shares_ppm = st.integers(-1_000_000, 10_000_000)
money_rp = st.integers(0, 10**12)
instants = st.datetimes(datetime(2026, 8, 31), datetime(2026, 10, 1), timezones=st.just(UTC))
made = st.none() | st.builds(MadeScan, at=instants, punch=st.none() | names)
findings = st.builds(
    Finding,
    day=days,
    code=names,
    scan=st.none() | st.sampled_from(Scan),
    minutes=st.none() | counts,
    deduction_ppm=shares_ppm,
    base=st.sampled_from(Base),
    deduction_rp=money_rp,
    rule=texts,
    source=texts,
    place=texts,
    reference=st.none() | texts,
    punch_ids=st.lists(names, max_size=2).map(tuple),
)
scored_days = st.builds(
    ScoredDay,
    day=days,
    unit=names,
    schedule=texts,
    timezone=st.sampled_from(["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    state=st.sampled_from(DayState),
    required_minutes=counts,
    worked_minutes=st.none() | counts,
    late_minutes=st.none() | counts,
    early_minutes=st.none() | counts,
    missing_scans=counts,
    **dict.fromkeys(map(str, Scan), made),
)
cards = st.builds(
    Scorecard,
    month=st.just(SEPTEMBER),
    nip=names,
    name=texts,
    unit=st.sampled_from(["BKD", "DINKES"]),
    unit_name=texts,
    position_class=st.none() | texts,
    profile=texts,
    rules_digest=st.just(DIGEST),
    status=st.sampled_from([ScoreStatus.DRAFT, ScoreStatus.PENDING]),
    employment_status=texts,
    computed_at=st.just(NOW),
    working_days=counts,
    days_present=counts,
    days_excused=counts,
    discipline=st.builds(Discipline, shares_ppm, shares_ppm, st.lists(findings, max_size=3).map(tuple)),
    performance=st.builds(Performance, shares_ppm, shares_ppm, st.none() | texts, counts, counts, counts),
    allowance=st.builds(Allowance, *[money_rp] * 3, shares_ppm, *[money_rp] * 5),
    unexcused=st.builds(Unexcused, *[counts] * 5, st.none() | days, st.none() | texts),
    days=st.lists(scored_days, max_size=3).map(tuple),
    pending=st.lists(st.builds(PendingDay, days, texts), max_size=2).map(tuple),
)
months = st.lists(cards, max_size=3, unique_by=lambda card: card.nip)


def frames_of(cards: Sequence[Scorecard]) -> MonthResult:
    """These scorecards in the frames in which scoring gives them."""

    def frame(schema: Schema, rows: list[dict[str, Any]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=schema)

    return MonthResult(
        people=frame(schemas.PEOPLE, list(map(person, cards))),
        days=frame(schemas.DAYS, [{"nip": card.nip, **day(one)} for card in cards for one in card.days]),
        findings=frame(
            schemas.FINDINGS, [{"nip": card.nip, **finding(one)} for card in cards for one in card.findings]
        ),
        pending=frame(
            schemas.PENDING,
            [{"nip": card.nip, "date": one.day, "reason": one.reason} for card in cards for one in card.pending],
        ),
        shared=schemas.empty(schemas.SHARED),
    )


def person(card: Scorecard) -> dict[str, Any]:
    parts = {
        **asdict(card.performance),
        **asdict(card.allowance),
        **asdict(card.unexcused),
        "unexcused_days": card.unexcused.days,
        "discipline_score_ppm": card.discipline.score_ppm,
        "discipline_deduction_ppm": card.discipline.deduction_ppm,
        "performance_score_ppm": card.performance.score_ppm,
        "performance_deduction_ppm": card.performance.deduction_ppm,
        "status": str(card.status),
    }
    return {name: parts[name] if name in parts else getattr(card, name) for name in schemas.PEOPLE}


def finding(one: Finding) -> dict[str, Any]:
    row = asdict(one)
    return row | {
        "date": row.pop("day"),
        "scan": None if one.scan is None else str(one.scan),
        "base": str(one.base),
        "punch_ids": list(one.punch_ids),
    }


def day(one: ScoredDay) -> dict[str, Any]:
    row = {name: value for name, value in asdict(one).items() if name in schemas.DAYS}
    scans = {scan: one.made(scan) for scan in Scan}
    return row | {
        "date": one.day,
        "state": str(one.state),
        **{f"{scan}_at": found and found.at for scan, found in scans.items()},
        **{f"{scan}_punch": found and found.punch for scan, found in scans.items()},
    }


def stored(conn: Connection, table: Table, row: RowMapping) -> list[dict[str, Any]]:
    c = table.c
    mine = select(table).where(c.period == row["period"], c.nip == row["nip"], c.revision == row["revision"])
    return [dict(one) for one in conn.execute(mine.order_by(c.position)).mappings()]


def first_texts(conn: Connection) -> dict[tuple[str, str, int], str]:
    """By period, NIP and revision: what earlier versions wrote of what is stored."""
    parts = (tables.result_findings, tables.result_days, tables.result_pending)
    rows = conn.execute(select(tables.results)).mappings().all()
    return {
        (row["period"], row["nip"], row["revision"]): json.dumps(
            first_document(row, *(stored(conn, table, row) for table in parts)), ensure_ascii=False
        )
        for row in rows
    }


def as_text(card: Scorecard) -> str:
    document = score_rows.document_of(card)
    assert list(document) == score_rows.DOCUMENT
    return json.dumps(document, ensure_ascii=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(month=months)
def test_a_scorecard_is_kept_whole_and_written_to_the_byte_as_it_always_was(
    central: Engine, month: list[Scorecard]
) -> None:
    for office in ("BKD", "DINKES"):
        of_office = [card for card in month if card.unit == office]
        result = frames_of(of_office)
        by_nip = sorted(of_office, key=lambda card: card.nip)
        assert scorecards_of(SEPTEMBER, result, rules_digest=DIGEST, computed_at=NOW) == by_nip
        results.save_draft(central, SEPTEMBER, result, office=office, rules_digest=DIGEST, now=NOW)
    with reading(central) as conn:
        found = results.scores(conn, SEPTEMBER)
        texts = first_texts(conn)
    assert {card.nip: card for card in found} == {card.nip: card for card in month}
    assert {card.nip: as_text(card) for card in found} == {nip: text for (_, nip, _), text in texts.items()}


@pytest.mark.long
@pytest.mark.parametrize("revision", REVISIONS)
def test_scores_of_every_earlier_schema_are_written_as_they_always_were(revision: str, tmp_path: Path) -> None:
    path = tmp_path / "central.db"
    kept.restore(revision, path)
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    with reading(engine) as conn:
        (card,) = results.scores(conn, SEPTEMBER)
        texts = first_texts(conn)
    engine.dispose()
    assert card.is_published
    assert (len(card.findings), len(card.days), len(card.pending)) == (1, 1, 1)
    assert as_text(card) == texts["2026-09", "n", 1]
