"""Kinds `workload_tasks` and `staff`: what the jobs of a unit have to do (ABK), and how many people hold each job.

A task that is gone gets volume 0. Does not know how many people are needed.
"""

from __future__ import annotations

from collections.abc import Callable

from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.usecases.importing.kinds.units import refuse_unknown_units
from ekinerja_agent.usecases.importing.reading.columns import columns
from ekinerja_agent.usecases.importing.reading.judging import Draft, Kind, refuse_repeated_keys
from ekinerja_agent.usecases.importing.reading.shapes import PEOPLE, POINTS_E2, STANDARD_E2, words


def _judge(kind: Callable[[], Kind]) -> Callable[[Draft], None]:
    def judge(draft: Draft) -> None:
        refuse_repeated_keys(draft, kind())
        refuse_unknown_units(draft)

    return judge


TASKS: Kind = Kind(
    "workload_tasks",
    columns("workload_tasks", volume_e2=POINTS_E2, per=words("day", "week", "month", "year"), standard_e2=STANDARD_E2),
    _judge(lambda: TASKS),
    Message("Tasks of each job with volume and standard time; volume 0 ends a task."),
)
STAFF: Kind = Kind(
    "staff",
    columns("staff", people=PEOPLE),
    _judge(lambda: STAFF),
    Message("How many people hold each job of a unit."),
)
