"""Kind `units`: the offices, how they hang together, where they lie in time zones.

Does not know who works there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, Row, merged, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.nips import judge_named_nip, known_nips
from ekinerja_agent.usecases.importing.reading.shapes import CODE, ZONE, shown
from ekinerja_agent.usecases.importing.reading.spans import refuse_overlaps, refuse_reversed_spans


def known_units(draft: Draft) -> frozenset[str]:
    """Return the codes of all units that central has now."""
    return frozenset(row["code"] for row in draft.stored.rows("units"))


def refuse_unknown_units(draft: Draft) -> None:
    """Given a draft whose rows are about units, refuse every row whose `unit` nobody imported; an empty one is none."""
    known = known_units(draft) | {None}
    for row in draft.rows:
        if row["unit"] not in known:
            draft.refuse(row, "unit", Message("{unit} is no unit; import units first", unit=shown(row["unit"])))


def _judge(draft: Draft) -> None:
    refuse_repeated_keys(draft, KIND)
    refuse_reversed_spans(draft)
    units = merged(draft, "units")
    refuse_overlaps(draft, units, ("code",), as_message("code"))
    codes = {unit["code"] for unit in units}
    people = known_nips(draft)
    for row in draft.rows:
        for column in ("parent", "successor"):
            if row[column] is not None and row[column] not in codes:
                draft.refuse(
                    row,
                    column,
                    Message("{unit} is no unit; allowed: a code of this file or stored", unit=shown(row[column])),
                )
        judge_named_nip(draft, row, "head_nip", people)
        _judge_rule_names(draft, row)
    _refuse_cycles(draft, units)


def _judge_rule_names(draft: Draft, row: Row) -> None:
    if draft.rules is None:
        return
    for column, names in (("profile", draft.rules.profiles), ("schedule", draft.rules.schedules)):
        name = row[column]
        if name is not None and name not in names:
            draft.refuse(
                row,
                column,
                Message(
                    "{name} is in no rule file; allowed: {names}", name=shown(name), names=", ".join(sorted(names))
                ),
            )


def _refuse_cycles(draft: Draft, units: Sequence[Mapping[str, Any]]) -> None:
    """A unit must not be above itself on any day; the tree changes only on days that some row starts."""
    rows = {row["row"]: row for row in draft.rows}
    told: set[int] = set()
    for day in sorted({unit["valid_from"] or date.min for unit in units}):
        standing = {unit["code"]: unit for unit in units if _stands(unit, day)}
        for code in _codes_in_cycles(standing):
            number = standing[code].get("row")
            if number is not None and number not in told:
                told.add(number)
                draft.refuse(
                    rows[number],
                    "parent",
                    Message("{code} would be above itself; allowed: a tree without circles", code=code),
                )


def _stands(unit: Mapping[str, Any], day: date) -> bool:
    return (unit["valid_from"] or date.min) <= day <= (unit["valid_to"] or date.max)


def _codes_in_cycles(standing: Mapping[str, Mapping[str, Any]]) -> list[str]:
    in_cycle: list[str] = []
    settled: set[str] = set()
    for start in standing:
        path: dict[str, int] = {}
        code: str | None = start
        while code is not None and code in standing and code not in settled and code not in path:
            path[code] = len(path)
            code = standing[code]["parent"]
        if code in path:
            in_cycle += list(path)[path[code] :]
        settled.update(path)
    return in_cycle


KIND = Kind(
    "units",
    columns("units", code=CODE, parent=CODE, timezone=ZONE, successor=CODE),
    _judge,
    Message("Offices, how they hang together, their time zones."),
    names_rules=True,
)
