"""One owner per terminal: the first that read it, until a person gives it to another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import Engine

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.owners import claim, owners, take_over

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)


def test_the_first_that_asks_owns_a_terminal_and_the_second_learns_of_it(central: Engine) -> None:
    assert claim(central, "office", ["lobby", "gate"], NOW) == {"lobby": "office", "gate": "office"}
    assert claim(central, "spare", ["lobby", "yard"], NOW) == {"lobby": "office", "yard": "spare"}
    assert owners(central, ["lobby", "yard", "unknown"]) == {"lobby": "office", "yard": "spare"}


def test_of_agents_that_ask_at_once_one_owns_each_terminal_and_all_are_told_the_same(central: Engine) -> None:
    terminals = [f"t{number}" for number in range(20)]
    agents = [f"agent-{number}" for number in range(6)]
    with ThreadPoolExecutor(len(agents)) as workers:
        told = list(workers.map(lambda agent: claim(central, agent, terminals, NOW), agents))
    assert all(each == owners(central, terminals) for each in told)
    assert told[0].keys() == set(terminals)


def test_taking_over_moves_a_terminal_and_is_on_the_record(central: Engine, operator: Account) -> None:
    claim(central, "office", ["lobby"], NOW)
    assert take_over(central, "spare", "lobby", account=operator, now=NOW) == "office"
    assert take_over(central, "spare", "free", account=operator, now=NOW) is None
    assert claim(central, "office", ["lobby", "free"], NOW) == {"lobby": "spare", "free": "spare"}
    rows = [row for row in audit.rows(central) if row["action"] == "terminal.take_over"]
    assert [(row["actor"], row["subject"], row["details"]) for row in rows] == [
        (operator.name, "lobby", {"from": "office", "to": "spare"}),
        (operator.name, "free", {"from": None, "to": "spare"}),
    ]
