"""What an operator who is alone does to gain power: a second person made up, a password given, a feed kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from ekinerja_agent.central.access import accounts, audit, logins
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.access.powers import Change, ChangeKind
from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables import access as tables
from ekinerja_agent.nouns.errors import EkinerjaError, Refused
from ekinerja_agent.usecases.access import powers
from ekinerja_agent.usecases.access.account_files import bring_accounts
from ekinerja_agent.usecases.access.logins import give_password
from ekinerja_agent.usecases.importing.imports import Imported, ImportFile, import_facts
from tests.board.conftest import HEAD, LATE, OTHER, PASSWORD, County
from tests.proof.at_once import at_once

Act = Callable[[County], object]


def second(county: County, name: str = "sari", nip: str | None = None) -> Account:
    """Another operator, whom the first one adds while nobody else is there to be asked."""
    return accounts.add(
        county.engine, name, roles=["operator"], os_user=name, nip=nip, by=county.operator, now=county.now
    )


def asks(act: Callable[[], object]) -> int:
    """What only asks and does nothing yet: the number under which it waits."""
    with pytest.raises(Refused, match=r"it waits as change \d+ and nothing has changed yet") as refused:
        act()
    found = re.search(r"change (\d+)", str(refused.value))
    assert found is not None
    return int(found[1])


def confirm(county: County, number: int, by: Account) -> powers.Confirmed:
    return powers.confirm(county.engine, number, by=by, now=county.now)


def change(kind: ChangeKind, name: str, **values: object) -> Act:
    return lambda c: accounts.change(c.engine, Change(kind, name, values), by=c.operator, now=c.now)


def add(name: str, *roles: str, **more: str) -> Act:
    return lambda c: accounts.add(c.engine, name, roles=roles, by=c.operator, now=c.now, **more)


def gives(name: str) -> Act:
    return lambda c: give_password(c.engine, name, by=c.operator, now=c.now)


GAINS: dict[str, Act] = {
    "another operator": add("boneka", "operator", os_user="boneka"),
    "a head": add("boneka", "employee", "head"),
    "one who reads all": add("boneka", "auditor"),
    "an employee who acts by commands": add("boneka", "employee", os_user="boneka"),
    "an account of somebody's superior": add("boneka", "employee", nip=HEAD),
    "an account of a person who has power": add("boneka", "employee", nip=OTHER),
    "a feed": lambda c: accounts.add(
        c.engine, "boneka", roles=["employee"], feeds=["absences"], by=c.operator, now=c.now
    ),
    "a feed of an account that is there": change(ChangeKind.SET_FEEDS, "budi", feeds=frozenset({"absences"})),
    "an operating-system user": lambda c: accounts.bind(c.engine, "budi", "boneka", by=c.operator, now=c.now),
    "the user of the other operator": lambda c: accounts.bind(c.engine, "sari", "boneka", by=c.operator, now=c.now),
    "a role": change(ChangeKind.SET_ROLES, "budi", roles=frozenset({"hr"})),
    "a role less": change(ChangeKind.SET_ROLES, "bendahara", roles=frozenset({"employee"})),
    "an office": change(ChangeKind.SET_ROLES, "bendahara", roles=frozenset({"payroll"}), unit="DISDIK"),
    "the person of a superior": change(ChangeKind.SET_NIP, "budi", nip=HEAD),
    "another person for payroll": change(ChangeKind.SET_NIP, "bendahara", nip=LATE),
    "the password of payroll": gives("bendahara"),
    "the password of a superior without a role": gives("kepala"),
    "the password of the other operator": gives("sari"),
    "no other operator": lambda c: accounts.disable(c.engine, "sari", by=c.operator, now=c.now),
}


@pytest.fixture
def people(county: County) -> Account:
    """A plain employee, a superior without a role, payroll, and a second operator."""
    county.account("budi", "employee", nip=LATE)
    county.account("kepala", "employee", nip=HEAD)
    county.account("bendahara", "payroll", nip=OTHER)
    return second(county)


def kept(county: County) -> list[object]:
    hashes = [logins.kept_hash(county.engine, name) for name in ("budi", "kepala", "bendahara", "sari")]
    return [*accounts.list_accounts(county.engine), *hashes]


def test_t15_one_operator_gains_no_power_alone(county: County, people: Account) -> None:
    """Each was one command: `account add sari --role operator --os-user sari`, and then `account add boneka …`, printed
    two more operators, `account password sari` the password `394g-p6c8-qx53`: the second person was made by the first.
    """
    before = kept(county)
    numbers = {what: asks(lambda act=act: act(county)) for what, act in GAINS.items()}  # type: ignore[misc]
    assert kept(county) == before
    for what, number in numbers.items():
        with pytest.raises(Refused, match=f"asked for change {number}; another operator confirms it"):
            confirm(county, number, county.operator)
        with pytest.raises(Refused, match="needs the role operator"):
            confirm(county, number, next(one for one in accounts.list_accounts(county.engine) if one.name == "budi"))
        if what in {"the user of the other operator", "the password of the other operator", "no other operator"}:
            with pytest.raises(Refused, match=f"change {number} is about sari; another operator confirms it"):
                confirm(county, number, people)
    assert kept(county) == before
    assert [one.number for one in accounts.waiting(county.engine)] == list(numbers.values())


@pytest.mark.parametrize("what", ["another operator", "a role", "the person of a superior", "the password of payroll"])
def test_t15_what_another_operator_confirms_is_done_once(county: County, people: Account, what: str) -> None:
    number = asks(lambda: GAINS[what](county))
    before = kept(county)
    third = confirm(county, asks(lambda: add("tono", "operator", os_user="tono")(county)), people).account
    came = at_once([lambda by=by: confirm(county, number, by) for by in (people, third)])  # type: ignore[misc]
    assert [type(one) for one in came].count(Refused) == 1, came
    assert kept(county) != before
    with pytest.raises(Refused, match=f"change {number} is confirmed already"):
        accounts.refuse(county.engine, number, by=people, now=county.now)
    (row,) = [row for row in audit.rows(county.engine) if row["details"].get("request") == number][1:]
    assert (row["actor"] in {"sari", "tono"}, row["details"]["asked_by"]) == (True, "root")
    audit.verify(county.engine)


def test_t15_what_was_refused_or_changed_meanwhile_is_never_done(county: County, people: Account) -> None:
    """A change that somebody looked at is that of an account as it was: not of one that became another person's."""
    number = asks(lambda: GAINS["a role"](county))
    change(ChangeKind.SET_NIP, "budi", nip=None)(county)  # a plain employee's: one person is enough
    with pytest.raises(Refused, match=f"account budi is not as it was when change {number} was asked for"):
        confirm(county, number, people)
    accounts.refuse(county.engine, number, by=county.operator, now=county.now)
    with pytest.raises(Refused, match=f"change {number} is refused already"):
        confirm(county, number, people)
    assert "hr" not in {role for one in accounts.list_accounts(county.engine) for role in one.roles}


