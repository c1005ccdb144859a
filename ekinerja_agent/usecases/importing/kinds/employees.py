"""Kind `employees`: one row per person and spell of duty.

Spells of one person never share a day: nobody is paid twice. Does not know what a spell is worth beyond the
rupiah it names.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.usecases.importing.kinds.units import known_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, merged, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import judge_named_nip, judge_own_nip
from ekinerja_agent.usecases.importing.reading.shapes import CODE, shown, words
from ekinerja_agent.usecases.importing.reading.spans import refuse_overlaps, refuse_reversed_spans

STATUSES = words("pns", "cpns", "pppk", "pppk_paruh_waktu", "non_asn")
ATTENDANCE = words("terminal", "register", "exempt")


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_reversed_spans(draft)
    spells = merged(draft, "employees")
    refuse_overlaps(draft, spells, ("nip",), as_message("nip"))
    units = known_units(draft)
    people = frozenset(spell["nip"] for spell in spells)
    schedules = None if draft.rules is None else draft.rules.schedules
    for row in draft.rows:
        judge_own_nip(draft, row)
        if row["unit"] not in units:
            draft.refuse(row, "unit", Message("{unit} is no unit; import units first", unit=shown(row["unit"])))
        supervisor = row["supervisor_nip"]
        judge_named_nip(draft, row, "supervisor_nip", people)
        if supervisor == row["nip"]:
            draft.refuse(
                row,
                "supervisor_nip",
                Message("{supervisor} would supervise themselves; allowed: another person", supervisor=supervisor),
            )
        elif supervisor is not None and supervisor not in people:
            draft.warn(row, "supervisor_nip", Message("{supervisor}: no employee has it yet", supervisor=supervisor))
        schedule = row["schedule"]
        if schedules is not None and schedule is not None and schedule not in schedules:
            allowed = ", ".join(sorted(schedules))
            draft.refuse(
                row,
                "schedule",
                Message("{schedule} is in no rule file; allowed: {allowed}", schedule=shown(schedule), allowed=allowed),
            )


KIND = Kind(
    "employees",
    columns(
        "employees",
        {"status": "pns", "attendance": "terminal"},
        nip=CODE,
        unit=CODE,
        status=STATUSES,
        attendance=ATTENDANCE,
    ),
    _judge,
    Message("People: one row per spell of duty."),
    names_rules=True,
)
