"""Leads every point and rupiah of a person's month back to its rule, document, punch and raw bytes.

Reads only what was stored with the score and computes nothing anew, so that it explains what was decided, not what
would be decided today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from ekinerja_agent.central.scored import evidence, results
from ekinerja_agent.central.scored.evidence import CorrectionBehind, Paper, PunchBehind, Subject
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.rules import CORRECTION, WHOLE_PPM
from ekinerja_agent.scoring import percent_text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.nouns.scorecard import Finding, Scorecard, ScoredDay


EVENT_CODES = frozenset({"APEL", "UPACARA", "KRIDA"})
OF_THE_MONTH = frozenset({"RPOK", "IKU"})
"""Findings of plans and indicators: no day explains them."""


def explain(engine: Engine, nip: str, month: date) -> Iterator[str]:
    """Given a person and a month, yield the lines of the explanation. Raise NeedsAttention if there is no score."""
    with reading(engine) as conn:
        cards = results.scores(conn, month, nip=nip)
        if not cards:
            raise NeedsAttention(
                f"{nip} has no score for {month:%Y-%m}; run `ekinerja-agent score run --month {month:%Y-%m}` first, or "
                "check the number: a NIP has 18 digits"
            )
        card = cards[0]
        names = card.punch_ids
        papers = evidence.documents(conn, nip, month, last_day(month))
        punches = {punch.punch_id: punch for punch in evidence.punches(conn, names)}
        corrections = evidence.corrections(conn, [name for name in names if name.startswith(CORRECTION)])
    yield f"{card.name} ({nip}), {card.unit}, {card.month:%Y-%m}: {card.status}"
    yield f"Profile {card.profile}, rules {card.rules_digest}"
    yield ""
    yield from _money(card, papers)
    yield from _findings(card, punches, corrections)
    yield from _pending(card)


def _money(card: Scorecard, documents: Sequence[Paper]) -> Iterator[str]:
    allowance, discipline, performance = card.allowance, card.discipline, card.performance
    yield f"Payable                Rp {allowance.payable_rp:>13,}"
    yield (
        f"  of the allowance     Rp {allowance.base_rp:>13,}, "
        f"{card.working_days} working days, {card.days_present} present, "
        f"{card.days_excused} excused"
    )
    yield (
        f"  discipline           Rp {allowance.discipline_rp:>13,}  at {percent_text(discipline.score_ppm)} % "
        f"(100 − {percent_text(discipline.deduction_ppm)})"
    )
    yield (
        f"  performance          Rp {allowance.performance_rp:>13,}  at {percent_text(performance.score_ppm)} %: "
        f"{performance.approved_minutes} approved + {performance.credited_minutes} credited of "
        f"{performance.target_minutes} minutes"
    )
    if performance.rating is not None:
        yield f"                       by the rating {performance.rating}"
    if allowance.multiplier_ppm != WHOLE_PPM:
        yield f"  all of it times      {percent_text(allowance.multiplier_ppm):>16} %"
    for name, subject in (
        ("whole_deduction_rp", None),
        ("leave_deduction_rp", Subject.ABSENCE),
        ("sanction_rp", Subject.SANCTION),
        ("hold_rp", Subject.HOLD),
    ):
        taken_rp: int = getattr(allowance, name)
        if taken_rp:
            label = name.removesuffix("_rp").replace("_", " ")
            yield f"  {label:<20} Rp {-taken_rp:>13,}"
            yield from (f"    {_document(one)}" for one in documents if one.subject == subject)
    yield ""


def _document(one: Paper) -> str:
    until = f"to {one.last_day}" if one.last_day else "until further notice"
    return f"{one.name}, from {one.first_day} {until}, document {one.document or 'not named'}"


def _findings(
    card: Scorecard, punches: Mapping[str, PunchBehind], corrections: Mapping[str, CorrectionBehind]
) -> Iterator[str]:
    findings = card.findings
    yield f"{len(findings)} findings" if findings else "No finding: nothing was deducted for discipline."
    days = {scored.day: scored for scored in card.days}
    for finding in findings:
        yield ""
        minutes = f", {finding.minutes} minutes" if finding.minutes is not None else ""
        scan = f" {finding.scan}" if finding.scan else ""
        deduction_pct = percent_text(finding.deduction_ppm)
        yield (
            f"{finding.day}  {finding.code}{scan}{minutes}: {deduction_pct} % of {finding.base} = "
            f"Rp {finding.deduction_rp:,}"
        )
        yield f"  rule    {finding.rule} ({finding.place})"
        yield f"  source  {finding.source}"
        if finding.code not in OF_THE_MONTH:
            yield f"  day     {_day(card, days[finding.day])}"
        for name in finding.punch_ids:
            yield from _correction(name, corrections[name]) if name in corrections else _punch(punches[name])
        if finding.scan is None and finding.reference is not None:
            yield _reference(finding)
        elif not finding.punch_ids:
            yield "  punch   none in the window, and the terminals' logs are complete there"


def _reference(finding: Finding) -> str:
    """What a finding without scan comes from: an event that was missed, or a document that costs."""
    if finding.code in EVENT_CODES:
        told = "nobody told that this person was there or excused, and no punch at its terminal while it was on"
        return f"  event   {finding.reference}: {told}"
    if finding.code in OF_THE_MONTH:
        return f"  from    {finding.reference}: what the month loses of the performance part"
    return f"  document {finding.reference}"


def _correction(name: str, row: CorrectionBehind) -> Iterator[str]:
    document = row.document or "not named"
    yield f"  punch   {name}: the scan {row.scan} at {row.time:%H:%M:%S}, document {document}"
    yield (
        f"          entered by {row.entered_by} on {row.imported_at:%Y-%m-%d} ({row.file_name}), "
        f"approved by {row.decided_by}"
    )


def _day(card: Scorecard, day: ScoredDay) -> str:
    scans = ", ".join(f"{scan} {day.local(scan) or '-'}" for scan in card.scans_shown(day))
    return f"schedule {day.schedule}, {day.required_minutes} minutes; {scans}"


def _punch(punch: PunchBehind) -> Iterator[str]:
    yield f"  punch   {punch.punch_id}"
    offset = "not measured" if punch.offset_s is None else f"{punch.offset_s:+d} s"
    yield (
        f"          terminal {punch.terminal} showed {punch.clock}, offset {offset}, "
        f"by {punch.source}{_file(punch)}, in central since {punch.received_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    if punch.redated_at is not None:
        yield f"          redated with approval to {punch.redated_at:%Y-%m-%d %H:%M:%S} UTC; its clock was wrong"
    yield f"          raw {punch.raw.hex()}"


def _file(punch: PunchBehind) -> str:
    return f" (batch {punch.batch}, {punch.file_name})" if punch.batch else ""


def _pending(card: Scorecard) -> Iterator[str]:
    if card.pending:
        yield ""
        yield f"{len(card.pending)} pending days; they deduct nothing"
        for waiting in card.pending:
            yield f"{waiting.day}  {waiting.reason}"
