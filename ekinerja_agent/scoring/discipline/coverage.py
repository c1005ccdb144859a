"""Which days cannot be judged yet, because "no punch" is not "absent" where a terminal's data are missing.

A finding stands if no punch that may be missing could make it cost less: every terminal that could hold one is proven
complete for the stretch that matters, or the kindest punch that its holes leave possible comes to the same finding at
the same price. Taking coverage away never adds a deduction. Does not know percent or rupiah.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.nouns.duty import DayState
from ekinerja_agent.rules import CORRECTION
from ekinerja_agent.scoring.discipline.judgement import JudgeAgain, Judgement, also_arriving, otherwise_found
from ekinerja_agent.scoring.duty.documents import Documents
from ekinerja_agent.scoring.duty.outages import Outages
from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.finding_columns import HELD
from ekinerja_agent.scoring.frames.reasons import because
from ekinerja_agent.scoring.frames.schemas import INSTANT, empty
from ekinerja_agent.scoring.frames.steps import anti_join, collect

_SINCE_EVER_US = -(2**62)
_US_PER_DAY = 86_400_000_000
_AFTER_DUTY_US = 3_600_000_000
_WEEKS_BESIDE = 4
_NO_SPANS = empty({"terminal": pl.String, "from_us": pl.Int64, "to_us": pl.Int64})
UNDECIDED = (
    pl.when(pl.col("document").is_null())
    .then(because("a request is undecided"))
    .otherwise(because("a request is undecided: {document}", document=pl.col("document").fill_null("")))
)
NO_TERMINAL = because("no enrolment or no terminal known")


def hold_incomplete(
    roster: Roster, judgement: Judgement, coverage: pl.DataFrame, needed: pl.DataFrame, judge_again: JudgeAgain
) -> pl.DataFrame:
    """Given COVERAGE, the terminals of each duty and how a duty is judged, return the duties that must wait: duty,
    reason (local times); one row each.
    """
    stretches = collect(_stretches(judgement))
    if stretches.is_empty():
        return empty(HELD)
    nowhere = collect(
        _not_in_register(stretches, roster)
        .select("duty")
        .unique()
        .pipe(anti_join, needed, "duty")
        .with_columns(reason=NO_TERMINAL)
    )
    believing = (coverage["kind"] == "silent").any()
    covered = _covered(coverage, collect(_duty_spans(roster, needed)) if believing else _NO_SPANS)
    lacking = gaps(stretches.lazy().join(needed.lazy(), on="duty", how="inner"), covered)
    return pl.concat([nowhere, _told(_telling(lacking, covered, roster, judgement, judge_again), roster)])


def _telling(
    lacking: pl.DataFrame, covered: pl.DataFrame, roster: Roster, judgement: Judgement, judge_again: JudgeAgain
) -> pl.DataFrame:
    """Those of the gaps in which a punch could make a finding cost less. A scan that nobody made, and an absence, would
    be another finding with any punch; a scan that is late or early is judged again with the kindest one.
    """
    if not lacking["served"].any():
        return lacking
    kinder = _kindest(lacking.filter("served"), covered)
    scans = otherwise_found(kinder, roster, judgement, judge_again)
    return pl.concat([lacking.filter(~pl.col("served")), lacking.join(scans, on=["duty", "scan_order"], how="semi")])


def _kindest(lacking: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """When the kindest punch would have been made that a scan's gaps leave possible, beside the one that is known:
    duty, scan_order, kinder_at. `lacking` has the first gap of each stretch; of a scan that had better be late the last
    one counts.
    """
    holding = covered.lazy().select("terminal", "from_us", "to_us")
    # The last run that begins before the stretch ends holds its end, or leaves it open; runs never touch.
    gap_ends = pl.when(pl.col("to_us") >= pl.col("high_us")).then("from_us").otherwise("high_us")
    with_ends = (
        lacking.lazy()
        .with_columns(last_us=pl.col("high_us") - 1)
        .sort("last_us")
        .join_asof(holding, left_on="last_us", right_on="from_us", by="terminal", check_sortedness=False)
        .with_columns(gap_ends_us=pl.coalesce(gap_ends, "high_us"))
    )
    at_us = pl.col("at").to_physical()
    kinder_us = (
        pl.when("latest")
        .then(pl.min_horizontal(at_us, "hole_from_us"))
        .otherwise(pl.max_horizontal(at_us, pl.col("gap_ends_us") - 1))
    )
    return collect(
        with_ends.group_by("duty", "scan_order", "latest", "at")
        .agg(pl.col("hole_from_us").min(), pl.col("gap_ends_us").max())
        .select("duty", "scan_order", kinder_at=kinder_us.cast(INSTANT))
    )


def _not_in_register(stretches: pl.DataFrame, roster: Roster) -> pl.LazyFrame:
    """A scan that stands in a register was not made at a terminal: nothing can be missing beside it."""
    by_register = roster.duties["attendance"] == "register"
    if not by_register.any():
        return stretches.lazy()
    duties = roster.duties.lazy().filter(by_register).select("duty")
    in_register = stretches.lazy().filter("served").join(duties, on="duty", how="semi")
    return stretches.lazy().join(in_register, on=["duty", "scan_order"], how="anti")


def proven(coverage: pl.DataFrame) -> pl.DataFrame:
    """Given COVERAGE, return what is proven without believing any silence: terminal, from_us, to_us (half-open, never
    touching), sorted by from_us.
    """
    return _covered(coverage.filter(pl.col("kind") == "proven"), _NO_SPANS)


def hold_undecided(judgement: Judgement, requests: Documents) -> pl.DataFrame:
    """Given requests that nobody decided, return the duties with a finding that an approval would remove:
    duty, reason.
    """
    if requests.whole.is_empty() and requests.partial.is_empty():
        return empty(HELD)
    absent = judgement.states.lazy().filter(pl.col("state") == DayState.UNEXCUSED).select("duty")
    of_scan = judgement.findings.lazy().select("duty", "scan_order")
    suspects = pl.concat([of_scan.select("duty"), absent]).unique()
    whole, partial = requests.whole.lazy(), requests.partial.lazy()
    touched = [
        whole.join(suspects, on="duty", how="semi").select("duty", "document"),
        partial.join(of_scan, on=["duty", "scan_order"], how="semi").select("duty", "document"),
        partial.join(absent, on="duty", how="semi").select("duty", "document"),
    ]
    return collect(
        pl.concat(touched)
        .group_by("duty")
        .agg(pl.col("document").min())
        .select(
            "duty",
            reason=UNDECIDED,
        )
    )


def hold_reported(judgement: Judgement, outages: Outages) -> pl.DataFrame:
    """Given outages, return the duties with a finding that an undecided one could change: duty, reason."""
    if outages.undecided.is_empty():
        return empty(HELD)
    return collect(
        _stretches(judgement)
        .join(outages.undecided.lazy(), on="duty", how="inner")
        .filter(pl.col("from_us") < pl.col("high_us"), pl.col("to_us") > pl.col("low_us"))
        .group_by("duty")
        .agg(pl.col("terminal").min())
        .select("duty", reason=because("an outage of {terminal} is undecided", terminal="terminal"))
    )


def _stretches(judgement: Judgement) -> pl.LazyFrame:
    """Where a punch could lie that nobody has seen: duty, scan_order, latest, at and served (one is known), low_us,
    high_us. Half-open.

    First punch counts: from the window's opening to the punch used. Last punch counts: from the punch used to the
    window's end. Beside a correction any kinder punch counts. No punch: the whole window; an absence: all windows of
    the duty.
    """
    absent = judgement.states.lazy().filter(pl.col("state") == DayState.UNEXCUSED).select("duty")
    scans = judgement.scans.lazy()
    found = judgement.findings.lazy().select("duty", "scan_order")
    found = pl.concat([found, also_arriving(judgement.findings.lazy())]).unique()
    doubtful = pl.concat(
        [
            scans.join(found, on=["duty", "scan_order"], how="semi"),
            scans.join(absent, on="duty", how="semi"),
        ]
    )
    corrected = pl.col("punch_id").str.starts_with(CORRECTION).fill_null(value=False)
    after = pl.when(corrected).then(~pl.col("latest")).otherwise("take_last")
    low = pl.when(after).then(pl.max_horizontal("at", "opens")).otherwise("opens")
    high = pl.when(after).then("closes").otherwise(pl.min_horizontal("at", "closes"))
    return doubtful.select(
        *("duty", "scan_order", "latest", "at"),
        served=pl.col("at").is_not_null(),
        low_us=low.to_physical(),
        high_us=high.to_physical(),
    )


def _duty_spans(roster: Roster, needed: pl.DataFrame) -> pl.LazyFrame:
    """When each terminal's people are on duty, and an hour more: terminal, from_us, to_us (half-open).

    The weeks beside the month are taken to have the hours of any week of the month: a silence that reaches
    across the month's edge is believed only if no such week speaks against it.
    """
    inside = collect(
        needed.lazy()
        .select("terminal", "plan")
        .unique()
        .join(roster.plans.lazy().filter("planned"), on="plan", how="inner")
        .select(
            "terminal",
            "day",
            from_us=pl.col("first_due").to_physical(),
            to_us=pl.col("last_due").to_physical() + _AFTER_DUTY_US,
        )
        .unique()
    ).lazy()
    weeks = pl.LazyFrame({"weeks": [n for n in range(-_WEEKS_BESIDE, _WEEKS_BESIDE + 1) if n]})
    moved_day = pl.col("day") + pl.duration(weeks="weeks")
    beside = (
        inside.join(weeks, how="cross")
        .filter(moved_day.dt.truncate("1mo") != pl.col("day").dt.truncate("1mo"))
        .with_columns(pl.col("from_us", "to_us") + 7 * _US_PER_DAY * pl.col("weeks"))
    )
    columns = ("terminal", "from_us", "to_us")
    return pl.concat([inside.select(columns), beside.select(columns)]).unique()


def _covered(coverage: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """What is proven, and silence outside duty, as a union: terminal, from_us, to_us; sorted by from_us."""
    believed = coverage.lazy().select(
        "terminal",
        "kind",
        from_us=pl.col("start").to_physical().fill_null(_SINCE_EVER_US),
        to_us=pl.col("end").to_physical(),
    )
    if not spans.is_empty():
        rows = collect(believed.unique().with_row_index("row")).lazy()
        silent = rows.filter(pl.col("kind") == "silent")
        on_duty = silent.join(spans.lazy(), on="terminal", suffix="_duty").filter(
            pl.col("from_us") < pl.col("to_us_duty"), pl.col("to_us") > pl.col("from_us_duty")
        )
        believed = rows.join(on_duty, on="row", how="anti")
    reached = pl.col("to_us").cum_max().shift(1).over("terminal")
    return collect(
        believed.sort("terminal", "from_us", "to_us")
        .with_columns(run=(reached.is_null() | (pl.col("from_us") > reached)).cum_sum())
        .group_by("run", "terminal")
        .agg(pl.col("from_us").min(), pl.col("to_us").max())
        .select("terminal", "from_us", "to_us")
        .sort("from_us")
    )


def gaps(stretches: pl.LazyFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Given stretches (terminal, low_us, high_us, and what else they carry) and what covers them (terminal, from_us,
    to_us), return those that no run of coverage holds whole, with the gap: hole_from_us, hole_to_us (null = to this
    day).
    """
    holding = covered.lazy().select("terminal", "from_us", "to_us")
    holes = (
        stretches.sort("low_us")
        .join_asof(holding, left_on="low_us", right_on="from_us", by="terminal", check_sortedness=False)
        .filter(pl.col("to_us").is_null() | (pl.col("to_us") < pl.col("high_us")))
        .with_columns(hole_from_us=pl.max_horizontal("low_us", "to_us"))
        .drop("from_us", "to_us")
        .sort("hole_from_us")
    )
    again = covered.lazy().select("terminal", pl.col("from_us").alias("hole_to_us"))
    return collect(
        holes.join_asof(
            again,
            left_on="hole_from_us",
            right_on="hole_to_us",
            by="terminal",
            strategy="forward",
            check_sortedness=False,
        )
    )


