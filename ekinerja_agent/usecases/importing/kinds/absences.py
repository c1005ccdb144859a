"""Kind `absences`: documents that excuse days or parts of days. From a feed an empty status is its approval.

Does not know what a kind of absence does to a score.
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
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, Row, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import refuse_unknown_people
from ekinerja_agent.usecases.importing.reading.shapes import ORDINAL, shown

CONTRACT_KINDS = frozenset(
    {
        "dinas_luar",
        "diklat",
        "wfa",
        "cuti_tahunan",
        "cuti_sakit",
        "cuti_besar",
        "cuti_melahirkan",
        "keguguran",
        "cuti_alasan_penting",
        "cltn",
        "izin",
        "tugas_belajar",
        "kartu_kendali",
    }
)


def _known_kinds(draft: Draft) -> frozenset[str]:
    if draft.rules is None:
        return CONTRACT_KINDS
    profiles = draft.rules.profiles.values()
    return CONTRACT_KINDS.union(*(entry.value for profile in profiles for entry in profile.absences))


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_unknown_people(draft)
    kinds = _known_kinds(draft)
    for row in draft.rows:
        if row["kind"] not in kinds:
            draft.refuse(
                row,
                "kind",
                Message("{found}; allowed: {kinds}", found=shown(row["kind"]), kinds=", ".join(sorted(kinds))),
            )
        _judge_span(draft, row)
    settle_decisions(draft, blank=EntryStatus.APPROVED)
    keep_decisions(draft, KIND, draft.stored.rows("absences"), ("last_day", "to_time", "case_id", "child_number"))


def _judge_span(draft: Draft, row: Row) -> None:
    if row["last_day"] < row["first_day"]:
        draft.refuse(
            row,
            "to",
            Message(
                "{last_day} is before from {first_day}; allowed: the same day or later",
                last_day=row["last_day"],
                first_day=row["first_day"],
            ),
        )
    start, end = row["from_time"], row["to_time"]
    if (start is None) != (end is None):
        missing = "from_time" if start is None else "to_time"
        draft.refuse(row, missing, Message("empty; allowed: both times, or none for whole days"))
    elif start is not None and end <= start:
        draft.refuse(
            row,
            "to_time",
            Message(
                "{end} is not after from_time {start}; allowed: a later time of the same day", end=end, start=start
            ),
        )


KIND = Kind(
    "absences",
    columns("absences", {"status": None}, child_number=ORDINAL, status=STATUSES_IN_FILES),
    _judge,
    Message("Leave, official travel and other documents."),
    names_rules=True,
)
