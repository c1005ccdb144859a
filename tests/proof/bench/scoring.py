"""Scoring a month as columns: against the plain-Python oracle, against a bare join-and-group of the same frames, and
whether the time per employee stays the same as a county grows to a nation.

Peers run in the same process on the same frames. Offices are scored one by one, as `score run` does.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter

import polars as pl

from ekinerja_agent.rulebook import load_rulebook
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from tests.proof import oracle
from tests.proof.bench.county import office
from tests.proof.bench.findings import Finding, best_of, timed

RULES = Path(__file__).parents[3] / "config" / "rules"
EMPLOYEES = 10_000
ORACLE_EMPLOYEES = 500
"""The oracle takes seconds for so many; its time per employee is the same for any number."""
OFFICE = 250
NATION = 4_300_000
NATION_OFFICE = 10_000
WORKERS = 2
LIMIT_MB = 4_096


def against_peers() -> Iterator[Finding]:
    """Yield the findings about one month of 10,000 employees with four scans a day."""
    rules = load_rulebook(RULES)
    facts = office(0, EMPLOYEES)
    ours_s = best_of(3, lambda: timed(lambda: score_month(facts, rules))[0])
    few = office(0, ORACLE_EMPLOYEES)
    oracle_s = timed(lambda: oracle.score(few, rules))[0] * EMPLOYEES / ORACLE_EMPLOYEES
    bare_s = best_of(3, lambda: timed(lambda: bare_join_and_group(facts))[0])
    what = f"{EMPLOYEES:,} employees, {facts.punches.height:,} punches"
    yield Finding(
        what,
        f"{ours_s:.2f} s",
        f"plain Python {oracle_s:.0f} s (from {ORACLE_EMPLOYEES})",
        f"{oracle_s / ours_s:.0f}x faster",
        ">= 10x",
        oracle_s / ours_s >= 10,
    )
    yield Finding(
        what,
        f"{ours_s:.2f} s",
        f"bare join and group {bare_s:.2f} s",
        f"{ours_s / bare_s:.1f}x the time",
        "<= 5x",
        ours_s / bare_s <= 5,
    )


def per_employee() -> Iterator[Finding]:
    """Yield whether the time per employee is the same for 1,000, 10,000 and 100,000 employees, office by office."""
    rules = load_rulebook(RULES)
    score_month(office(0, OFFICE), rules)
    times = {size: _county_s(size, rules) / size for size in (1_000, 10_000, 100_000)}
    spread = max(times.values()) / min(times.values()) - 1
    yield Finding(
        f"time per employee in offices of {OFFICE}, 1,000 to 100,000 employees",
        ", ".join(f"{size:,}: {each_s * 1e6:.0f} us" for size, each_s in times.items()),
        "the same",
        f"{spread:.0%} apart",
        "<= 20 %",
        spread <= 0.2,
    )


def nation(employees: int = NATION) -> Iterator[Finding]:
    """Yield how long the whole nation takes with two workers that make and score its offices, and their memory."""
    offices = [(number, NATION_OFFICE) for number in range(employees // NATION_OFFICE)]
    os.environ["POLARS_MAX_THREADS"] = "1"  # one worker per core; read by each when it starts
    began_s = perf_counter()
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as executor:
        done = list(executor.map(_score_office, offices))
    taken_s = perf_counter() - began_s
    del os.environ["POLARS_MAX_THREADS"]
    people = sum(each[0] for each in done)
    scoring_s = sum(each[1] for each in done) / WORKERS
    peak_mb = WORKERS * max(each[2] for each in done)
    yield Finding(
        f"{people:,} employees in offices of {NATION_OFFICE:,}, {WORKERS} workers, made and scored",
        f"{taken_s / 60:.1f} min",
        f"scoring alone {scoring_s / 60:.1f} min; orientation 10 min",
        f"{peak_mb:,.0f} MB at most",
        f"<= {LIMIT_MB:,} MB",
        people == employees and peak_mb <= LIMIT_MB,
    )


def bare_join_and_group(facts: MonthFacts) -> pl.DataFrame:
    """Given facts, return the first and last punch of every person, day and part of the day: the least that any way of
    scoring must do with these frames.
    """
    local = pl.col("at").dt.convert_time_zone("Asia/Makassar")
    return (
        facts.punches.lazy()
        .join(facts.spells.lazy().select("nip", "unit", "allowance_rp"), on="nip", how="inner")
        .with_columns(day=local.dt.date(), part=local.dt.hour() // 4)
        .group_by("nip", "unit", "day", "part")
        .agg(first=pl.col("at").min(), last=pl.col("at").max(), punch_id=pl.col("punch_id").first())
        .sort("nip", "day", "part")
        .collect()
    )


def _county_s(employees: int, rules: RuleBook) -> float:
    taken_s = 0.0
    for number in range(employees // OFFICE):
        facts = office(number, OFFICE)
        taken_s += timed(lambda facts=facts: score_month(facts, rules))[0]  # type: ignore[misc]
    return taken_s


def _score_office(which: tuple[int, int]) -> tuple[int, float, float]:
    """People scored, seconds of scoring, and the most memory that this worker ever used in MB."""
    facts = office(*which)
    taken_s, result = timed(lambda: score_month(facts, _rules()))
    return result.people.height, taken_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_LOADED: list[RuleBook] = []


def _rules() -> RuleBook:
    if not _LOADED:
        _LOADED.append(load_rulebook(RULES))
    return _LOADED[0]
