"""The life of an activity by commands: entered by or for a person, decided by the superior of its day, and disputed.

Promises that nobody decides on themselves or on what they entered, that an operator's role alone decides nothing, and
that no minute of a person is entered or approved twice, however many enter and decide at once: each act is one
transaction, and those of one person wait for each other. Does not know what silence does, nor what a minute is worth.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central.imported import activities, batches
from ekinerja_agent.central.imported.activities import (
    Activity,
    Step,
)
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.imported.superiors_of import facts_of
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.county import access
from ekinerja_agent.county.access import Bar, Deed
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.superiors import Superiors
from ekinerja_agent.nouns.errors import NoRule, Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message, either, joined
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.importing.kinds import activities as kind
from ekinerja_agent.usecases.importing.reading.activity_rules import ActivityRules
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.rules import RuleBook

_ENTERED = "activity add"
_WAITS_AT_MOST = timedelta(days=120)
"""What is older was decided, or settled by the rule of silence."""
_SHOWN_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody did, from when to when, in local time of the unit."""

    nip: str
    day: date
    start: time
    end: time
    description: str
    type: str | None = None
    volume: str | None = None
    output: str | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where activities are handled: the database, the rules, and the profile of units that name none. With `own_only`
    the account enters for itself alone, whatever its role.
    """

    engine: Engine
    rules: RuleBook
    profile: str
    account: Account
    now: datetime
    own_only: bool = False

    def superiors(self, conn: Connection, nip: str, day: date) -> tuple[str, ...]:
        """Given a person and a day, return the superiors of that day, the direct one first."""
        rows = facts_of(conn, [nip])
        return Superiors(rows, Posts(rows, self.profile)).chain(nip, day)

    def today(self, conn: Connection, nip: str) -> date:
        """Given a person, return the date that the unit's calendar shows."""
        today = self.now.date()
        posts = Posts(StoredFacts(conn).about([nip], today, today), self.profile)
        return self.now.astimezone(posts.zone(nip, today)).date()


def waiting_for(conn: Connection, desk: Desk, below: Collection[str]) -> list[dict[str, Any]]:
    """Given people who may stand below the account, return their activities that it may decide now, oldest first: the
    columns of `activity list`, and `minutes` that each lasted.
    """
    since = desk.now.date() - _WAITS_AT_MOST
    waiting = activities.waiting_of(conn, below, since)
    rows = facts_of(conn, {one.nip for one in waiting})
    superiors = Superiors(rows, Posts(rows, desk.profile))
    mine = {
        one.activity_id: one.minutes
        for one in waiting
        if _bar(desk, one, _asked(one, superiors.chain(one.nip, one.day))) is None
    }
    shown = activities.rows(conn, ids=list(mine)[:_SHOWN_AT_ONCE])
    ordered = sorted(shown, key=lambda row: (row["date"], row["nip"], row["start"]))
    return [row | {"minutes": mine[row["id"]]} for row in ordered]


def pending_duty(conn: Connection, desk: Desk, rows: Collection[Mapping[str, Any]]) -> dict[str, Message]:
    """Given activities with the columns of `activity list`, return for those that nobody decided, by id, what nobody
    knows yet of the duty of their day. They are not rejected for that.
    """
    waiting = [row for row in rows if row["status"] in {EntryStatus.DRAFT, EntryStatus.PENDING, EntryStatus.RETURNED}]
    if not waiting:
        return {}
    nips, days = {row["nip"] for row in waiting}, [row["date"] for row in waiting]
    rules = ActivityRules(StoredFacts(conn).about(nips, min(days), max(days)), desk.rules, desk.profile)
    found: dict[str, Message] = {}
    for row in waiting:
        with suppress(NoRule):  # without a rule nothing asks for the duty
            why = rules.pending(row)
            found |= {} if why is None else {row["id"]: why}
    return found


def add(desk: Desk, work: Work, *, draft: bool = False, replaces: str | None = None) -> str:
    """Given what a person did, enter it; return its id. `replaces` names a draft or returned activity to be corrected.

    The same work again is answered as what is there already, and changes nothing: a form that is sent twice enters one
    activity. Raise Refused if the account is neither the person nor an operator, if it overlaps another activity or a
    rule forbids it; WrongUsage if it cannot be meant.
    """
    _require_own(desk, work.nip)
    if not work.description.strip():
        raise WrongUsage(Message("an activity needs --description: what was done"))
    status = EntryStatus.DRAFT if draft else EntryStatus.PENDING

    def enter(conn: Connection) -> str:
        batches.wait_turn_of_kind(conn, activities.KIND, [work.nip])
        stored = StoredFacts(conn)
        posts = Posts(stored.about([work.nip], work.day, work.day), desk.profile)
        local = desk.now.astimezone(posts.zone(work.nip, work.day)).replace(tzinfo=None)
        if work.day > local.date():
            raise WrongUsage(Message("{day} is not yet; an activity is entered once it is done", day=work.day))
        known = _entered_before(stored, work, status, replaces)
        if known is not None:
            return known
        entered_at = f"{local:%Y-%m-%d %H:%M:%S}"
        if replaces is not None:
            earlier = activities.find(conn, replaces)
            _require_own(desk, earlier.nip)
            _require_open(earlier, (EntryStatus.DRAFT, EntryStatus.RETURNED), Message("corrected"))
            entered_at = earlier.entered_at or earlier.day.isoformat()
        row = _row(work, replaces or _new_id(conn), entered_at, status)
        _judge(desk, stored, row, local.date())
        digest = sha256("\0".join(map(str, row.values())).encode()).hexdigest()
        batches.store_batch(
            conn, desk.account.id, activities.KIND, _ENTERED, f"sha256:{digest}", [row], rejected=0, now=desk.now
        )
        return str(row["activity_id"])

    return in_transaction(desk.engine, enter)


