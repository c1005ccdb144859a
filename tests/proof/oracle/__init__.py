"""A second, plain reading of the rules: employee by employee, day by day, with no columns and no code of the engine.

It reads the numbers from the same RuleBook and the facts from the same frames; everything between is its own. It is
the oracle of the tests and the peer of `scripts/bench score`. It does not know where a value comes from (rule, source,
place): those are not compared.
"""

from __future__ import annotations

from ekinerja_agent.rules import RuleBook
from ekinerja_agent.scoring.frames.schemas import MonthFacts
from tests.proof.oracle.adapter import month_of
from tests.proof.oracle.month import score_rows
from tests.proof.oracle.rows import OracleResult

__all__ = ["OracleResult", "score"]


def score(facts: MonthFacts, rules: RuleBook) -> OracleResult:
    """Given the facts of some offices for one month and the rules, return what a plain reading makes of them.

    Raise NoRule where no rule covers a day, NeedsAttention for a day of duty in a unit that no row covers.
    """
    return score_rows(month_of(facts), rules)
