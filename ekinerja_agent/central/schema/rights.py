"""How the rights in a PostgreSQL database differ from those of this program: on tables, functions and the schema, those
that new objects will have, and what logins are beside their roles.

Reads only. Rights are looked at where the roles are in use; what mends a difference is said with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from ekinerja_agent.central.schema.office_logins import SHARED, units_of_logins
from ekinerja_agent.central.schema.roles import EVERYTHING, OWNER, ROLES, is_numbered
from ekinerja_agent.nouns.messages import Message

_EVERYBODY: Final = "everybody"
"""What PostgreSQL calls PUBLIC."""
_SCHEMA: Final = "SCHEMA public"
_KINDS: Final = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}
_ROLES: Final = tuple(role.name for role in ROLES)


def differences(conn: Connection) -> Iterator[Message]:
    """Given a connection to PostgreSQL whose roles are in use, yield how rights differ from those of this program."""
    logins = units_of_logins(conn)
    yield from _given(conn, logins)
    yield from _making(conn, logins)
    yield from _by_default(conn, logins)
    yield from _beyond_roles(conn, logins)
    speaking = set(conn.exec_driver_sql("SELECT DISTINCT login FROM terminal_logins").scalars())
    for login, units in logins.items():
        if login in speaking and not units:
            yield Message(
                "{login} delivers for no unit: what it tells of whom a terminal serves is refused; run: ekinerja-agent "
                "db roles --office {login}=UNIT",
                login=login,
            )


def _given(conn: Connection, logins: Iterable[str]) -> Iterator[Message]:
    wanted, found = set(_wanted()), set(_found(conn, logins))
    for role, verb, what in sorted(found - wanted):
        yield Message(
            "{role} may {verb} {what}, which it must not; run: ekinerja-agent db roles", role=role, verb=verb, what=what
        )
    for role, verb, what in sorted(wanted - found):
        yield Message(
            "{role} may not {verb} {what}, which it needs; run: ekinerja-agent db roles",
            role=role,
            verb=verb,
            what=what,
        )


def _wanted() -> Iterator[tuple[str, str, str]]:
    for role in ROLES:
        yield role.name, "USAGE", _SCHEMA
        for right in role.rights:
            for table in right.on:
                if right.columns:
                    yield from ((role.name, right.verb, f"{table}.{column}") for column in right.columns)
                else:
                    yield role.name, right.verb, table
                if right.verb == "INSERT" and is_numbered(table):
                    yield role.name, "USAGE", f"{table}_id_seq"
        yield from ((role.name, "EXECUTE", function) for function in role.functions)
    yield from ((OWNER, verb, _SCHEMA) for verb in ("CREATE", "USAGE"))


def _found(conn: Connection, logins: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Rights of these roles and logins, and of PUBLIC, on anything in the schema, and on it; what the owner needs too.

    Who may make something in it is looked at apart.
    """
    query = f"""
        WITH given AS (
            SELECT a.*, c.relname::text AS what, c.relname::text AS part
            FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'public'::regnamespace
            UNION ALL
            SELECT a.*, c.relname || '.' || t.attname, c.relname
            FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
            WHERE c.relnamespace = 'public'::regnamespace
            UNION ALL
            SELECT a.*, p.oid::regprocedure::text, 'ekinerja_'
            FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
            UNION ALL
            SELECT a.*, '{_SCHEMA}', NULL
            FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
            WHERE n.nspname = 'public' AND a.privilege_type <> 'CREATE'
        )
        SELECT coalesce(r.rolname::text, '{_EVERYBODY}') AS role,
            g.privilege_type || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS verb, g.what
        FROM given g LEFT JOIN pg_roles r ON r.oid = g.grantee
        WHERE r.rolname IN ({_named((*_ROLES, *logins))})
            OR (g.grantee = 0 AND (g.part IN ({_named(EVERYTHING)}) OR g.part LIKE 'punches\\_%%'
                OR g.part IN ({_named(f"{table}_id_seq" for table in EVERYTHING)})
                OR (g.part = 'ekinerja_' AND g.what LIKE 'ekinerja\\_%%(%%')))
        UNION ALL SELECT r.rolname::text, w.verb, '{_SCHEMA}' FROM pg_roles r, (VALUES ('CREATE'), ('USAGE')) w (verb)
        WHERE r.rolname = '{OWNER}' AND has_schema_privilege(r.oid, 'public', w.verb)"""
    yield from ((row.role, row.verb, row.what) for row in conn.exec_driver_sql(query))