def submit(desk: Desk, activity_id: str) -> Activity:
    """Given a draft or a returned activity, ask the superior to decide; return it as it was. Raise Refused."""

    def decide(conn: Connection, one: Activity) -> Step:
        _require_own(desk, one.nip)
        _require_open(one, (EntryStatus.DRAFT, EntryStatus.RETURNED), Message("submitted"))
        return Step(
            "submitted", EntryStatus.PENDING, one.first_tier, one.last_tier, waits_from=desk.today(conn, one.nip)
        )

    return _step(desk, activity_id, decide)


def withdraw(desk: Desk, activity_id: str) -> Activity:
    """Given an activity that nobody decided yet, or that came back, take it back for good; return it as it was.

    Its time is free again for another activity. Raise Refused.
    """

    def decide(_conn: Connection, one: Activity) -> Step:
        _require_own(desk, one.nip)
        _require_open(one, (EntryStatus.DRAFT, EntryStatus.PENDING, EntryStatus.RETURNED), Message("withdrawn"))
        return Step("withdrawn", EntryStatus.WITHDRAWN, one.first_tier, one.last_tier)

    return _step(desk, activity_id, decide)


def approve(desk: Desk, activity_id: str, *, minutes: int | None = None) -> Activity:
    """Given an activity that waits, let so many minutes of it count (None: all); return it as it was.

    Raise Refused if the account is not the superior who decides now, or if another one that shares time with it is
    approved; WrongUsage for more minutes than it lasted.
    """

    def decide(conn: Connection, one: Activity) -> Step:
        _require_superior(conn, desk, one)
        _require_free(conn, one)
        if minutes is not None and not 0 <= minutes <= one.minutes:
            raise WrongUsage(
                Message(
                    "--minutes {minutes}; allowed: 0 to {most}, the minutes it lasted",
                    minutes=minutes,
                    most=one.minutes,
                )
            )
        counted = one.minutes if minutes is None else minutes
        return Step("approved", EntryStatus.APPROVED, one.first_tier, one.last_tier, approved_minutes=counted)

    return _step(desk, activity_id, decide)


def send_back(desk: Desk, activity_id: str, *, reason: str) -> Activity:
    """Given an activity that waits, return it to the person for correction; return it as it was. Raise as `approve`."""
    return _negative(desk, activity_id, EntryStatus.RETURNED, reason)


def reject(desk: Desk, activity_id: str, *, reason: str) -> Activity:
    """Given an activity that waits, let it not count; return it as it was. Raise as `approve` does."""
    return _negative(desk, activity_id, EntryStatus.REJECTED, reason)


def object_to(desk: Desk, activity_id: str, *, reason: str) -> Activity:
    """Given an activity that a superior decided, ask the next one; return it as it was.

    Raise Refused if a rule decided it, or nobody is above the one who did.
    """
    _require_reason(reason)

    def decide(conn: Connection, one: Activity) -> Step:
        _require_own(desk, one.nip)
        _require_open(one, (EntryStatus.APPROVED, EntryStatus.RETURNED, EntryStatus.REJECTED), Message("objected to"))
        if one.rule_reason is not None:
            raise Refused(
                Message(
                    "activity {activity} broke a rule: {rule_reason}; no superior can change that",
                    activity=one.activity_id,
                    rule_reason=one.rule_reason,
                )
            )
        tier = one.last_tier + 1
        if tier >= len(desk.superiors(conn, one.nip, one.day)):
            raise Refused(
                Message("nobody is above the superior who decided activity {activity}", activity=one.activity_id)
            )
        return Step("objected", EntryStatus.PENDING, tier, tier, waits_from=desk.today(conn, one.nip), reason=reason)

    return _step(desk, activity_id, decide)


def _negative(desk: Desk, activity_id: str, status: EntryStatus, reason: str) -> Activity:
    _require_reason(reason)

    def decide(conn: Connection, one: Activity) -> Step:
        _require_superior(conn, desk, one)
        return Step(status, status, one.first_tier, one.last_tier, reason=reason)

    return _step(desk, activity_id, decide)


def _step(desk: Desk, activity_id: str, decide: Callable[[Connection, Activity], Step]) -> Activity:
    return activities.take_step(desk.engine, activity_id, decide, account=desk.account, now=desk.now)


