"""The database roles of PostgreSQL: who may do what to which table or view. A file of SQLite has none.

The rights are data, and what a role was not given here it is refused by the database. Makes no passwords, and never
shows one. Does not know which program logs in as which role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Engine

from ekinerja_agent.central.kinds import insert_only
from ekinerja_agent.central.schema import office_logins
from ekinerja_agent.central.schema.office_logins import Units
from ekinerja_agent.central.store.engine import reading, transaction
from ekinerja_agent.central.store.tables import PUBLISHED
from ekinerja_agent.central.store.tables.columns import metadata
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

NONE: Final[Units] = {}
OWNER: Final = "ekinerja_owner"
PAYROLL_VIEWS: Final = (
    "payroll_scores_v1",
    "payroll_revisions_v1",
    "payroll_findings_v1",
    "payroll_adjustments_v1",
    "unit_scores_v1",
)
LEADERS_VIEWS: Final = (
    "event_uniform_v1",
    "plan_status_v1",
    "unit_budget_v1",
    "unit_innovations_v1",
    "unit_meetings_v1",
    "unit_sakip_v1",
    "unit_workload_v1",
)
VERSION: Final = "alembic_version"
_TABLES: Final = tuple(sorted(metadata.tables))
EVERYTHING: Final = (VERSION, *_TABLES, *PAYROLL_VIEWS, *LEADERS_VIEWS)
_LOGINS: Final = ("login_failures", "passwords", "sessions")
"""Read by those alone who let people in, or give them a password."""
_READABLE: Final = tuple(name for name in EVERYTHING if name not in _LOGINS)
_BROUGHT: Final = "feed_activities"
"""Only another application adds these."""
_FACTS: Final = tuple(sorted({table.name for table in insert_only()} - {_BROUGHT, "purges"}))
_TURNS: Final = "turns"
"""Who writes what others write too waits for them by a row of this: to lock one, a right to change it is needed."""
_MONTH: Final = "ekinerja_punch_month(date)"
_OFFICES: Final = ("ekinerja_held_login()", "ekinerja_tells_of(text)", "ekinerja_terminals_of_others(text[])")
"""Which terminals and units are those of the login that asks."""
_HEARD: Final = tuple(column.name for column in metadata.tables["terminal_status"].c if not column.primary_key)


@dataclass(frozen=True, slots=True)
class Right:
    """One right of SQL on tables or views; `columns`: on these columns alone, empty means all of them."""

    verb: str
    on: tuple[str, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """A role that logs in: what it is for, its rights, and the functions that do for it what it may not do itself."""

    name: str
    purpose: Message
    rights: tuple[Right, ...]
    functions: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


_CHAIN: Final = Right("SELECT", ("audit",), ("id", "digest"))
"""All that a new row of the audit log continues; its texts are not read."""

_MARK: Final = Right("UPDATE", ("stale_days",), ("marks",))
"""Which day of what a mark is about stays."""
_WAITING: Final = (Right("SELECT", (_TURNS,)), Right("INSERT", (_TURNS,)), Right("UPDATE", (_TURNS,), ("share",)))

ROLES: Final = (
    Role(
        "ekinerja_collect",
        Message("adds what terminals recorded, and reads nothing personal"),
        (
            Right(
                "SELECT",
                (
                    VERSION,
                    "coverage",
                    "import_revocations",
                    "stale_days",
                    "login_units",
                    "terminal_facts",
                    "terminal_logins",
                    "terminal_owners",
                    "terminal_status",
                ),
            ),
            Right("SELECT", ("results",), ("period",)),
            # Which records wait for people, so that none of them becomes a punch by being brought again.
            Right("SELECT", ("doubtful_punches",), ("id", "punch_id", "batch", "terminal", "clock")),
            Right("SELECT", ("doubt_decisions",), ("doubt", "approved")),
            # Which events of a terminal a person has released, and whether that counts.
            Right("SELECT", ("held_batches",)),
            Right("SELECT", ("apart_releases",), ("batch", "terminal", "code")),
            Right("SELECT", ("batch_decisions",), ("batch", "approved")),
            Right("SELECT", ("audit_end",)),  # a witness of the log: its queue notes the end with each delivery
            _CHAIN,
            Right(
                "INSERT",
                (
                    "clock_readings",
                    "coverage",
                    "doubtful_punches",
                    "punches",
                    "quarantine",
                    "set_apart",
                    "slot_owners",
                    "stale_days",
                    "terminal_facts",
                    "terminal_owners",
                    "terminal_status",
                ),
            ),
            _MARK,
            Right("UPDATE", ("terminal_status",), _HEARD),
        ),
        (_MONTH, *_OFFICES),
    ),
    Role(
        "ekinerja_score",
        Message("imports, decides, scores, closes and reports; published rows and facts stay as they are"),
        (
            Right("SELECT", (*_READABLE, *_LOGINS)),
            Right(
                "INSERT",
                tuple(
                    sorted(
                        {
                            *_FACTS,
                            *(table.name for table in PUBLISHED),
                            "accounts",
                            "passwords",
                            "shared_findings",
                            "stale_days",
                            "terminal_owners",
                            "terminal_status",
                        }
                    )
                ),
            ),
            _WAITING[2],
            Right(
                "UPDATE",
                ("accounts", "passwords", "shared_findings", "stale_days", "terminal_owners", "terminal_status"),
            ),
            Right(
                "DELETE",
                (*(table.name for table in PUBLISHED), "login_failures", "sessions", "shared_findings", "stale_days"),
            ),
        ),
        (_MONTH, *_OFFICES),
    ),
    Role(
        "ekinerja_web",
        Message(
            "serves the board: lets people in, shows results, takes activities, objections, and what is decided of them"
        ),
        (
            Right("SELECT", tuple(name for name in (*_READABLE, *_LOGINS) if name not in ("audit", _BROUGHT))),
            _CHAIN,
            Right(
                "INSERT",
                (
                    "activities",
                    "activity_steps",
                    "audit",
                    "import_batches",
                    "objection_decisions",
                    "objections",
                    "stale_days",
                    *_LOGINS,
                ),
            ),
            *_WAITING[1:],
            _MARK,
            Right("UPDATE", _LOGINS),
            Right("DELETE", ("login_failures", "sessions")),
        ),
    ),
    Role("ekinerja_payroll", Message("reads the published views, nothing else"), (Right("SELECT", PAYROLL_VIEWS),)),
    Role(
        "ekinerja_feed",
        Message("brings activities from another application and reads the answers"),
        (Right("SELECT", (_BROUGHT, "feed_answers")), Right("INSERT", (_BROUGHT,))),
    ),
    Role(
        "ekinerja_purge",
        Message("takes away what retention says, and writes the receipt"),
        (
            Right(
                "SELECT",
                (
                    VERSION,
                    "accounts",
                    "clock_readings",
                    "correction_decisions",
                    "period_payments",
                    "punches",
                    "purges",
                    "redated_punches",
                    "redating_decisions",
                    "redatings",
                    "stale_days",
                ),
            ),
            Right("SELECT", ("corrections",), ("id", "date", "status")),
            Right("SELECT", ("results",), ("period", "unit", "closed_with", "adjusted_in")),
            _CHAIN,
            *_WAITING,
            Right("INSERT", ("audit", "purges")),
        ),
        ("ekinerja_purge_punches(date,bigint)",),
    ),
    Role(
        "ekinerja_audit",
        Message("reads all but logins, changes nothing"),
        (Right("SELECT", _READABLE),),
        settings={"default_transaction_read_only": "on"},
    ),
)
"""Every role but the owner, whose tables they are."""


@dataclass(frozen=True, slots=True)
class May:
    """One line of what roles may do: SELECT on tables, or EXECUTE of a function."""

    role: str
    right: str
    on: str


def listing(offices: Units) -> Iterator[May]:
    """Given the logins of offices, yield what each role may do, by role and right, and which units each login has."""
    yield May(OWNER, "OWNS", Message("the schema; upgrades it, and no running service logs in as it"))
    for role in ROLES:
        for right in role.rights:
            columns = f" ({', '.join(right.columns)})" if right.columns else ""
            yield May(role.name, right.verb, ", ".join(f"{table}{columns}" for table in right.on))
        for function in role.functions:
            yield May(role.name, "EXECUTE", function)
    for login, units in offices.items():
        yield May(login, "TELLS OF", ", ".join(units))


def apply(engine: Engine, passwords: Mapping[str, str], offices: Units = NONE) -> dict[str, tuple[str, ...]]:
    """Given a PostgreSQL database, passwords by role and the units of logins of offices, make every role and login, and
    give it its rights and no others. Return all logins of offices with their units.

    Raise WrongUsage on SQLite or for an unknown role, Refused if the login may not do this.
    """
    _require_postgresql(engine)
    with transaction(engine) as conn:
        _require_known(passwords, {*offices, *office_logins.units_of_logins(conn)})
        for statement in statements(conn, offices):
            conn.exec_driver_sql(statement.replace("%", "%%"))
        for name, password in passwords.items():
            driver = conn.dialect.loaded_dbapi.extensions
            # The server is told what it can check a password with, never the password: statements are logged.
            verifier = driver.encrypt_password(password, name, conn.connection.dbapi_connection, "scram-sha-256")
            conn.exec_driver_sql(f"ALTER ROLE {name} PASSWORD '{verifier}'")
        return office_logins.units_of_logins(conn)


def planned(engine: Engine, offices: Units = NONE) -> list[str]:
    """As `apply`, return the SQL that it would run. Raise WrongUsage on SQLite."""
    _require_postgresql(engine)
    with reading(engine) as conn:
        return list(statements(conn, offices))


def regrant(conn: Connection) -> bool:
    """Given a connection that has just migrated, give the roles their rights on what is new; tell whether it did.

    It does where `apply` once ran, for the roles that are still there.
    """
    if conn.dialect.name != "postgresql" or not are_in_use(conn):
        return False
    for statement in (*_owned(conn), *_granted(_existing(conn))):
        conn.exec_driver_sql(statement.replace("%", "%%"))
    return True


def are_in_use(conn: Connection) -> bool:
    """Given a connection to PostgreSQL, tell whether the schema belongs to the owner that `apply` makes."""
    query = (
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
        f"WHERE c.oid = to_regclass('public.audit') AND r.rolname = '{OWNER}'"
    )
    return bool(conn.exec_driver_sql(query).scalar())


def statements(conn: Connection, offices: Units = NONE) -> Iterator[str]:
    """Given a connection to PostgreSQL, yield the SQL that makes the roles and logins and gives them their rights.

    The owner, who makes no roles, only gives rights.
    """
    there = _existing(conn)
    for name in (OWNER, *(role.name for role in ROLES)):
        if name not in there:
            yield f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    if conn.exec_driver_sql("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").scalar():
        yield from _let_in(conn)
    yield from _owned(conn)
    yield from _granted({role.name for role in ROLES})
    yield from office_logins.statements(conn, offices, ", ".join(EVERYTHING))


def _let_in(conn: Connection) -> Iterator[str]:
    """Into the database, and the owner into its schema."""
    database = conn.exec_driver_sql("SELECT quote_ident(current_database())").scalar()
    everybody = ", ".join((OWNER, *(role.name for role in ROLES)))
    yield f"GRANT CONNECT ON DATABASE {database} TO {everybody}"
    services = ", ".join(role.name for role in ROLES)
    yield f"REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {services}"
    yield f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {services}"
    yield f"GRANT CREATE, USAGE ON SCHEMA public TO {OWNER}"
    for role in ROLES:
        for key, value in role.settings.items():
            yield f"ALTER ROLE {role.name} IN DATABASE {database} SET {key} = {value}"


def _require_postgresql(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        raise WrongUsage(
            Message(
                "a database file has no roles: whoever may write the file may write all of it; protect it by the "
                "rights of the file, or use PostgreSQL"
            )
        )


def _require_known(passwords: Iterable[str], logins: Iterable[str]) -> None:
    known = (OWNER, *(role.name for role in ROLES), *sorted(logins))
    if unknown := sorted(set(passwords) - set(known)):
        raise WrongUsage(
            Message(
                "there is no role {unknown}; the roles are {known}", unknown=", ".join(unknown), known=", ".join(known)
            )
        )


def _existing(conn: Connection) -> set[str]:
    return set(conn.exec_driver_sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'ekinerja\\_%%'").scalars())


_OURS: Final = """c.relnamespace = 'public'::regnamespace AND (c.relname IN ({names})
    OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('public.punches')))"""


def _named(names: Iterable[str]) -> str:
    return _OURS.format(names=", ".join(f"'{name}'" for name in names))


def _owned(conn: Connection) -> Iterator[str]:
    """What another role owns yet. A table's indexes and sequences go with it."""
    query = f"""SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, c.relname FROM pg_class c
        WHERE {_named(EVERYTHING)} AND pg_get_userbyid(c.relowner) <> '{OWNER}' ORDER BY c.relkind, c.relname"""
    for row in conn.exec_driver_sql(query):
        yield f"ALTER {row.kind} {row.relname} OWNER TO {OWNER}"
    query = f"""SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_trigger t ON t.tgfoid = p.oid
        JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND {_named(EVERYTHING)} AND pg_get_userbyid(p.proowner) <> '{OWNER}'
        UNION SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND p.proname LIKE 'ekinerja\\_%%'
        AND pg_get_userbyid(p.proowner) <> '{OWNER}' ORDER BY 1"""
    for function in conn.exec_driver_sql(query).scalars():
        yield f"ALTER FUNCTION {function} OWNER TO {OWNER}"


def _granted(names: Iterable[str]) -> Iterator[str]:
    chosen = set(names)
    everything = ", ".join(EVERYTHING)
    yield f"REVOKE ALL ON {everything} FROM PUBLIC"
    functions = sorted({function for role in ROLES for function in role.functions})
    for function in functions:
        yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
    for role in ROLES:
        if role.name not in chosen:
            continue
        yield f"REVOKE ALL ON {everything} FROM {role.name}"
        yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role.name}"
        yield f"GRANT USAGE ON SCHEMA public TO {role.name}"
        for right in role.rights:
            columns = f" ({', '.join(right.columns)})" if right.columns else ""
            yield f"GRANT {right.verb}{columns} ON {', '.join(right.on)} TO {role.name}"
            sequences = [f"{table}_id_seq" for table in right.on if right.verb == "INSERT" and is_numbered(table)]
            if sequences:
                yield f"GRANT USAGE ON SEQUENCE {', '.join(sequences)} TO {role.name}"
        for function in functions:
            change, to = ("GRANT", "TO") if function in role.functions else ("REVOKE", "FROM")
            yield f"{change} EXECUTE ON FUNCTION {function} {to} {role.name}"


def is_numbered(table: str) -> bool:
    return "id" in metadata.tables[table].c
