"""The database logins of offices on PostgreSQL: members of `ekinerja_collect`, each with the units it speaks for.

An administrator of the database makes them, beside the roles. Knows no terminal: whose they are, the database keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import Connection

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

SHARED: Final = "ekinerja_collect"
"""The role of all of them, and the login of every office that has none of its own."""
_NAME: Final = re.compile(r"ekinerja_collect_[a-z0-9_]{1,40}")

Units = Mapping[str, tuple[str, ...]]
"""By login the codes of the units whose terminals it tells of."""


def read_office(text: str) -> tuple[str, tuple[str, ...]]:
    """Given LOGIN=UNIT[,UNIT…], return the login and its units. Raise WrongUsage if it is not so."""
    login, _, listed = text.partition("=")
    units = tuple(unit.strip() for unit in listed.split(","))
    if not _NAME.fullmatch(login) or not all(units):
        raise WrongUsage(
            Message(
                "--office {given}: write LOGIN=UNIT, or LOGIN=UNIT,UNIT, and begin the login with ekinerja_collect_ "
                "(small letters, digits, _), for example ekinerja_collect_dinkes=DINKES",
                given=text,
            )
        )
    return login, units


def units_of_logins(conn: Connection) -> dict[str, tuple[str, ...]]:
    """Given a connection to PostgreSQL, return the logins of offices with their units, by name."""
    query = f"""SELECT m.rolname, (SELECT array_agg(u.unit ORDER BY u.unit) FROM login_units u
            WHERE u.login = m.rolname) AS units
        FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.roleid
        WHERE g.rolname = '{SHARED}' AND m.rolname NOT IN ('ekinerja_owner', 'ekinerja_score') AND NOT m.rolsuper
            AND m.rolcanlogin ORDER BY 1"""
    return {row.rolname: tuple(row.units or ()) for row in conn.exec_driver_sql(query)}


def statements(conn: Connection, offices: Units, everything: str) -> Iterator[str]:
    """Given a connection to PostgreSQL, the logins that are asked for with their units, and all tables and views, yield
    the SQL that makes the logins; and that takes from each what it has beside the role.
    """
    there = set(conn.exec_driver_sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'ekinerja\\_%%'").scalars())
    members = units_of_logins(conn)
    for login, units in offices.items():
        if login not in there:
            yield f"CREATE ROLE {login} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        if login not in members:
            yield f"GRANT {SHARED} TO {login}"
        yield f"DELETE FROM login_units WHERE login = '{login}'"
        rows = ", ".join(f"('{login}', {_quoted(unit)})" for unit in sorted(set(units)))
        yield f"INSERT INTO login_units (login, unit) VALUES {rows}"
    for login in sorted({*offices, *members}):
        named = '"' + login.replace('"', '""') + '"'
        yield f"REVOKE ALL ON {everything} FROM {named}"
        yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {named}"
        yield f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {named}"
        yield f"REVOKE ALL ON SCHEMA public FROM {named}"


def shared(conn: Connection) -> Message | None:
    """Given a connection to PostgreSQL, return that offices share a login and what to do, None if they do not."""
    query = f"""SELECT count(DISTINCT f.office) FROM (
            SELECT DISTINCT ON (terminal) terminal, login FROM terminal_logins ORDER BY terminal, turn DESC) l
        JOIN (SELECT DISTINCT ON (terminal) terminal, office FROM terminal_facts ORDER BY terminal, since DESC) f
            ON f.terminal = l.terminal WHERE l.login = '{SHARED}'"""
    units = conn.exec_driver_sql(query).scalar() or 0
    may_enter = f"SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{SHARED}' AND rolcanlogin)"
    if not conn.exec_driver_sql(may_enter).scalar():
        return None
    if units > 1:
        return Message(
            "{units} units deliver under one database login, {shared}: whoever has it from one office can tell what is "
            "not so of all their terminals; give each office its own (ekinerja-agent db roles --office "
            "ekinerja_collect_NAME=UNIT), how: docs/database.md",
            units=units,
            shared=SHARED,
        )
    if not units and conn.exec_driver_sql("SELECT EXISTS (SELECT 1 FROM login_units)").scalar():
        return Message(
            "every office has a database login of its own, and {shared} can still log in; run as an administrator of "
            "the server: ALTER ROLE {shared} NOLOGIN",
            shared=SHARED,
        )
    return None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