def _entered_before(stored: StoredFacts, work: Work, status: EntryStatus, replaces: str | None) -> str | None:
    """The id of the activity that says the same and stands as this would; None if there is none."""
    same = _row(work, "", "", status)
    for row in stored.activities([], [work.nip], work.day, work.day):
        as_told = all(row[column] == same[column] for column in kind.WORK)
        stands = row["status"] == status or (row["status"] == EntryStatus.APPROVED and status == EntryStatus.PENDING)
        if as_told and stands and replaces in {None, row["activity_id"]}:
            return str(row["activity_id"])
    return None


def _judge(desk: Desk, stored: StoredFacts, row: dict[str, Any], today: date) -> None:
    """Settle the row as one of a file. Raise as `add` does."""
    importer = Importer(desk.account.name, desk.account.nip, vouches=False)
    judged = Draft(_ENTERED, importer, today, stored, desk.rules, rows=[row], profile=desk.profile)
    kind.KIND.judge(judged)
    if judged.problems:
        raise WrongUsage(joined("; ", (joined(": ", (each.key, each.message)) for each in judged.problems)))
    if judged.rejected:
        why = joined("; ", (problem.message for problem in judged.rejected))
        raise Refused(Message("not entered: {why}", why=why))


def _require_free(conn: Connection, one: Activity) -> None:
    """What overlaps is kept from being entered; a rejected activity may come back by an objection."""
    for other in activities.approved_of(conn, [one.nip], one.day, one.day):
        if other.activity_id != one.activity_id and other.shares_time(one):
            raise Refused(
                Message(
                    "activity {activity} shares time with {activity_id} ({start}-{end}), which is approved; a "
                    "minute counts once",
                    activity=one.activity_id,
                    activity_id=other.activity_id,
                    start=f"{other.start:%H:%M}",
                    end=f"{other.end:%H:%M}",
                )
            )


def _require_own(desk: Desk, nip: str) -> None:
    deed = Deed.ENTER_OWN_ACTIVITY if desk.own_only else Deed.ENTER_ACTIVITY
    if access.may(desk.account, deed, nip=nip):
        return
    if desk.own_only:
        raise Refused(Message("that activity is another person's"))
    raise Refused(
        Message(
            "{account} is not {nip}; the person's own account or an operator enters activities",
            account=desk.account.name,
            nip=nip,
        )
    )


def _require_open(one: Activity, allowed: Sequence[str], done: Message) -> None:
    if one.status not in allowed:
        raise Refused(
            Message(
                "activity {activity} is {status}; only what is {allowed} can be {done}",
                activity=one.activity_id,
                status=status_word(one.status),
                allowed=either(map(status_word, allowed)),
                done=done,
            )
        )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise WrongUsage(Message("--reason is empty; the people concerned read it"))


def _require_superior(conn: Connection, desk: Desk, one: Activity) -> None:
    account = desk.account
    _require_open(one, (EntryStatus.PENDING,), Message("decided"))
    asked = _asked(one, desk.superiors(conn, one.nip, one.day))
    bar = _bar(desk, one, asked)
    if bar is None:
        return
    if bar is Bar.ONESELF:
        raise Refused(
            Message(
                "activity {activity} is {account}'s own; the superior of {day} decides",
                activity=one.activity_id,
                account=account.name,
                day=one.day,
            )
        )
    if bar is Bar.BROUGHT:
        raise Refused(
            Message(
                "{account} entered activity {activity}; another person decides on it",
                account=account.name,
                activity=one.activity_id,
            )
        )
    if account.nip is None:
        raise Refused(
            Message(
                "account {account} has no NIP, and only a superior decides activities; an operator adds one with "
                "`ekinerja-agent account add NAME --nip NIP`",
                account=account.name,
            )
        )
    superior = (
        either(asked) if asked else Message("nobody: no superior is known, see `import units` and `import employees`")
    )
    raise Refused(
        Message(
            "{account} is not the superior of {nip} on {day} who decides now; that is {superior}",
            account=account.name,
            nip=one.nip,
            day=one.day,
            superior=superior,
        )
    )


def _asked(one: Activity, superiors: Sequence[str]) -> Sequence[str]:
    """Of the superiors of its day, the direct one first, those whose turn it is."""
    return superiors[one.first_tier : one.last_tier + 1]


def _bar(desk: Desk, one: Activity, asked: Sequence[str]) -> Bar | None:
    brought = desk.account.id == one.account_id
    return access.barred(desk.account, Deed.DECIDE_ACTIVITY, nip=one.nip, asked=asked, brought=brought)


def _new_id(conn: Connection) -> str:
    while activities.is_known(conn, name := f"A-{secrets.token_hex(4)}"):
        pass
    return name


def _row(work: Work, activity_id: str, entered_at: str, status: EntryStatus) -> dict[str, Any]:
    return {
        "row": 1,
        "activity_id": activity_id,
        "nip": work.nip,
        "date": work.day,
        "start": work.start,
        "end": work.end,
        "description": work.description,
        "type": work.type,
        "volume": work.volume,
        "output": work.output,
        "plan": work.plan,
        "status": status,
        "approved_minutes": None,
        "decided_by": None,
        "decided_at": None,
        "entered_at": entered_at,
    }
