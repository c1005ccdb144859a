"""Kind `corrections`: a scan that was forgotten, or is not the person's. From a feed an empty status is its approval.

How many may be approved of a person in a month is a rule of the profile; one beyond it is kept and rejected with that
reason. One that an approved outage caused is not counted, nor those of who signs a register. Does not know what a scan
costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.spans import Rows, grouped, valid_on
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import EVERY_TERMINAL
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import RuleBook, Scan
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.decisions import STATUSES_IN_FILES, keep_decisions, settle_decisions
from ekinerja_agent.usecases.importing.reading.judging import Draft, Fact, Kind, merged, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import words


class Limits:
    """How many corrections may be approved of a person in a month: by the profile of the person's unit on the day.

    Given the rows that stand, the rules, and the profile of units that name none.
    """

    def __init__(self, rows: Rows, rules: RuleBook, default_profile: str) -> None:
        self._rules = rules
        self._posts = Posts(rows, default_profile)
        self._enrolments = grouped(rows("enrolments"), "nip")
        self._outages = [row for row in rows("outages") if row["status"] == EntryStatus.APPROVED]

    def reached(self, correction: Fact, others: Iterable[Fact]) -> Message | None:
        """Given a correction and the others that stand, return why it is one too many, or None.

        Raise NoRule if no limit covers its day.
        """
        if not self._counts(correction):
            return None
        nip, day = correction["nip"], correction["date"]
        profile = self._rules.profile(self._posts.profile(nip, day))
        dated = profile.corrections_per_month.on(day)
        if dated.value is None:
            return None
        approved = sum(
            row["nip"] == nip
            and row["status"] == EntryStatus.APPROVED
            and (row["date"].year, row["date"].month) == (day.year, day.month)
            and self._counts(row)
            for row in others
        )
        if approved < dated.value:
            return None
        return Message(
            "{nip} has {approved} approved corrections in {month}, and {profile} lets {most} be approved in a month "
            "({source}); one whose time lies in an approved outage is not counted",
            nip=nip,
            approved=approved,
            month=f"{day:%Y-%m}",
            profile=profile.name,
            most=dated.value,
            source=dated.citation.source,
        )

    def _counts(self, correction: Fact) -> bool:
        """Neither one of who signs a register, nor one whose time lies in an approved outage of a terminal that the
        person uses.
        """
        day = correction["date"]
        spell = self._posts.spell(correction["nip"], day)
        if spell is not None and spell["attendance"] == "register":
            return False
        if correction["time"] is None or not self._outages:
            return True
        at = datetime.combine(day, correction["time"])
        terminals = {row["terminal"] for row in valid_on(self._enrolments.get(correction["nip"], ()), day)}
        return not any(
            row["starts"] <= at < row["ends"] and (row["terminal"] in terminals or EVERY_TERMINAL in terminals)
            for row in self._outages
        )


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_people(draft)
    for row in draft.rows:
        if row["action"] == "add" and row["time"] is None:
            draft.refuse(row, "time", Message("empty; allowed: the time of the scan that is added"))
        elif row["action"] == "void" and row["time"] is not None:
            draft.refuse(
                row, "time", Message("filled; a scan that is taken away needs none: it is the one that served")
            )
    settle_decisions(draft, blank=EntryStatus.APPROVED)
    keep_decisions(draft, KIND, draft.stored.rows("corrections"), ("time",))
    for row in draft.rows:
        row["reason"] = None
    if draft.rules is not None and not draft.problems:
        _reject_beyond_limits(draft, draft.rules)


def _reject_beyond_limits(draft: Draft, rules: RuleBook) -> None:
    """What is approved already stays so, and counts before the rows of the file, the upper ones first."""
    limits = Limits(draft.stored.rows, rules, draft.profile)
    stored = draft.stored.rows("corrections")
    approved = {
        (*(row[column] for column in KIND.key), row["time"]) for row in stored if row["status"] == EntryStatus.APPROVED
    }
    new = [row for row in draft.rows if (*(row[column] for column in KIND.key), row["time"]) not in approved]
    arriving = {id(row) for row in new}
    kept = [row for row in merged(draft, "corrections") if id(row) not in arriving]
    standing = {nip: list(rows) for nip, rows in grouped(kept, "nip").items()}
    for row in new:
        others = standing.setdefault(row["nip"], [])
        reached = limits.reached(row, others) if row["status"] == EntryStatus.APPROVED else None
        if reached is not None:
            row["status"] = EntryStatus.REJECTED
            row["reason"] = reached
            draft.reject(row, "nip", reached)
        others.append(row)


KIND = Kind(
    "corrections",
    columns("corrections", {"status": None}, scan=words(*Scan), action=words("add", "void"), status=STATUSES_IN_FILES),
    _judge,
    Message("Forgotten scans (add) and scans of somebody else (void)."),
    names_rules=True,
)
