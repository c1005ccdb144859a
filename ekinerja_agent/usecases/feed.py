"""Takes activities that another application left in the inbox, with the checks of an import, and answers each entry.

Promises that an entry which cannot be read stops no other, and that taking an entry twice changes nothing. Decisions
count as those in a file do: if the account is an authorised feed. Does not know the application.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central import accounts, batches, feed
from ekinerja_agent.central.feed import REFUSED, REJECTED, STORED, Answer
from ekinerja_agent.central.lookups import StoredFacts
from ekinerja_agent.errors import Refused
from ekinerja_agent.usecases.import_kinds.activities import KIND
from ekinerja_agent.usecases.import_kinds.judging import Draft, Importer, Row
from ekinerja_agent.usecases.import_kinds.shapes import NotAllowed

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.accounts import Account
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


@dataclass(slots=True)
class _Round:
    """Entries that are judged together, no two of one activity: their rows, and why the others cannot be read."""

    rows: list[Row] = field(default_factory=list)
    wrong: dict[int, str] = field(default_factory=dict)


def drain(engine: Engine, rules: RuleBook, *, profile: str, now: datetime) -> Drained:
    """Given the inbox, take all that waits, oldest first; return what became of it. `profile` serves units that name
    none. Raise Refused while something waits and there is no account for it.
    """
    done = Drained()
    while entries := feed.waiting(engine, _AT_ONCE):
        account = _account(engine)
        taken = _read(entries)
        draft = _judge(engine, account, taken, rules, profile, now)
        batch = _store(engine, account, draft, now) if draft.rows else None
        answers = [Answer(number, REFUSED, why, None) for number, why in taken.wrong.items()]
        reasons = {problem.line: problem.message for problem in draft.rejected}
        for row in draft.rows:
            reason = reasons.get(row["row"])
            answers.append(Answer(row["row"], REJECTED if reason else STORED, reason, batch))
        feed.answer(engine, answers, now)
        done.refused += len(taken.wrong)
        done.rejected += len(reasons)
        done.stored += len(draft.rows) - len(reasons)
    return done


def _account(engine: Engine) -> Account:
    found = next((one for one in accounts.list_accounts(engine) if one.name == ACCOUNT), None)
    if found is None or found.disabled_at is not None:
        raise Refused(
            f"activities wait in {TABLE}, but no account {ACCOUNT} may bring them; an operator adds it with "
            f"`ekinerja-agent account add {ACCOUNT} --role employee --feed activities`"
        )
    return found


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


def _judge(engine: Engine, account: Account, taken: _Round, rules: RuleBook, profile: str, now: datetime) -> Draft:
    """Judge the rows until none of those that are left is a problem; what each was stands in `wrong` then."""
    stored = StoredFacts(engine)
    importer = Importer(account.name, account.nip, account.is_feed(KIND.name))
    while True:
        left = [dict(row) for row in taken.rows if row["row"] not in taken.wrong]
        draft = Draft(TABLE, importer, now.date(), stored, rules, rows=left, profile=profile)
        KIND.judge(draft)
        if not draft.problems:
            return draft
        for problem in draft.problems:
            taken.wrong.setdefault(problem.line, f"{problem.key}: {problem.message}")


def _store(engine: Engine, account: Account, draft: Draft, now: datetime) -> int:
    digest = sha256(repr(draft.rows).encode()).hexdigest()
    return batches.store_batch(
        engine, account.id, KIND.name, TABLE, f"sha256:{digest}", draft.rows, rejected=len(draft.rejected), now=now
    ).batch
