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
from ekinerja_agent.nouns.messages import Message, as_message, joined
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.rules import CORRECTION, WHOLE_PPM
from ekinerja_agent.scoring import percent_text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.nouns.scorecard import Finding, Scorecard, ScoredDay


EVENT_CODES = frozenset({"APEL", "UPACARA", "KRIDA"})
OF_THE_MONTH = frozenset({"RPOK", "IKU"})
"""Findings of plans and indicators: no day explains them."""


def explain(engine: Engine, nip: str, month: date) -> Iterator[Message]:
    """Given a person and a month, yield the lines of the explanation. Raise NeedsAttention if there is no score."""
    with reading(engine) as conn:
        cards = results.scores(conn, month, nip=nip)
        if not cards:
            raise NeedsAttention(
                Message(
                    "{nip} has no score for {month}; run `ekinerja-agent score run --month {month}` first, or check "
                    "the number: a NIP has 18 digits",
                    nip=nip,
                    month=f"{month:%Y-%m}",
                )
            )
        card = cards[0]
        names = card.punch_ids
        papers = evidence.documents(conn, nip, month, last_day(month))
        punches = {punch.punch_id: punch for punch in evidence.punches(conn, names)}
        corrections = evidence.corrections(conn, [name for name in names if name.startswith(CORRECTION)])
    yield Message(
        "{name} ({nip}), {unit}, {month}: {status}",
        name=card.name,
        nip=nip,
        unit=card.unit,
        month=f"{card.month:%Y-%m}",
        status=status_word(card.status),
    )
    yield Message("Profile {profile}, rules {rules_digest}", profile=card.profile, rules_digest=card.rules_digest)
    yield as_message("")
    yield from _money(card, papers)
    yield from _findings(card, punches, corrections)
    yield from _pending(card)


def _money(card: Scorecard, documents: Sequence[Paper]) -> Iterator[Message]:
    allowance, discipline, performance = card.allowance, card.discipline, card.performance
    yield Message("Payable                Rp {payable_rp}", payable_rp=f"{allowance.payable_rp:>13,}")
    yield (
        Message(
            "  of the allowance     Rp {base_rp}, {working_days} working days, {days_present} present, "
            "{days_excused} excused",
            base_rp=f"{allowance.base_rp:>13,}",
            working_days=card.working_days,
            days_present=card.days_present,
            days_excused=card.days_excused,
        )
    )
    yield (
        Message(
            "  discipline           Rp {discipline_rp}  at {score_pct} % (100 − {deduction_pct})",
            discipline_rp=f"{allowance.discipline_rp:>13,}",
            score_pct=percent_text(discipline.score_ppm),
            deduction_pct=percent_text(discipline.deduction_ppm),
        )
    )
    yield (
        Message(
            "  performance          Rp {performance_rp}  at {score_pct} %: {approved_minutes} approved + "
            "{credited_minutes} credited of {target_minutes} minutes",
            performance_rp=f"{allowance.performance_rp:>13,}",
            score_pct=percent_text(performance.score_ppm),
            approved_minutes=performance.approved_minutes,
            credited_minutes=performance.credited_minutes,
            target_minutes=performance.target_minutes,
        )
    )
    if performance.rating is not None:
        yield Message("                       by the rating {rating}", rating=performance.rating)
    if allowance.multiplier_ppm != WHOLE_PPM:
        yield Message(
            "  all of it times      {multiplier_pct} %", multiplier_pct=f"{percent_text(allowance.multiplier_ppm):>16}"
        )
    for name, subject in (
        ("whole_deduction_rp", None),
        ("leave_deduction_rp", Subject.ABSENCE),
        ("sanction_rp", Subject.SANCTION),
        ("hold_rp", Subject.HOLD),
    ):
        taken_rp: int = getattr(allowance, name)
        if taken_rp:
            label = name.removesuffix("_rp").replace("_", " ")
            yield as_message(Message("  {label} Rp {taken_rp}", label=f"{label:<20}", taken_rp=f"{-taken_rp:>13,}"))
            yield from (joined("    ", ("", _document(one))) for one in documents if one.subject == subject)
    yield as_message("")


def _document(one: Paper) -> Message:
    document = one.document or Message("not named")
    if one.last_day:
        return Message(
            "{name}, from {first_day} to {last_day}, document {document}",
            name=one.name,
            first_day=one.first_day,
            last_day=one.last_day,
            document=document,
        )
    return Message(
        "{name}, from {first_day} until further notice, document {document}",
        name=one.name,
        first_day=one.first_day,
        document=document,
    )


