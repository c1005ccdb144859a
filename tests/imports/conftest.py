"""A judged file without a database: what is stored is given as rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from ekinerja_agent.files.table_file import read_table
from ekinerja_agent.rules import RuleBook
from ekinerja_agent.usecases.importing.kinds import KINDS
from ekinerja_agent.usecases.importing.reading.judging import Draft, Importer, filled

TODAY = date(2026, 9, 30)
FEED = Importer("simpeg", None, vouches=True)

Judge = Callable[..., Draft]


class Rows:
    """Rows by kind, as if they were stored."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._rows = rows

    def rows(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return self._rows.get(kind, [])

    def people(self, nips: Iterable[str]) -> frozenset[str]:
        return frozenset(row["nip"] for row in self.rows("employees")).intersection(nips)

    def standards(self, types: Iterable[str]) -> frozenset[str]:
        return frozenset(row["type"] for row in self.rows("activity_standards")).intersection(types)

    def about(self, nips: Collection[str], first: date, last: date) -> Callable[[str], Sequence[Mapping[str, Any]]]:
        del nips, first, last
        return self.rows

    def activities(
        self, ids: Iterable[str], nips: Iterable[str], first: date, last: date
    ) -> Sequence[Mapping[str, Any]]:
        wanted, people = set(ids), set(nips)
        return [
            row
            for row in self._rows.get("activities", [])
            if row["activity_id"] in wanted or (row["nip"] in people and first <= row["date"] <= last)
        ]


@pytest.fixture
def judge() -> Judge:
    """Judges the text of a file of a kind against stored rows; returns the draft with all that was found."""

    def judged(
        kind: str,
        text: str,
        stored: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        *,
        importer: Importer = FEED,
        rules: RuleBook | None = None,
        profile: str = "tpp-model",
    ) -> Draft:
        one = KINDS[kind]
        table, problems = read_table(f"{kind}.csv", text.encode(), required=one.required, optional=one.optional)
        rows, wrong = filled(one, table, f"{kind}.csv")
        draft = Draft(
            f"{kind}.csv", importer, TODAY, Rows(stored or {}), rules, rows, [*problems, *wrong], profile=profile
        )
        one.judge(draft)
        return draft

    return judged
