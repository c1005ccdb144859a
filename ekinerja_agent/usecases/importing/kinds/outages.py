"""Kind `outages`: when a terminal could not record, in local time of its place. From a feed an empty status is its
approval.

A terminal may be one that is not known yet, which warns. Does not know whom an outage excuses.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.decisions import (
    STATUSES_IN_FILES,
    keep_decisions,
    settle_decisions,
)
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.shapes import TERMINAL, shown


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    for row in draft.rows:
        if row["ends"] <= row["starts"]:
            draft.refuse(
                row,
                "to",
                Message(
                    "{ends} is not after from {starts}; allowed: a later time", ends=row["ends"], starts=row["starts"]
                ),
            )
    _warn_of_strangers(draft)
    settle_decisions(draft, blank=EntryStatus.APPROVED)
    keep_decisions(draft, KIND, draft.stored.rows("outages"), ("ends", "cause"))


def _warn_of_strangers(draft: Draft) -> None:
    known = draft.stored.terminals()
    for row in draft.rows:
        if row["terminal"] not in known:
            draft.warn(
                row,
                "terminal",
                Message(
                    "{terminal} is known from no collector and no enrolment; it excuses nobody until one names this "
                    "terminal: look whether it is spelt as in devices.yaml",
                    terminal=shown(row["terminal"]),
                ),
            )


KIND = Kind(
    "outages",
    columns("outages", {"status": None}, terminal=TERMINAL, status=STATUSES_IN_FILES),
    _judge,
    Message("When a terminal could not record: broken, without power, not there."),
)
