"""The kinds of import file that hold facts as rows, one module each. Punches are records, not facts."""

from __future__ import annotations

from collections.abc import Mapping

from ekinerja_agent.usecases.import_kinds import absences, activities, calendar, employees, enrolments, outages, units
from ekinerja_agent.usecases.import_kinds.judging import Kind

KINDS: Mapping[str, Kind] = {
    module.KIND.name: module.KIND for module in (units, employees, enrolments, calendar, absences, outages, activities)
}
