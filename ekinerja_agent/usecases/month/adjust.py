"""Finds what late facts move of months that are paid, so that it is paid once, with the month that is being closed.

Promises that nothing is moved by a day that is pending, and that no machine takes back what a person signed for: such
cases wait and are told. Who pays is in decision 30. Publishes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central import facts
from ekinerja_agent.central.marks.changed_days import StaleDays, of_person
from ekinerja_agent.central.scored import adjustments, results
from ekinerja_agent.central.scored.adjustments import Adjusted, Difference, Paid
from ekinerja_agent.central.scored.comparison import ScoreToCompare, scores_to_compare, to_compare
from ekinerja_agent.central.scored.scorecards import scorecards_of
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.scoring import score_month
from ekinerja_agent.scoring.frames.schemas import MonthResult
from ekinerja_agent.usecases.month import score
from ekinerja_agent.usecases.month.plan import differences

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.store.engine import Readable
    from ekinerja_agent.nouns.scorecard import Scorecard
    from ekinerja_agent.rules import RuleBook
    from ekinerja_agent.scoring.frames.schemas import MonthFacts


@dataclass(frozen=True, slots=True)
class Due:
    """What the closing offices pay of earlier months, by office; sentences about what waits for a person.

    `judged` has the months by whose rules it was found, with facts and results; `seen` the marks of each paid month
    before its facts were read.
    """

    by_office: dict[str, list[Adjusted]] = field(default_factory=dict)
    waiting: list[Message] = field(default_factory=list)
    judged: list[tuple[date, MonthFacts, MonthResult]] = field(default_factory=list)
    seen: dict[date, StaleDays] = field(default_factory=dict)

    def has_moved(self, source: Readable, office: str) -> bool:
        """Given the database and an office, tell whether a fact of a month that it pays something of changed since.

        What is about others alone is left out: to publish one office marks the later months of its people.
        """
        return any(
            _marks_of(results.seen_stale(source, one.month), one) != _marks_of(self.seen[one.month], one)
            for one in self.by_office.get(office, ())
        )


def due(engine: Engine, rules: RuleBook, month: date, offices: Collection[str], *, profile: str, now: datetime) -> Due:
    """Given a month that is being closed and its offices, return what these pay of earlier months that are paid.

    Drafts of such a month that no longer fit are made anew. Raise NoRule if no rule covers a day of it.
    """
    found = Due()
    for paid_month in adjustments.paid_months(engine, month):
        purged = adjustments.is_purged(engine, paid_month)
        cut_short = not purged and adjustments.cut_short(engine, paid_month)
        if cut_short or results.seen_stale(engine, paid_month).marks:
            score.refresh(engine, rules, paid_month, profile=profile, now=now)
        found.seen[paid_month] = results.seen_stale(engine, paid_month)
        changed = adjustments.changed(engine, paid_month)
        if not changed:
            continue
        if purged:
            found.waiting.extend(
                Message(
                    "{nip} has another score for {paid_month}, whose punches are gone by retention; nothing is "
                    "moved: pay or recover the difference by hand",
                    nip=one.nip,
                    paid_month=f"{paid_month:%Y-%m}",
                )
                for one in changed
            )
            continue
        payers = _payers(engine, month, changed)
        found.waiting.extend(
            Message(
                "{nip} has another score for {paid_month}, paid by {office}, which scores nobody in {month}, nor "
                "does any office score that person: pay the difference by hand",
                nip=one.nip,
                paid_month=f"{paid_month:%Y-%m}",
                office=one.office,
                month=f"{month:%Y-%m}",
            )
            for one in changed
            if one.nip not in payers
        )
        ours = [one for one in changed if payers.get(one.nip) in offices]
        _judge(engine, rules, paid_month, ours, payers, found, profile=profile, now=now)
    return found


def without_people(result: MonthResult, nips: Collection[str]) -> MonthResult:
    """Given a result, return it without these people."""
    return _split(result, nips, keep=False)


def _marks_of(seen: StaleDays, adjusted: Adjusted) -> set[tuple[str, date, int]]:
    """The marks but those of people whom this does not pay."""
    others = seen.of_people().keys() - {one.nip for one in adjusted.differences}
    return {mark for mark in seen.marks if mark[0] not in {of_person(nip) for nip in others}}


def _payers(engine: Engine, month: date, changed: Sequence[Paid]) -> Mapping[str, str]:
    """By NIP: the person's office of the month that pays, else the one that paid, if it scores anybody there."""
    homes = facts.home_units(engine, month, [one.nip for one in changed])
    away = [one for one in changed if one.nip not in homes]
    scoring = set(facts.offices_of(engine, month)) if away else set()
    return {**homes, **{one.nip: one.office for one in away if one.office in scoring}}


