"""Is the configuration right, and can its secrets be read?"""

from __future__ import annotations

from collections.abc import Iterator

from ekinerja_agent.config import Survey, secret_problems
from ekinerja_agent.usecases.watching.doctor.finding import Finding, of_problem
from ekinerja_agent.usecases.watching.doctor.host import Host


def check(host: Host) -> Iterator[Finding]:
    """Yield each problem of agent.yaml, devices.yaml and the files of secrets."""
    survey = host.survey
    yield from map(of_problem, survey.problems if isinstance(survey, Survey) else survey)
    if isinstance(survey, Survey) and survey.config is not None:
        yield from map(of_problem, secret_problems(survey.config))