def test_t15_who_is_no_operator_any_more_has_asked_for_nothing(county: County, people: Account) -> None:
    third = confirm(county, asks(lambda: add("tono", "operator", os_user="tono")(county)), people).account
    number = asks(lambda: accounts.bind(county.engine, "budi", "boneka", by=people, now=county.now))
    gone = asks(lambda: accounts.disable(county.engine, "sari", by=county.operator, now=county.now))
    confirm(county, gone, third)
    with pytest.raises(Refused, match=f"sari asked for change {number} and is no operator any more"):
        confirm(county, number, third)
    with pytest.raises(Refused, match="account sari was disabled"):
        confirm(county, number, people)


def test_t15_two_accounts_of_one_person_are_one_operator(county: County) -> None:
    tono = second(county, "tono")
    twins = ("sari", "sari2")
    for name in twins:
        confirm(county, asks(lambda name=name: add(name, "operator", os_user=name, nip=LATE)(county)), tono)  # type: ignore[misc]
    sari, other = (one for one in accounts.list_accounts(county.engine) if one.name in twins)
    number = asks(lambda: accounts.bind(county.engine, "tono", "tono2", by=sari, now=county.now))
    with pytest.raises(Refused, match=r"sari2 asked for change \d+; another operator confirms it"):
        confirm(county, number, other)
    confirm(county, number, county.operator)


