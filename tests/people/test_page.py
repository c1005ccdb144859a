"""Both pages tell of every check of `terminal users --check` and of every kind of change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from ekinerja_agent.usecases.care.people import plan, roll

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "terminal-people.md", ROOT / "docs" / "operators" / "id" / "pengguna-mesin.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_check_has_a_row_and_every_change_a_word(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)) == set(get_args(roll.Check))
    assert all(f"`{kind}`" in text for kind in get_args(plan.Kind))
