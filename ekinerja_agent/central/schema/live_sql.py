"""The views, functions and triggers of a central database: made from the live text, and compared with it.

Promises that what is installed is the text of this program, whatever was there before, and that who changed one of
them is told of. PostgreSQL keeps no text of a view or a trigger: a remark on each keeps the digests of the text that
made it and of what the database made of that. Does not know what any of them says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from ekinerja_agent.central.schema.live_text import Key, LiveObject, live_objects
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.nouns.messages import Message

_REST: Final = "punches_default"
"""The punches of no month of their own."""
_OF_A_MONTH: Final = ("punches_keep", f"{_REST}_keep_all")
"""Its guards, which each month has too."""
_MONTHS: Final = f"""SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = to_regclass('punches') AND inhrelid <> to_regclass('{_REST}') ORDER BY 1"""
_MADE_TEMPORARY: Final = ("ekinerja_collect", "ekinerja_score")
"""Roles that earlier programs gave temporary tables."""
_TABLES: Final = ", ".join(f"'{name}'" for name in sorted(metadata.tables))
_OURS: Final = "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('audit'))"
"""The schema of our tables."""

_OF_SQLITE: Final = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
_OF_POSTGRESQL: Final = f"""
    SELECT 'function' AS kind, p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS name, NULL AS on_table,
        concat_ws(chr(10), pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, p.prosecdef,
            p.provolatile, p.proisstrict, (SELECT string_agg(setting, ', ' ORDER BY setting)
                FROM unnest(p.proconfig) setting WHERE setting NOT LIKE 'search\\_path=%'), p.prosrc) AS definition,
        true AS enabled, pg_get_userbyid(p.proowner) AS owner, obj_description(p.oid, 'pg_proc') AS remark
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = {_OURS}
    UNION ALL
    SELECT 'trigger', t.tgname, c.relname, pg_get_triggerdef(t.oid), t.tgenabled IN ('O', 'A'),
        pg_get_userbyid(c.relowner), obj_description(t.oid, 'pg_trigger')
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = {_OURS}
    UNION ALL
    SELECT 'view', c.relname, NULL, pg_get_viewdef(c.oid), true,
        pg_get_userbyid(c.relowner), obj_description(c.oid, 'pg_class')
    FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = {_OURS}"""
"""What there is. The path of a function is looked at apart, with what mends it."""
_DECEIVABLE: Final = f"""
    SELECT p.oid::regprocedure::text AS called, quote_ident(n.nspname) || ', pg_temp' AS path
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang, pg_namespace n
    WHERE n.oid = {_OURS} AND l.lanname NOT IN ('c', 'internal') AND (
        p.oid IN (SELECT t.tgfoid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND c.relnamespace = n.oid AND (c.relname IN ({_TABLES})
                OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('punches'))))
        OR (p.pronamespace = n.oid AND (p.prosecdef OR p.proname LIKE 'ekinerja\\_%')))
        AND NOT coalesce(p.proconfig, '{{}}') && ARRAY[
            'search_path=' || quote_ident(n.nspname) || ', pg_temp',
            'search_path=pg_catalog, ' || quote_ident(n.nspname) || ', pg_temp']
    ORDER BY 1"""
_UNUSED: Final = f"""
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = {_OURS} AND p.prorettype = 'trigger'::regtype
        AND p.proname ~ '^(ekinerja|{"|".join(sorted(metadata.tables))})_'
        AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgfoid = p.oid)
    ORDER BY 1"""
"""Functions that triggers of earlier programs called."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An object as the database has it. `remark`: what was noted when it was made."""

    definition: str
    enabled: bool = True
    owner: str | None = None
    remark: str | None = None


def install(conn: Connection) -> None:
    """Given a writing connection to a database with the tables of this program, make all that is in the live text anew.

    A trigger that is no longer in it is dropped by the migration that ends its need; a function that only such called
    goes here.
    """
    if conn.dialect.name == "postgresql":
        _install_in_postgresql(conn)
        return
    for one in live_objects("sqlite", "main"):
        conn.exec_driver_sql(f"DROP {one.kind} IF EXISTS {one.name}")
        conn.exec_driver_sql(one.text)


def differences(conn: Connection) -> Iterator[Message]:
    """Given a connection, yield which view, function or trigger is not as this program makes it, and what to do."""
    wanted = {one.key: one for one in live_objects(conn.dialect.name, _schema(conn))}
    found = _found(conn)
    of_months = _guards_of_months(conn, found)
    guarded = {*metadata.tables, *(table for _, _, table in of_months)}
    yield from _lost_guards({*wanted, *of_months}, found)
    if conn.dialect.name == "postgresql":
        yield from _deceivable_functions(conn)
        yield from _owned_by_others(conn, wanted, found)
    for key, one in wanted.items():
        if key[0] != "trigger" and key not in found:
            yield Message("{named} is missing; run: ekinerja-agent db upgrade", named=_named(key))
        elif key in found and not _is_as_made(conn, one, found[key]):
            yield _another(key)
    for key, definition in of_months.items():
        if key in found and found[key].definition != definition:
            yield _another(key)
    for key in found:
        if key[2] in guarded and key not in wanted and key not in of_months:
            yield Message(
                "{named} is not of this program and may change rows; find out who made it, and drop it",
                named=_named(key),
            )