def test_t15_one_who_is_gone_for_good_is_disabled_after_two_weeks_unless_somebody_refuses(county: County) -> None:
    """Two operators of whom one left would keep each other's accounts for ever; the one who is there can refuse."""
    sari = second(county)

    def disable() -> int:
        return asks(lambda: accounts.disable(county.engine, "sari", by=county.operator, now=county.now))

    number = disable()
    county.later(days=13)
    with pytest.raises(Refused, match="or, if nobody refuses it, root from 2026-10-14 on"):
        confirm(county, number, county.operator)
    accounts.refuse(county.engine, number, by=sari, now=county.now)
    number = disable()
    county.later(days=14)
    assert confirm(county, number, county.operator).account.disabled_at == county.now
    assert accounts.add(county.engine, "tono", roles=["operator"], by=county.operator, now=county.now).is_operator


DATABASE = {
    "who asked confirms": "power_decisions (request, confirmed, account_id, decided_at) VALUES ({n}, true, 1, {at})",
    "payroll confirms": "power_decisions (request, confirmed, account_id, decided_at) VALUES ({n}, true, {pay}, {at})",
    "payroll refuses": "power_decisions (request, confirmed, account_id, decided_at) VALUES ({n}, false, {pay}, {at})",
    "whom it is about confirms": "power_decisions (request, confirmed, account_id, decided_at) "
    "VALUES ({own}, true, {sari}, {at})",
    "payroll asks": "power_requests (kind, account, wanted, account_id, asked_at) "
    "VALUES ('bind', 'x', '{{}}', {pay}, {at})",
    "what is to be confirmed alone": "power_requests (kind, account, wanted, account_id, asked_at, alone_from) "
    "VALUES ('bind', 'x', '{{}}', 1, {at}, {later})",
}


@pytest.mark.parametrize("how", DATABASE)
def test_t15_the_database_itself_takes_no_second_person_that_is_none(county: County, people: Account, how: str) -> None:
    number = asks(lambda: GAINS["a role"](county))
    own = asks(lambda: GAINS["the password of the other operator"](county))
    ids = {one.name: one.id for one in accounts.list_accounts(county.engine)}
    values = {"n": number, "own": own, "pay": ids["bendahara"], "sari": ids["sari"], "at": "'2026-09-30 02:00:00'"}
    values["later"] = "'2026-10-14 02:00:00'"
    statement = f"INSERT INTO {DATABASE[how].format(**values)}"
    with pytest.raises(Refused, match="refuses insert"), transaction(county.engine) as conn:
        conn.exec_driver_sql(statement)
    confirm(county, number, people)
    with reading(county.engine) as conn:
        before = conn.execute(select(tables.power_decisions)).all()
    again = {"request": number, "confirmed": False, "account_id": county.operator.id, "decided_at": county.now}
    with suppress(EkinerjaError, IntegrityError), transaction(county.engine) as conn:  # SQLite passes over it
        conn.execute(insert(tables.power_decisions).values(again))
    with reading(county.engine) as conn:
        assert conn.execute(select(tables.power_decisions)).all() == before


def test_t15_who_gains_power_does_not_keep_a_password_that_another_knew(county: County, people: Account) -> None:
    """Its sibling: a password of a plain employee, which one operator may give, kept until the employee is a head."""
    browser = county.enter("budi")
    number = asks(lambda: change(ChangeKind.SET_ROLES, "budi", roles=frozenset({"head"}))(county))
    assert browser.get("/me").status_code == 200
    (told,) = confirm(county, number, people).told
    assert "budi gained power, so its password of before ended" in str(told)
    assert browser.get("/me").headers["location"] == "/login"
    assert county.browser().post("/login", data={"name": "budi", "password": PASSWORD}).status_code == 401
    number = asks(lambda: gives("budi")(county))
    made = confirm(county, number, people).password
    assert county.browser().post("/login", data={"name": "budi", "password": made}).status_code == 303


def test_t15_a_plain_employee_is_told_who_gave_a_password_and_needs_one_person(county: County, people: Account) -> None:
    """An operator who gave one and entered with it gives another: both are told, with name and instant."""
    give_password(county.engine, "budi", by=people, now=county.now, password="for the operator")
    county.later(days=2)
    give_password(county.engine, "budi", by=county.operator, now=county.now, password="for one login")
    browser = county.browser()
    assert browser.get("/language/en").status_code == 303
    assert browser.post("/login", data={"name": "budi", "password": "for one login"}).headers["location"] == "/"
    assert browser.get("/me").headers["location"] == "/password"
    shown = browser.get("/password").text
    assert "Your password was set by root on " in shown
    assert "Your password was set by sari on " in shown
    assert "2 October 2026" in shown


