"""Why a rule of the day's profile takes an activity not: entered too late, outside duty, on a day of leave.

Rules are looked up once per person and day. Does not know overlaps, nor who decides.
"""

from __future__ import annotations

from datetime import date, timedelta

from ekinerja_agent.county.duties import DutyHours
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.spans import Rows, grouped
from ekinerja_agent.nouns.messages import Message, plural
from ekinerja_agent.rules import ActivityRule, RuleBook
from ekinerja_agent.usecases.importing.reading.judging import Fact

_ISO_DATE = 10


class ActivityRules:
    """The rules of activities, given the rows that stand, the rules, and the profile of units that name none."""

    def __init__(self, rows: Rows, rules: RuleBook, default_profile: str) -> None:
        self._rules = rules
        self._posts = Posts(rows, default_profile)
        self._hours = DutyHours(rows, self._posts, rules)
        self._absences = grouped((row for row in rows("absences") if _covers_days(row)), "nip")
        self._known: dict[tuple[str, date], ActivityRule] = {}
        self._dates: dict[str, date] = {}

    def broken(self, row: Fact) -> tuple[str, Message] | None:
        """Given an activity, return the column and the reason why it is rejected, or None.

        One without `entered_at` was entered on its date. Where nobody knows the duty of the day there is no reason: see
        `pending`. Raise NoRule if no rule covers the day.
        """
        nip, day = row["nip"], row["date"]
        rule = self._rule(nip, day)
        if row["entered_at"] is not None and (reason := self._entered(row["entered_at"], day, rule)):
            return "entered_at", reason
        if rule.not_on_leave and (document := self._leave(nip, day, rule)):
            return "date", Message("{day} is a day of {document}", day=day, document=document)
        if rule.inside_duty and self._hours.hold(nip, day, row["start"], row["end"]).inside is False:
            return "start", Message(
                "{start}-{end} is not inside the duty hours of {day}",
                start=f"{row['start']:%H:%M}",
                end=f"{row['end']:%H:%M}",
                day=day,
            )
        return None

    def pending(self, row: Fact) -> Message | None:
        """Given an activity, say what nobody knows yet that decides whether it may be; None: nothing.

        It is not rejected for that: it waits for the superior. Raise NoRule if no rule covers the day.
        """
        nip, day = row["nip"], row["date"]
        if not self._rule(nip, day).inside_duty:
            return None
        why = self._hours.hold(nip, day, row["start"], row["end"]).pending
        if why is None:
            return None
        return Message(
            "nobody knows yet whether {start}-{end} lies in the duty hours of {day} ({why}); it is not rejected, it "
            "waits for the superior",
            start=f"{row['start']:%H:%M}",
            end=f"{row['end']:%H:%M}",
            day=day,
            why=why,
        )

    def _rule(self, nip: str, day: date) -> ActivityRule:
        key = (nip, day)
        if key not in self._known:
            profile = self._rules.profile(self._posts.profile(nip, day))
            self._known[key] = profile.activities.on(day).value
        return self._known[key]

    def _entered(self, moment: str, day: date, rule: ActivityRule) -> Message | None:
        text = moment[:_ISO_DATE]
        entered = self._dates.get(text)
        if entered is None:
            entered = self._dates[text] = date.fromisoformat(text)
        if entered < day:
            return Message("entered on {entered}, before its day {day}", entered=entered, day=day)
        if rule.entry_days is not None and entered > day + timedelta(days=rule.entry_days):
            late = _days((entered - day).days)
            if not rule.entry_days:
                return Message(
                    "entered on {entered}, {late} after its day; allowed: on its day", entered=entered, late=late
                )
            return Message(
                "entered on {entered}, {late} after its day; allowed: on its day or {days} after it",
                entered=entered,
                late=late,
                days=_days(rule.entry_days),
            )
        return None

    def _leave(self, nip: str, day: date, rule: ActivityRule) -> str | None:
        kinds = [row["kind"] for row in self._absences.get(nip, ()) if row["first_day"] <= day <= row["last_day"]]
        return kinds[0] if kinds and not rule.work_absences.intersection(kinds) else None


def _covers_days(row: Fact) -> bool:
    return row["status"] == "approved" and row["from_time"] is None


def _days(number: int) -> Message:
    return plural("{number} day", "{number} days", number)