def _install_in_postgresql(conn: Connection) -> None:
    _forbid_temporary_tables(conn)
    objects = live_objects("postgresql", _schema(conn))
    _run(conn, *(one.text for one in objects if one.kind != "view"))
    for month in _ask(conn, _MONTHS):
        _run(conn, *(one.text.replace(_REST, month) for one in objects if one.table == _REST))
    for one in objects:
        if one.kind == "view":
            _make_view(conn, one)
    for function in _ask(conn, _UNUSED):
        _run(conn, f"DROP FUNCTION {function}")
    found = _found(conn)
    _run(conn, *(f"COMMENT ON {_named(one.key)} IS '{_remark(one, found[one.key])}'" for one in objects))


def _make_view(conn: Connection, view: LiveObject) -> None:
    """Whoever may read it still may, unless its columns are others: then the roles get their rights anew."""
    try:
        with conn.begin_nested():
            _run(conn, view.text)
    except ProgrammingError:
        _run(conn, f"DROP VIEW {view.name}", view.text)


def _forbid_temporary_tables(conn: Connection) -> None:
    """Where the owner of the tables owns the database too; elsewhere an administrator does it by `db roles`."""
    database, may = conn.exec_driver_sql(
        "SELECT quote_ident(datname), pg_has_role(current_user, datdba, 'USAGE') FROM pg_database "
        "WHERE datname = current_database()"
    ).one()
    if may:
        roles = _ask(conn, f"SELECT rolname FROM pg_roles WHERE rolname IN {_MADE_TEMPORARY}")
        _run(conn, f"REVOKE TEMPORARY ON DATABASE {database} FROM {', '.join(('PUBLIC', *roles))}")


def _lost_guards(wanted: set[Key], found: dict[Key, _Found]) -> Iterator[Message]:
    lost: dict[str, list[str]] = {}
    for key in sorted(wanted, key=str):
        _, name, table = key
        if table is not None and not (key in found and found[key].enabled):
            month = table.startswith("punches_")
            lost.setdefault("punches" if month else table, []).append(f"{name} on {table}" if month else name)
    for table, names in lost.items():
        yield (
            Message(
                "{table} can be changed: its guard {names} was removed or switched off; compare with the latest backup",
                table=table,
                names=", ".join(names),
            )
        )


def _guards_of_months(conn: Connection, found: dict[Key, _Found]) -> dict[Key, str]:
    """The guards of each month of punches and of the rest, and how the database must tell them: as the rest's."""
    if conn.dialect.name == "sqlite":
        return {}
    of_rest = {name: found.get(("trigger", name, _REST), _Found("")).definition for name in _OF_A_MONTH}
    return {
        ("trigger", name.replace(_REST, month), month): definition.replace(_REST, month)
        for month in (_REST, *_ask(conn, _MONTHS))
        for name, definition in of_rest.items()
    }


def _deceivable_functions(conn: Connection) -> Iterator[Message]:
    for function, path in conn.exec_driver_sql(_DECEIVABLE.replace("%", "%%")):
        yield (
            Message(
                "the function {function} may read a table that a login made in the place of ours; run as its owner: "
                "ALTER FUNCTION {function} SET search_path = {path}",
                function=function,
                path=path,
            )
        )


def _owned_by_others(conn: Connection, wanted: dict[Key, LiveObject], found: dict[Key, _Found]) -> Iterator[Message]:
    """Who owns a view or a function can change it, and it reads and acts with their rights."""
    (owner,) = _ask(conn, "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('audit')")
    for key in wanted:
        if key in found and found[key].owner != owner:
            yield (
                Message(
                    "{named} belongs to {holder}, and the tables to {owner}; run as an administrator: ALTER {named} "
                    "OWNER TO {owner}",
                    named=_named(key),
                    holder=found[key].owner,
                    owner=owner,
                )
            )


def _found(conn: Connection) -> dict[Key, _Found]:
    if conn.dialect.name == "sqlite":
        return {
            (kind, name, table if kind == "trigger" else None): _Found(text)
            for kind, name, table, text in conn.exec_driver_sql(_OF_SQLITE)
        }
    return {
        (kind, name, table): _Found(*rest)
        for kind, name, table, *rest in conn.exec_driver_sql(_OF_POSTGRESQL.replace("%", "%%"))
    }


def _is_as_made(conn: Connection, one: LiveObject, found: _Found) -> bool:
    return found.definition == one.text if conn.dialect.name == "sqlite" else found.remark == _remark(one, found)


def _remark(one: LiveObject, found: _Found) -> str:
    digests = (sha256(text.encode()).hexdigest()[:32] for text in (one.text, found.definition))
    return f"made by ekinerja-agent: {' '.join(digests)}"


def _named(key: Key) -> str:
    kind, name, table = key
    return f"{kind} {name}" if table is None else f"{kind} {name} on {table}"


def _another(key: Key) -> Message:
    return Message(
        "{named} is not that of this program; find out who changed it, then run: ekinerja-agent db upgrade",
        named=_named(key),
    )


def _schema(conn: Connection) -> str:
    if conn.dialect.name == "sqlite":
        return "main"
    return _ask(conn, f"SELECT quote_ident(nspname) FROM pg_namespace WHERE oid = {_OURS}")[0]


def _ask(conn: Connection, query: str) -> list[str]:
    return list(conn.exec_driver_sql(query.replace("%", "%%")).scalars())


def _run(conn: Connection, *statements: str) -> None:
    if statements:
        conn.exec_driver_sql(";\n".join(statements).replace("%", "%%"))