def test_t15_a_file_of_accounts_is_no_way_around(county: County, people: Account) -> None:
    content = f"name,roles,nip,os_user\nani,,{LATE[:-1]}9,\nboneka,operator,,boneka\ncici,,{HEAD},\n".encode()
    brought = bring_accounts(county.engine, "a.csv", content, by=county.operator, now=county.now, with_passwords=True)
    assert [(one.name, one.waits is None, one.password is None) for one in brought] == [
        ("ani", True, False),
        ("boneka", False, True),
        ("cici", False, True),
    ]
    names = {one.name for one in accounts.list_accounts(county.engine)}
    assert (names & {"ani", "boneka", "cici"}) == {"ani"}


def bring(county: County, kind: str, text: str, *, by: Account) -> Imported:
    file = ImportFile(f"{kind}.csv", text.encode())
    return import_facts(
        county.engine, by, kind, file, now=county.now, rules=county.site.rules(), profile=county.site.profile()
    )


def status(county: County) -> list[tuple[str, str]]:
    with reading(county.engine) as conn:
        return [(row["id"], row["status"]) for row in activities.rows(conn)]


APPROVED = (
    f"id,nip,date,start,end,description,status,decided_by\na1,{LATE},2026-09-29,08:00,09:00,Rapat,approved,{HEAD}\n"
)


def test_t14_from_the_second_operator_on_nobody_is_operator_and_feed(county: County) -> None:
    """`import activities` of rows `approved` by somebody else counted at once, with two and with three operators too;
    `account list` showed root with the feed `*` for ever.
    """
    told: list[str] = []
    assert county.operator.feeds == {"*"}
    accounts.add(
        county.engine,
        "sari",
        roles=["operator"],
        os_user="sari",
        by=county.operator,
        now=county.now,
        tell=lambda message: told.append(str(message)),
    )
    assert told
    assert "root is no feed any more" in told[0]
    root = accounts.actor(county.engine, "root", county.now).account
    assert root.feeds == frozenset()
    (row,) = [row for row in audit.rows(county.engine) if row["action"] == "account.feeds-end"]
    assert (row["subject"], row["details"]["before"]) == ("root", ["*"])
    bring(county, "activities", APPROVED, by=root)
    assert status(county) == [("a1", "pending")]
    for act in (
        change(ChangeKind.SET_FEEDS, "root", feeds=frozenset({"*"})),
        lambda c: accounts.add(c.engine, "x", roles=["operator"], feeds=["*"], by=c.operator, now=c.now),
    ):
        with pytest.raises(Refused, match="would be operator and feed"):
            act(county)


def test_t14_a_feed_that_becomes_an_operator_is_no_feed_any_more(county: County) -> None:
    accounts.add(county.engine, "simpeg", roles=["employee"], feeds=["*"], by=county.operator, now=county.now)
    change(ChangeKind.SET_ROLES, "simpeg", roles=frozenset({"operator"}))(county)
    assert [one.feeds for one in accounts.list_accounts(county.engine)] == [frozenset(), frozenset()]


def test_t14_two_operators_of_an_older_program_lose_their_feeds_with_the_next_command(county: County) -> None:
    second(county)
    both = accounts.list_accounts(county.engine)
    with transaction(county.engine) as conn:
        for one in both:
            row = audit.append(conn, "root", "account.set-feeds", one.name, {"feeds": ["*"]}, county.now)
            own = update(tables.accounts).where(tables.accounts.c.id == one.id)
            conn.execute(own.values(feeds="*", audited_by=row))
    told: list[str] = []
    actor = accounts.actor(county.engine, "sari", county.now, lambda message: told.append(str(message)))
    assert actor.account.feeds == frozenset()
    assert [one.feeds for one in accounts.list_accounts(county.engine)] == [frozenset(), frozenset()]
    assert len(told) == 2


@pytest.mark.parametrize("decider", ["simpeg", OTHER])
def test_t14_a_feed_is_not_the_decider_of_what_it_brings(county: County, decider: str) -> None:
    feed = accounts.add(
        county.engine, "simpeg", roles=["employee"], nip=OTHER, feeds=["*"], by=county.operator, now=county.now
    )
    brought = bring(county, "activities", APPROVED.replace(HEAD, decider), by=feed)
    assert "simpeg cannot decide on what it brings" in str(brought.warnings[0].message)
    assert status(county) == [("a1", "pending")]
