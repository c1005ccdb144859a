"""A judged file without a database: what is stored is given as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.tablefile import read_table
from ekinerja_agent.usecases.import_kinds import KINDS
from ekinerja_agent.usecases.import_kinds.judging import Draft, Importer, fill

TODAY = date(2026, 9, 30)
FEED = Importer("simpeg", None, vouches=True)

Judge = Callable[..., Draft]


class Rows:
    """Rows by kind, as if they were stored."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._rows = rows

    def rows(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return self._rows.get(kind, [])

    def activities(self, ids: Iterable[str], first_day: date, last_day: date) -> Sequence[Mapping[str, Any]]:
        wanted = set(ids)
        return [
            row
            for row in self._rows.get("activities", [])
            if row["activity_id"] in wanted or first_day <= row["date"] <= last_day
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
        draft = Draft(f"{kind}.csv", importer, TODAY, Rows(stored or {}), rules, profile, problems=problems)
        fill(draft, one, table)
        one.judge(draft)
        return draft

    return judged
