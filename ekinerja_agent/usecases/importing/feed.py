"""Takes activities that another application left in the inbox, with the checks of an import, and answers each entry.

Promises that an entry which cannot be read, or which the database does not take, stops no other, and that entries are
judged, stored and answered at once or not at all. It changes what it brought itself, and nothing of a month that is
closed. Decisions count if the account is an authorised feed and who decided was a superior on that day. Does not know
the application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.access import accounts
from ekinerja_agent.central.imported import batches, feed
from ekinerja_agent.central.imported.feed import Answer
from ekinerja_agent.central.imported.import_lookups import StoredFacts
from ekinerja_agent.central.imported.superiors_of import facts_of
from ekinerja_agent.central.store.database_errors import is_bad_data
from ekinerja_agent.central.store.database_errors import reason as reason_of
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.county.posts import Posts
from ekinerja_agent.county.superiors import Superiors
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import DECIDED, EntryStatus, RowOutcome
from ekinerja_agent.usecases.importing.kinds.activities import KIND
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer, Row
from ekinerja_agent.usecases.importing.reading.shapes import NotAllowed

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.rules import RuleBook

ACCOUNT = "ekinerja_feed"
"""The account in whose name the inbox is taken; the database role that fills it has the same name."""
TABLE = "feed_activities"
_AT_ONCE = 20_000
_COLUMN_OF = {"id": "activity_id", "start": "starts", "end": "ends"}
"""Columns of the inbox that are not called as in a file: `end` is a word of SQL."""


@dataclass(slots=True)
class Drained:
    """How many entries were taken, by what became of them."""

    stored: int = 0
    rejected: int = 0
    refused: int = 0

    def __add__(self, other: Drained) -> Drained:
        return Drained(self.stored + other.stored, self.rejected + other.rejected, self.refused + other.refused)


@dataclass(slots=True)
class _Round:
    """Entries that are judged together, no two of one activity: their rows, and why the others cannot be read."""

    rows: list[Row] = field(default_factory=list)
    wrong: dict[int, str] = field(default_factory=dict)


def drain(engine: Engine, rules: RuleBook, *, profile: str, now: datetime) -> Drained:
    """Given the inbox, take all that waits, oldest first; return what became of it. `profile` serves units that name
    none. Raise Refused while something waits and there is no account for it.
    """

    def take(conn: Connection) -> Drained | None:
        feed.wait_turn_to_take(conn)
        entries, too_long = feed.waiting(conn, _AT_ONCE)
        if not entries and not too_long:
            return None
        account = _account(conn)
        reason = Message("longer than {longest} letters; allowed: less", longest=feed.LONGEST)
        feed.answer(conn, [Answer(number, RowOutcome.REFUSED, reason, None) for number in too_long], now)
        return take_some(conn, account, entries) + Drained(refused=len(too_long))

    def take_some(conn: Connection, account: Account, entries: Sequence[Mapping[str, Any]]) -> Drained:
        """What the database does not take is found by halves, answered and passed."""
        try:
            with conn.begin_nested():
                return _taken(conn, account, entries, rules, profile, now) if entries else Drained()
        except SQLAlchemyError as error:
            if not is_bad_data(error):
                raise
            if len(entries) > 1:
                middle = len(entries) // 2
                return take_some(conn, account, entries[:middle]) + take_some(conn, account, entries[middle:])
            why = Message("central cannot store it: {reason}", reason=reason_of(error))
            feed.answer(conn, [Answer(entries[0]["id"], RowOutcome.REFUSED, why, None)], now)
            return Drained(refused=1)

    done = Drained()
    while _something_waits(engine) and (round_ := in_transaction(engine, take)) is not None:
        done += round_
    return done


def _taken(
    conn: Connection,
    account: Account,
    entries: Sequence[Mapping[str, Any]],
    rules: RuleBook,
    profile: str,
    now: datetime,
) -> Drained:
    taken = _read(entries)
    batches.wait_turn_of_kind(conn, KIND.name, {row["nip"] for row in taken.rows})
    _refuse_what_is_not_its_own(conn, account, taken)
    undecided = _leave_undecided(conn, account, taken, profile)
    draft = _judge(conn, account, taken, rules, profile, now)
    batch = _store(conn, account, draft, now) if draft.rows else None
    answers = [Answer(number, RowOutcome.REFUSED, why, None) for number, why in taken.wrong.items()]
    reasons = {problem.line: problem.message for problem in draft.rejected}
    for row in draft.rows:
        reason = reasons.get(row["row"])
        outcome = RowOutcome.REJECTED if reason else RowOutcome.STORED
        answers.append(Answer(row["row"], outcome, reason or undecided.get(row["row"]), batch))
    feed.answer(conn, answers, now)
    return Drained(len(draft.rows) - len(reasons), len(reasons), len(taken.wrong))


def _refuse_what_is_not_its_own(conn: Connection, account: Account, taken: _Round) -> None:
    ids = {row["activity_id"] for row in taken.rows}
    others, closed = feed.of_others(conn, ids, account.id), feed.of_closed_months(conn, ids)
    for row in taken.rows:
        if row["activity_id"] in others:
            why = Message("id: {id} was brought by another account, which alone changes it", id=row["activity_id"])
        elif row["activity_id"] in closed:
            why = Message("id: the month of {id} is closed for this person", id=row["activity_id"])
        else:
            continue
        taken.wrong[row["row"]] = why
    taken.rows = [row for row in taken.rows if row["row"] not in taken.wrong]


def _leave_undecided(conn: Connection, account: Account, taken: _Round, profile: str) -> dict[int, Message]:
    """What somebody decided who was no superior of the person on that day waits for one; return why, by entry."""
    decided = [row for row in taken.rows if row["status"] in DECIDED] if account.is_feed(KIND.name) else []
    if not decided:
        return {}
    facts = facts_of(conn, {row["nip"] for row in decided})
    superiors = Superiors(facts, Posts(facts, profile))
    told = {}
    for row in decided:
        if row["decided_by"] not in superiors.chain(row["nip"], row["date"]):
            row["status"] = EntryStatus.PENDING
            told[row["row"]] = Message(
                "decided by {decided_by}, who was no superior of {nip} on {day}; it enters as pending",
                decided_by=row["decided_by"] or Message("nobody"),
                nip=row["nip"],
                day=row["date"],
            )
    return told


def _something_waits(engine: Engine) -> bool:
    with reading(engine) as conn:
        return feed.anything_waits(conn)


def _account(conn: Connection) -> Account:
    try:
        return accounts.active(conn, ACCOUNT)
    except (WrongUsage, Refused) as error:
        raise Refused(
            Message(
                "activities wait in {table}, but no account {account} may bring them; an operator adds it with "
                "`ekinerja-agent account add {account} --role employee --feed activities`",
                table=TABLE,
                account=ACCOUNT,
            )
        ) from error


def _read(entries: Sequence[Mapping[str, Any]]) -> _Round:
    taken = _Round()
    ids: set[str] = set()
    for entry in entries:
        name = entry["activity_id"]
        if name in ids:
            continue  # a later word about the same activity: the next round
        if name:
            ids.add(name)
        row: Row = {"row": entry["id"]}
        wrong = []
        for one in KIND.fields:
            try:
                row[one.target] = one.value((entry[_COLUMN_OF.get(one.name, one.name)] or "").strip())
            except NotAllowed as error:
                wrong.append(f"{one.name}: {error}")
        if wrong:
            taken.wrong[entry["id"]] = "; ".join(wrong)
        else:
            taken.rows.append(row)
    return taken


def _judge(conn: Connection, account: Account, taken: _Round, rules: RuleBook, profile: str, now: datetime) -> Draft:
    """Judge the rows until none of those that are left is a problem; what each was stands in `wrong` then."""
    stored = StoredFacts(conn)
    importer = Importer(account.name, account.nip, account.is_feed(KIND.name))
    while True:
        left = [dict(row) for row in taken.rows if row["row"] not in taken.wrong]
        draft = Draft(TABLE, importer, now.date(), stored, rules, rows=left, profile=profile)
        KIND.judge(draft)
        if not draft.problems:
            return draft
        for problem in draft.problems:
            taken.wrong.setdefault(problem.line, f"{problem.key}: {problem.message}")


def _store(conn: Connection, account: Account, draft: Draft, now: datetime) -> int:
    digest = sha256(repr(draft.rows).encode()).hexdigest()
    return batches.store_batch(
        conn, account.id, KIND.name, TABLE, f"sha256:{digest}", draft.rows, rejected=len(draft.rejected), now=now
    ).batch