def _findings(
    card: Scorecard, punches: Mapping[str, PunchBehind], corrections: Mapping[str, CorrectionBehind]
) -> Iterator[Message]:
    findings = card.findings
    yield (
        Message("{findings} findings", findings=len(findings))
        if findings
        else Message("No finding: nothing was deducted for discipline.")
    )
    days = {scored.day: scored for scored in card.days}
    for finding in findings:
        yield as_message("")
        what = f"{finding.day}  {finding.code}" + (f" {finding.scan}" if finding.scan else "")
        cost: dict[str, object] = {
            "finding": what,
            "deduction_pct": percent_text(finding.deduction_ppm),
            "base": finding.base,
            "deduction_rp": f"{finding.deduction_rp:,}",
        }
        yield (
            Message("{finding}: {deduction_pct} % of {base} = Rp {deduction_rp}", **cost)
            if finding.minutes is None
            else Message(
                "{finding}, {minutes} minutes: {deduction_pct} % of {base} = Rp {deduction_rp}",
                **cost,
                minutes=finding.minutes,
            )
        )
        yield Message("  rule    {rule} ({place})", rule=finding.rule, place=finding.place)
        yield Message("  source  {source}", source=finding.source)
        if finding.code not in OF_THE_MONTH:
            yield Message("  day     {day}", day=_day(card, days[finding.day]))
        for name in finding.punch_ids:
            yield from _correction(name, corrections[name]) if name in corrections else _punch(punches[name])
        if finding.scan is None and finding.reference is not None:
            yield _reference(finding)
        elif not finding.punch_ids:
            yield Message("  punch   none in the window, and the terminals' logs are complete there")


def _reference(finding: Finding) -> Message:
    """What a finding without scan comes from: an event that was missed, or a document that costs."""
    if finding.code in EVENT_CODES:
        return Message(
            "  event   {event}: nobody told that this person was there or excused, and no punch at its terminal "
            "while it was on",
            event=finding.reference,
        )
    if finding.code in OF_THE_MONTH:
        return Message(
            "  from    {reference}: what the month loses of the performance part", reference=finding.reference
        )
    return Message("  document {reference}", reference=finding.reference)


def _correction(name: str, row: CorrectionBehind) -> Iterator[Message]:
    document = row.document or Message("not named")
    yield Message(
        "  punch   {name}: the scan {scan} at {time}, document {document}",
        name=name,
        scan=row.scan,
        time=f"{row.time:%H:%M:%S}",
        document=document,
    )
    yield (
        Message(
            "          entered by {entered_by} on {imported_at} ({file_name}), approved by {decided_by}",
            entered_by=row.entered_by,
            imported_at=f"{row.imported_at:%Y-%m-%d}",
            file_name=row.file_name,
            decided_by=row.decided_by,
        )
    )


def _day(card: Scorecard, day: ScoredDay) -> Message:
    scans = ", ".join(f"{scan} {day.local(scan) or '-'}" for scan in card.scans_shown(day))
    return Message(
        "schedule {schedule}, {required_minutes} minutes; {scans}",
        schedule=day.schedule,
        required_minutes=day.required_minutes,
        scans=scans,
    )


def _punch(punch: PunchBehind) -> Iterator[Message]:
    yield Message("  punch   {punch_id}", punch_id=punch.punch_id)
    came: dict[str, object] = {
        "terminal": punch.terminal,
        "clock": punch.clock,
        "source": punch.source,
        "file": _file(punch),
        "received_at": f"{punch.received_at:%Y-%m-%d %H:%M:%S}",
    }
    yield (
        Message(
            "          terminal {terminal} showed {clock}, offset not measured, by {source}{file}, in central since "
            "{received_at} UTC",
            **came,
        )
        if punch.offset_s is None
        else Message(
            "          terminal {terminal} showed {clock}, offset {offset_s} s, by {source}{file}, in central since "
            "{received_at} UTC",
            **came,
            offset_s=f"{punch.offset_s:+d}",
        )
    )
    if punch.redated_at is not None:
        yield Message(
            "          redated with approval to {redated_at} UTC; its clock was wrong",
            redated_at=f"{punch.redated_at:%Y-%m-%d %H:%M:%S}",
        )
    yield Message("          raw {raw}", raw=punch.raw.hex())


def _file(punch: PunchBehind) -> str:
    return Message(" (batch {batch}, {file_name})", batch=punch.batch, file_name=punch.file_name) if punch.batch else ""


def _pending(card: Scorecard) -> Iterator[Message]:
    if card.pending:
        yield as_message("")
        yield Message("{pending} pending days; they deduct nothing", pending=len(card.pending))
        for waiting in card.pending:
            yield joined("  ", (waiting.day, waiting.reason))