def _making(conn: Connection, logins: Iterable[str]) -> Iterator[Message]:
    """Rights of these roles and of PUBLIC to make tables and functions, which could take the place of others."""
    query = f"""
        WITH given AS (
            SELECT a.grantee, a.privilege_type || ' ON DATABASE' AS what
            FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
            WHERE d.datname = current_database() AND a.privilege_type IN ('CREATE', 'TEMPORARY')
            UNION ALL
            SELECT a.grantee, 'CREATE ON {_SCHEMA}'
            FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
            WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE'
        )
        SELECT coalesce(r.rolname::text, '{_EVERYBODY}') AS role, g.what
        FROM given g LEFT JOIN pg_roles r ON r.oid = g.grantee
        WHERE g.grantee = 0 OR r.rolname IN ({_named((*_ROLES, *logins))}) ORDER BY 1, 2"""
    for row in conn.exec_driver_sql(query):
        yield Message(
            "{role} has {right}, which it must not; run as an administrator of the server: ekinerja-agent db roles",
            role=row.role,
            right=row.what,
        )


def _by_default(conn: Connection, logins: Iterable[str]) -> Iterator[Message]:
    """Rights that objects get which are made later. This program gives none so: each right is named."""
    query = f"""
        SELECT quote_ident(pg_get_userbyid(d.defaclrole)) AS maker, n.oid IS NOT NULL AS in_schema,
            d.defaclobjtype AS kind, coalesce(quote_ident(r.rolname), 'PUBLIC') AS role, a.privilege_type AS verb
        FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE (d.defaclnamespace = 0 OR n.nspname = 'public') AND a.grantee <> d.defaclrole
            AND (a.grantee = 0 OR r.rolname IN ({_named((*_ROLES, *logins))})
                OR pg_get_userbyid(d.defaclrole) = '{OWNER}')
            AND NOT (d.defaclnamespace = 0 AND EXISTS (SELECT 1 FROM aclexplode(acldefault(
                CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) b
                WHERE b.grantee = a.grantee AND b.privilege_type = a.privilege_type))
        ORDER BY 1, 2, 3, 4, 5"""
    for row in conn.exec_driver_sql(query):
        kind, schema = _KINDS[row.kind], f" IN {_SCHEMA}" if row.in_schema else ""
        yield Message(
            "{role} gets {verb} on all {kind} that {maker} makes, which it must not; run as an administrator of the "
            "server: {mends}",
            role=_EVERYBODY if row.role == "PUBLIC" else row.role,
            verb=row.verb,
            kind=kind,
            maker=row.maker,
            mends=f"ALTER DEFAULT PRIVILEGES FOR ROLE {row.maker}{schema} REVOKE {row.verb} ON {kind} FROM {row.role}",
        )


def _beyond_roles(conn: Connection, logins: Iterable[str]) -> Iterator[Message]:
    """What a login is of the server, and other roles that it has the rights of."""
    names = _named((OWNER, *_ROLES, *logins))
    query = (
        f"SELECT rolname FROM pg_roles WHERE rolname IN ({names}) "
        "AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) ORDER BY 1"
    )
    for role in conn.exec_driver_sql(query).scalars():
        yield Message(
            "{role} may more than its tables: it is a superuser or makes roles or databases; take that from it",
            role=role,
        )
    query = (
        "SELECT m.rolname AS member, g.rolname AS granted FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member "
        f"JOIN pg_roles g ON g.oid = a.roleid WHERE m.rolname IN ({names}) "
        f"AND NOT (g.rolname = '{SHARED}' AND m.rolname IN ({_named(logins)})) ORDER BY 1, 2"
    )
    for row in conn.exec_driver_sql(query):
        yield Message(
            "{member} has the rights of {granted} too; run: REVOKE {granted} FROM {member}",
            member=row.member,
            granted=row.granted,
        )


def _named(names: Iterable[str]) -> str:
    """Texts of SQL; without any, one that is nobody's name."""
    return ", ".join("'" + name.replace("'", "''").replace("%", "%%") + "'" for name in names) or "''"