def _judge(
    engine: Engine,
    rules: RuleBook,
    month: date,
    people: Sequence[Paid],
    payers: Mapping[str, str],
    found: Due,
    *,
    profile: str,
    now: datetime,
) -> None:
    """Score the offices of these people afresh, as they were published, and add what differs."""
    homes = facts.home_units(engine, month, [one.nip for one in people]) if people else {}
    groups: dict[tuple[str, bool], list[Paid]] = defaultdict(list)
    for one in people:
        if one.nip in homes:
            groups[homes[one.nip], one.accepted].append(one)
        else:
            found.waiting.append(
                Message(
                    "{nip} was paid by {office} for {month} and has no spell of duty in it any more; nothing is "
                    "taken back: import the spell again, or recover the money by hand",
                    nip=one.nip,
                    office=one.office,
                    month=f"{month:%Y-%m}",
                )
            )
    for (home, accepted), members in sorted(groups.items()):
        inputs = facts.month_facts(engine, month, profile=profile, now=now, offices=[home], accept_pending=accepted)
        result = score_month(inputs, rules)
        by_payer: dict[tuple[str, int], list[Difference]] = defaultdict(list)
        cards = scorecards_of(month, result, rules_digest=rules.digest, computed_at=now)
        for one, difference in _differences(engine, month, members, cards, found.waiting):
            by_payer[payers[one.nip], one.revision].append(difference)
        for (payer, revision), several in sorted(by_payer.items()):
            mine = _split(result, [one.nip for one in several], keep=True)
            found.by_office.setdefault(payer, []).append(Adjusted(month, revision, mine, tuple(several)))
        if by_payer:
            found.judged.append((month, inputs, result))


def _differences(
    engine: Engine, month: date, members: Sequence[Paid], cards: Sequence[Scorecard], waiting: list[Message]
) -> Iterator[tuple[Paid, Difference]]:
    before = scores_to_compare(engine, month, [one.nip for one in members], published=True)
    afresh = {card.nip: card for card in cards}
    for one in members:
        card, stood = afresh.get(one.nip), before[one.nip]
        if card is None or card.pending:
            waiting.append(
                Message(
                    "{nip} has pending days in {month}, which is paid; it is adjusted once they are decided",
                    nip=one.nip,
                    month=f"{month:%Y-%m}",
                )
            )
            continue
        score = to_compare(card)
        difference_rp = score.payable_rp - stood.payable_rp
        if difference_rp < 0 and one.accepted and _on_signed_days(one, stood, score):
            waiting.append(
                Message(
                    "{nip} would get less for {month} by findings on days for which a person signed; nothing is "
                    "taken back",
                    nip=one.nip,
                    month=f"{month:%Y-%m}",
                )
            )
        elif difference_rp:
            reason = _reason(stood, score)
            yield one, Difference(one.nip, stood.payable_rp, difference_rp, reason)


def _on_signed_days(paid: Paid, stood: ScoreToCompare, score: ScoreToCompare) -> bool:
    """Tell whether a new finding is of a day that had none: where a person signed, it may be a day signed for.

    Nobody signed for the days after the last that was judged.
    """
    judged = {finding.day for finding in score.findings} - {finding.day for finding in stood.findings}
    return any(paid.through is None or day <= paid.through for day in judged)


def _reason(stood: ScoreToCompare, score: ScoreToCompare) -> str:
    return "; ".join(differences(stood, score)) or f"payable_rp {stood.payable_rp} > {score.payable_rp}"


def _split(result: MonthResult, nips: Collection[str], *, keep: bool) -> MonthResult:
    def part(frame: Any) -> Any:
        named = frame["nip"].is_in(list(nips))
        return frame.filter(named if keep else ~named)

    return replace(
        result,
        people=part(result.people),
        days=part(result.days),
        findings=part(result.findings),
        pending=part(result.pending),
    )
