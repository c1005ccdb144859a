"""docs/doctor.md tells of every check, and its example of a new one works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.simulator import named_fault
from ekinerja_agent.usecases.watching import doctor
from tests.doctor.conftest import Ward

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()


def test_the_page_has_a_row_for_each_check_in_their_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\w+) \|$", PAGE, re.MULTILINE)
    assert rows == [(check.name, check.role or "all") for check in doctor.CHECKS]


def test_the_example_of_a_new_check_works(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module: dict[str, Any] = {}
    exec(example, module)  # noqa: S102 - our own page
    monkeypatch.setattr(doctor, "CHECKS", (*doctor.CHECKS, doctor.Check("quarantine", module["check"])))
    assert ward.wrong("quarantine") == []
    ward.terminal("gate", named_fault("feb30"))
    ward.collect("gate")
    (found,) = ward.wrong("quarantine")
    assert found.finding == "1 records wait"
