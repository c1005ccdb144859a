"""Drafts, published months and what payroll reads of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, func, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.inbox import deliver
from ekinerja_agent.central.schema.checks import check
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import in_transaction, reading, transaction
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.cli.month.score_rows import document_of
from ekinerja_agent.nouns.delivery import Delivery
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.punch import Punch, Source
from ekinerja_agent.nouns.scorecard import Scorecard
from ekinerja_agent.scoring.frames import schemas
from ekinerja_agent.scoring.frames.schemas import MonthResult, Schema
from tests.central.conftest import Store

SEPTEMBER = date(2026, 9, 1)
NOW = datetime(2026, 10, 1, 2, 3, 4, 500, tzinfo=UTC)
SEVENTH = date(2026, 9, 7)
PUNCH = "lobby/1/2026-09-07T08:45:00/1"


def person(nip: str, unit: str = "DINKES", **more: Any) -> dict[str, Any]:
    numbers = {name: 0 for name, kind in schemas.PEOPLE.items() if kind == pl.Int64}
    return {
        **numbers,
        "nip": nip,
        "name": 'dr. "Ani", M.Kes.',
        "unit": unit,
        "unit_name": "Dinas Kesehatan",
        "position_class": None,
        "profile": "tpp-model",
        "employment_status": "pns",
        "status": "draft",
        "discipline_score_ppm": 897_500,
        "discipline_deduction_ppm": 102_500,
        "performance_score_ppm": 1_000_000,
        "multiplier_ppm": 1_000_000,
        "base_rp": 4_000_000,
        "discipline_rp": 1_436_000,
        "performance_rp": 2_400_000,
        "payable_rp": 3_836_000,
        "rating": None,
        "run_reached_on": SEVENTH,
        "threshold": None,
    } | more


def scored(nip: str) -> dict[str, Any]:
    return {
        "nip": nip,
        "date": SEVENTH,
        "unit": "DINKES",
        "schedule": "five-day",
        "timezone": "Asia/Makassar",
        "state": "present",
        "required_minutes": 450,
        "late_minutes": 75,
        "missing_scans": 0,
        "arrive_at": datetime(2026, 9, 7, 0, 45, tzinfo=UTC),
        "arrive_punch": PUNCH,
    }


def scan(engine: Engine) -> None:
    """The punch on which the days of these people rest."""
    with transaction(engine) as conn:
        conn.exec_driver_sql(
            "insert into punches (punch_id, batch, terminal, pin, clock, occurrence, verify, state, work_code, source, "
            "raw, corrected, received_at) "
            f"values ('{PUNCH}', 0, 'lobby', '1', '2026-09-07 08:45:00', 1, 1, 0, 0, 'poll', "
            "'', false, '2026-09-07 02:00:00')"
        )


def finding(nip: str, code: str, ppm: int, *punch_ids: str, scan: str | None = "arrive") -> dict[str, Any]:
    return {
        "nip": nip,
        "date": SEVENTH,
        "code": code,
        "scan": scan,
        "minutes": 75,
        "deduction_ppm": ppm,
        "base": "discipline",
        "deduction_rp": 20_000,
        "rule": "late_early_classes",
        "source": "Perbup 5/2026, Pasal 7\nayat (2)",
        "place": "profiles/tpp-model.yaml:15",
        "punch_ids": list(punch_ids),
    }


def frame(rows: list[dict[str, Any]], schema: Schema) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def result(*people: dict[str, Any], pending: int = 0) -> MonthResult:
    nips = [row["nip"] for row in people]
    return MonthResult(
        people=frame(list(people), schemas.PEOPLE),
        days=frame([scored(nip) for nip in nips], schemas.DAYS),
        findings=frame(
            [
                row
                for nip in nips
                for row in (finding(nip, "TL3", 12_500, PUNCH, "second"), finding(nip, "TAK", 1, scan="break_out"))
            ],
            schemas.FINDINGS,
        ),
        pending=frame(
            [{"nip": nips[0] if nips else "", "date": date(2026, 9, 14), "reason": "lobby, not complete"}] * pending,
            schemas.PENDING,
        ),
        shared=schemas.empty(schemas.SHARED),
    )


def save(engine: Engine, *people: dict[str, Any], office: str = "DINKES", **more: Any) -> None:
    results.save_draft(engine, SEPTEMBER, result(*people, **more), office=office, rules_digest="sha256:r", now=NOW)


def publish(engine: Engine, account: Account, *people: dict[str, Any], office: str = "DINKES", **more: Any) -> int:
    return results.publish(
        engine,
        SEPTEMBER,
        office,
        result(*people, **more),
        account=account,
        accepted_pending=None,
        through=None,
        rules_digest="sha256:r",
        now=NOW,
    )


def counts(engine: Engine) -> dict[str, int]:
    names = ("results", "result_findings", "result_days", "result_pending")
    with reading(engine) as conn:
        return {name: conn.scalar(select(func.count()).select_from(metadata.tables[name])) or 0 for name in names}


def shown(engine: Engine, **filters: Any) -> list[Scorecard]:
    with reading(engine) as conn:
        return results.scores(conn, SEPTEMBER, **filters)


def nips(engine: Engine, **filters: Any) -> list[str]:
    return [card.nip for card in shown(engine, **filters)]


def test_a_score_is_shown_in_the_shape_of_the_contract(central: Engine) -> None:
    save(central, person("1", bank_minutes_year=320, status="pending"), pending=1)
    (card,) = shown(central)
    assert (card.unit_name, card.timezone, card.computed_at) == ("Dinas Kesehatan", "Asia/Makassar", NOW)
    assert json.loads(json.dumps(document_of(card))) == {
        "month": "2026-09",
        "nip": "1",
        "name": 'dr. "Ani", M.Kes.',
        "unit": "DINKES",
        "profile": "tpp-model",
        "rules": "sha256:r",
        "status": "pending",
        "employment_status": "pns",
        "working_days": 0,
        "days_present": 0,
        "days_excused": 0,
        "discipline": {
            "score_pct": "89.75",
            "deduction_pct": "10.25",
            "findings": [
                {
                    "date": "2026-09-07",
                    "code": "TL3",
                    "scan": "arrive",
                    "minutes": 75,
                    "deduction_pct": "1.25",
                    "base": "discipline",
                    "deduction_rp": 20000,
                    "rule": "late_early_classes",
                    "source": "Perbup 5/2026, Pasal 7\nayat (2)",
                    "place": "profiles/tpp-model.yaml:15",
                    "reference": None,
                    "punch_ids": [PUNCH, "second"],
                },
                {
                    "date": "2026-09-07",
                    "code": "TAK",
                    "scan": "break_out",
                    "minutes": 75,
                    "deduction_pct": "0.0001",
                    "base": "discipline",
                    "deduction_rp": 20000,
                    "rule": "late_early_classes",
                    "source": "Perbup 5/2026, Pasal 7\nayat (2)",
                    "place": "profiles/tpp-model.yaml:15",
                    "reference": None,
                    "punch_ids": [],
                },
            ],
        },
        "performance": {
            "score_pct": "100",
            "deduction_pct": "0",
            "rating": None,
            "approved_minutes": 0,
            "credited_minutes": 0,
            "target_minutes": 0,
        },
        "allowance": {
            "base_rp": 4000000,
            "discipline_rp": 1436000,
            "performance_rp": 2400000,
            "multiplier_pct": "100",
            "whole_deduction_rp": 0,
            "leave_deduction_rp": 0,
            "sanction_rp": 0,
            "hold_rp": 0,
            "payable_rp": 3836000,
        },
        "unexcused": {
            "days": 0,
            "bank_minutes_year": 320,
            "converted_days": 0,
            "days_this_year": 0,
            "longest_run": 0,
            "run_reached_on": "2026-09-07",
            "threshold": None,
        },
        "days": [
            {
                "date": "2026-09-07",
                "schedule": "five-day",
                "state": "present",
                "required_minutes": 450,
                "worked_minutes": None,
                "late_minutes": 75,
                "early_minutes": None,
                "scans": {"arrive": "08:45:00", "break_out": None, "leave": None},
            }
        ],
        "pending": [{"date": "2026-09-14", "reason": "lobby, not complete"}],
    }


def test_a_run_replaces_the_drafts_of_its_office_and_no_other(central: Engine, store: Store) -> None:
    store("employees", {"nip": "1", "unit": "DINKES"}, {"nip": "2", "unit": "DINKES"}, {"nip": "9", "unit": "BKD"})
    save(central, person("1"), person("2"), pending=2)
    save(central, person("9", "BKD"), office="BKD")
    assert counts(central) == {"results": 3, "result_findings": 6, "result_days": 3, "result_pending": 2}
    save(central, person("1", payable_rp=1))
    assert counts(central) == {"results": 2, "result_findings": 4, "result_days": 2, "result_pending": 0}
    assert nips(central) == ["9", "1"]
    assert nips(central, office="BKD") == nips(central, nip="9") == ["9"]
    assert shown(central, nip="1")[0].allowance.payable_rp == 1


def test_a_person_whom_another_office_scores_keeps_that_draft(central: Engine, store: Store) -> None:
    store("employees", {"nip": "1", "unit": "DINKES"}, {"nip": "2", "unit": "BKD"})
    save(central, person("2", "DINKES"), office="BKD")  # paid by the spell on the first working day
    save(central, person("1"))
    assert nips(central) == ["1", "2"]


def test_a_month_without_people_is_an_empty_draft(central: Engine) -> None:
    save(central)
    assert shown(central) == []


def test_published_is_shown_before_a_later_draft_and_stays(central: Engine, operator: Account) -> None:
    scan(central)
    save(central, person("1"))
    assert publish(central, operator, person("1", payable_rp=5, discipline_rp=5, performance_rp=0)) == 1
    save(central, person("1", payable_rp=7, discipline_rp=7, performance_rp=0))
    (card,) = shown(central)
    assert (card.status, card.allowance.payable_rp) == ("published", 5)
    with pytest.raises(Refused, match="closed for 2026-09"):
        publish(central, operator, person("1"))
    with pytest.raises(Refused, match="a published result stays"), transaction(central) as conn:
        conn.exec_driver_sql("update results set payable_rp = 9 where revision = 1")
    check(central)


def test_a_close_is_recorded_with_its_sum_and_reason(central: Engine, operator: Account) -> None:
    results.publish(
        central,
        SEPTEMBER,
        "DINKES",
        result(person("1"), person("2")),
        account=operator,
        accepted_pending="the power was off, memo 12",
        through=None,
        rules_digest="sha256:r",
        now=NOW,
    )
    *_, row = audit.rows(central)
    assert (row["action"], row["subject"], row["details"]["payable_rp"]) == ("period.close", "2026-09", 2 * 3_836_000)
    (status,) = results.period_status(central, SEPTEMBER)
    assert (status.period, status.unit, status.people, status.pending_days) == ("2026-09", "DINKES", 0, 0)
    assert (status.state, status.revision, status.published_at) == ("closed", 1, NOW)
    assert status.accepted_pending == "the power was off, memo 12"
    assert status.signed_by == ()


def test_pending_days_are_never_published(central: Engine, operator: Account) -> None:
    with pytest.raises(Refused, match="1 pending days"):
        publish(central, operator, person("1"), pending=1)
    assert counts(central)["results"] == 0


def test_nobody_is_published_twice_in_a_month(central: Engine, operator: Account) -> None:
    publish(central, operator, person("1"))
    with pytest.raises(Refused, match=r"1 people are published for 2026-09 already.*1 \(DINKES\)"):
        publish(central, operator, person("1", "BKD"), person("2", "BKD"), office="BKD")
    assert counts(central)["results"] == 1


def test_the_status_counts_people_and_pending_days_by_unit(central: Engine, store: Store) -> None:
    store("employees", {"nip": "1", "unit": "DINKES"}, {"nip": "2", "unit": "DINKES"}, {"nip": "9", "unit": "BKD"})
    save(central, person("1", status="pending"), person("2"), pending=3)
    found = [(r.unit, r.people, r.pending_days, r.state) for r in results.period_status(central, SEPTEMBER)]
    assert found == [("BKD", 1, 0, "open"), ("DINKES", 2, 3, "open")]


VIEW_COLUMNS = {
    "payroll_scores_v1": (
        "period, revision, nip, name, employment_status, unit_code, unit_name, position_class, discipline_pct, "
        "performance_pct, multiplier_pct, allowance_base_rp, discipline_rp, performance_rp, leave_deduction_rp, "
        "sanction_rp, hold_rp, payable_rp, profile, rules_digest, published_at, paid_at, paid_document"
    ),
    "payroll_findings_v1": (
        "period, revision, nip, date, code, scan, minutes, deduction_pct, base, deduction_rp, source"
    ),
}


def view(engine: Engine, name: str) -> list[dict[str, Any]]:
    with reading(engine) as conn:
        return [dict(row) for row in conn.exec_driver_sql(f"select * from {name} order by nip").mappings()]


def test_payroll_reads_exactly_the_columns_of_the_contract(central: Engine) -> None:
    with reading(central) as conn:
        for name, columns in VIEW_COLUMNS.items():
            assert ", ".join(conn.exec_driver_sql(f"select * from {name}").keys()) == columns


def test_payroll_reads_what_score_show_prints_and_no_draft(central: Engine, operator: Account) -> None:
    save(central, person("3"))
    publish(central, operator, person("1"), person("2", discipline_score_ppm=333_333, performance_score_ppm=0))
    assert [row["nip"] for row in view(central, "payroll_scores_v1")] == ["1", "2"]
    for row in view(central, "payroll_scores_v1"):
        (card,) = shown(central, nip=row["nip"])
        document = document_of(card)
        assert str(row["discipline_pct"]) == document["discipline"]["score_pct"]
        assert str(row["performance_pct"]) == document["performance"]["score_pct"]
        assert str(row["multiplier_pct"]) == document["allowance"]["multiplier_pct"]
        assert row["payable_rp"] == document["allowance"]["payable_rp"]
        assert (row["unit_code"], row["revision"], row["paid_at"]) == ("DINKES", 1, None)
    findings = [row for row in view(central, "payroll_findings_v1") if row["nip"] == "1"]
    assert [str(row["deduction_pct"]) for row in findings] == ["1.25", "0.0001"]
    published_at = view(central, "payroll_scores_v1")[0]["published_at"]
    if central.dialect.name == "postgresql":
        assert published_at == NOW
        assert isinstance(findings[0]["deduction_pct"], Decimal)
    else:
        assert published_at == "2026-10-01T02:03:04+00:00"


def test_months_with_scores_of_which_a_fact_changed_are_stale_until_a_run_saw_it(central: Engine) -> None:
    def punched(month: int) -> None:
        clock = datetime(2026, month, 7, 8)
        at = (clock - timedelta(hours=8)).replace(tzinfo=UTC)
        deliver(central, Delivery((Punch("lobby", "1", clock, 1, at, 0, 1, 0, 0, Source.POLL, b""),)), NOW)

    punched(9)
    punched(3)
    assert results.stale_months(central) == []
    save(central, person("1"))
    assert results.stale_months(central) == [SEPTEMBER]
    results.clear_stale(central, results.seen_stale(central, SEPTEMBER))
    assert results.stale_months(central) == []


def test_two_runs_of_one_month_leave_one_draft(central: Engine) -> None:

    people = [person(str(n)) for n in range(20)]
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda _: save(central, *people), range(6)))
    assert counts(central)["results"] == 20


def test_an_interrupted_publication_leaves_nothing(central: Engine, operator: Account) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the power is off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "append", fail)
        with pytest.raises(RuntimeError, match="power"):
            publish(central, operator, person("1"))
    assert counts(central) == {"results": 0, "result_findings": 0, "result_days": 0, "result_pending": 0}
    assert (
        in_transaction(
            central, lambda conn: conn.scalar(select(func.count()).select_from(metadata.tables["period_events"]))
        )
        == 0
    )
