"""Accounts, and who the actor is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.access import accounts, audit
from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from tests.proof.at_once import at_once

NOW = datetime(2026, 9, 7, 1, 2, 3, 456789, tzinfo=UTC)


def test_the_first_user_becomes_operator_and_feed_and_is_told(central: Engine) -> None:
    account, is_first = actor(central, "siti", NOW)
    assert is_first
    assert (account.name, account.os_user, account.roles, account.feeds) == ("siti", "siti", {"operator"}, {"*"})
    assert account.is_feed("absences")
    assert actor(central, "siti", NOW) == (account, False)
    assert [(row["actor"], row["action"], row["subject"]) for row in audit.rows(central)] == [
        ("system", "account.first", "siti")
    ]


def test_two_users_who_start_together_do_not_both_become_first(central: Engine) -> None:
    def start(name: str) -> bool:
        try:
            return actor(central, name, NOW).is_first
        except Refused:
            return False

    with ThreadPoolExecutor(4) as workers:
        assert sorted(workers.map(start, ["a", "b", "c", "d"])) == [False, False, False, True]
    assert len(accounts.list_accounts(central)) == 1


def test_a_user_without_account_is_refused_and_told_what_to_do(central: Engine, operator: Account) -> None:
    with pytest.raises(Refused, match="account bind NAME budi"):
        actor(central, "budi", NOW)


def test_an_account_is_added_bound_disabled_and_all_of_it_recorded(central: Engine, operator: Account) -> None:
    added = accounts.add(
        central, "budi", roles=["payroll", "head"], by=operator, now=NOW, unit="BKD", nip="1", feeds=["units"]
    )
    assert added in accounts.list_accounts(central)
    assert (added.is_feed("units"), added.is_feed("employees")) == (True, False)
    assert accounts.bind(central, "budi", "bud", by=operator, now=NOW).os_user == "bud"
    assert actor(central, "bud", NOW).account.name == "budi"
    accounts.disable(central, "budi", by=operator, now=NOW)
    with pytest.raises(Refused, match="was disabled on 2026-09-07"):
        actor(central, "bud", NOW)
    assert [row["action"] for row in audit.rows(central)][1:] == ["account.add", "account.bind", "account.disable"]
    assert audit.verify(central).rows == 4


def test_only_an_operator_changes_accounts(central: Engine, operator: Account) -> None:
    clerk = accounts.add(central, "clerk", roles=["payroll"], by=operator, now=NOW)
    for act in (
        lambda: accounts.add(central, "x", roles=["operator"], by=clerk, now=NOW),
        lambda: accounts.disable(central, operator.name, by=clerk, now=NOW),
        lambda: accounts.bind(central, operator.name, "clerk", by=clerk, now=NOW),
    ):
        with pytest.raises(Refused, match="needs the role operator"):
            act()


def test_the_last_operator_cannot_be_disabled(central: Engine, operator: Account) -> None:
    accounts.add(central, "clerk", roles=["payroll"], by=operator, now=NOW)
    with pytest.raises(Refused, match="last operator"):
        accounts.disable(central, operator.name, by=operator, now=NOW)


def test_operators_who_disable_each_other_at_once_leave_one(central: Engine, operator: Account) -> None:
    other = accounts.add(central, "tono", roles=["operator"], by=operator, now=NOW)
    disable = partial(accounts.disable, central, now=NOW)
    came = at_once([partial(disable, "tono", by=operator), partial(disable, operator.name, by=other)])
    assert [type(one) for one in came].count(Refused) == 1
    assert [one.disabled_at is None for one in accounts.list_accounts(central)].count(True) == 1


def test_names_and_users_are_taken_once(central: Engine, operator: Account) -> None:
    with pytest.raises(Refused, match="already an account root"):
        accounts.add(central, "root", roles=["head"], by=operator, now=NOW)
    with pytest.raises(Refused, match="already acts as root"):
        accounts.add(central, "other", roles=["head"], by=operator, now=NOW, os_user="root")
    accounts.add(central, "other", roles=["head"], by=operator, now=NOW)
    with pytest.raises(Refused, match="already acts as root"):
        accounts.bind(central, "other", "root", by=operator, now=NOW)


@pytest.mark.parametrize("roles", [[], ["king"]])
def test_roles_that_do_not_exist_are_named(central: Engine, operator: Account, roles: list[str]) -> None:
    with pytest.raises(WrongUsage, match="auditor, employee, head, hr, leader, office_admin, operator, payroll"):
        accounts.add(central, "x", roles=roles, by=operator, now=NOW)
    with pytest.raises(WrongUsage, match="no account nobody"):
        accounts.bind(central, "nobody", "x", by=operator, now=NOW)