def _told(lacking: pl.DataFrame, roster: Roster) -> pl.DataFrame:
    """One reason per duty: the first gap of its day."""
    if lacking.is_empty():
        return empty(HELD)
    gap = collect(
        lacking.lazy()
        .sort("duty", "scan_order", "terminal", "hole_from_us")
        .unique("duty", keep="first", maintain_order=True)
        .join(roster.duties.lazy().select("duty", "plan", "timezone"), on="duty", how="left")
        .join(roster.plans.lazy().select("plan", pl.col("closes").to_physical().alias("closes_us")), on="plan")
    )
    to_the_end = pl.col("hole_to_us").is_null() | (pl.col("hole_to_us") >= pl.col("closes_us"))
    told = []
    for (zone,), rows in gap.group_by("timezone"):
        told.append(
            rows.select(
                "duty",
                reason=pl.when(to_the_end)
                .then(because("{terminal} not complete until the end of the day", terminal="terminal"))
                .otherwise(
                    because(
                        "{terminal} has no complete data between {start} and {end}",
                        terminal="terminal",
                        start=_local_time("hole_from_us", str(zone)),
                        end=_local_time("hole_to_us", str(zone)),
                    )
                ),
            )
        )
    return pl.concat(told)


def _local_time(instant_us: str, zone: str) -> pl.Expr:
    instant = pl.from_epoch(pl.col(instant_us), time_unit="us").dt.replace_time_zone("UTC")
    return instant.dt.convert_time_zone(zone).dt.strftime("%H:%M")
