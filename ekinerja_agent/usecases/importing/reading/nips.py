"""Numbers of people in an import file: 18 digits or the file stops, other doubts warn.

A row about an employee needs a known one. Does not know what else a row says about the person.
"""

from __future__ import annotations

from ekinerja_agent.nouns.messages import Message, joined
from ekinerja_agent.nouns.nip import Doubt, is_nip, parse_nip
from ekinerja_agent.usecases.importing.reading.judging import Draft, Row
from ekinerja_agent.usecases.importing.reading.shapes import shown

WITHOUT_MONTH = frozenset({"pppk", "pppk_paruh_waktu"})
"""Employment statuses whose numbers have another code where a NIP has the month of appointment."""


def judge_own_nip(draft: Draft, row: Row) -> None:
    """Given an employee's row, refuse a NIP that is not 18 digits (non_asn may differ), warn of doubts."""
    nip, status = row["nip"], row["status"]
    if is_nip(nip):
        _warn_of_doubts(draft, row, "nip", frozenset({Doubt.MONTH}) if status in WITHOUT_MONTH else frozenset())
    elif status != "non_asn":
        message = Message(
            "{nip} is {doubt}; allowed: 18 digits, or a local id for non_asn", nip=shown(nip), doubt=Doubt.LENGTH.value
        )
        draft.refuse(row, "nip", message)


def judge_named_nip(draft: Draft, row: Row, column: str, known: frozenset[str]) -> None:
    """Given a row that names another person, who may come with a later file, refuse and warn as above."""
    nip = row[column]
    if nip is None or nip in known:
        return
    if is_nip(nip):
        _warn_of_doubts(draft, row, column, frozenset({Doubt.MONTH}))
    else:
        message = Message(
            "{nip} is {doubt}; allowed: 18 digits, or a known local id", nip=shown(nip), doubt=Doubt.LENGTH.value
        )
        draft.refuse(row, column, message)


def known_nips(draft: Draft) -> frozenset[str]:
    """Return the numbers of all employees that central has now."""
    return frozenset(row["nip"] for row in draft.stored.rows("employees"))


def refuse_unknown_people(draft: Draft) -> None:
    """Given a draft whose rows are about employees, refuse every row whose `nip` nobody has.

    An empty one, where the column may be, is nobody's.
    """
    named = {row["nip"] for row in draft.rows} - {None}
    strangers = named - draft.stored.people(named)
    if not strangers:
        return
    for row in draft.rows:
        nip = row["nip"]
        if nip in strangers:
            message = (
                Message("{nip}: no employee has it; import employees first", nip=shown(nip))
                if is_nip(nip)
                else Message(
                    "{nip}: {doubt}, and no employee has it as a local id; import employees first",
                    nip=shown(nip),
                    doubt=Doubt.LENGTH.value,
                )
            )
            draft.refuse(row, "nip", message)


def _warn_of_doubts(draft: Draft, row: Row, column: str, ignored: frozenset[Doubt]) -> None:
    doubts = [doubt for doubt in parse_nip(row[column], draft.today).doubts if doubt not in ignored]
    if doubts:
        draft.warn(row, column, joined(": ", (row[column], joined("; ", (doubt.value for doubt in doubts)))))
