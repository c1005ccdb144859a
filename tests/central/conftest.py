"""An operator, and facts in central without files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from ekinerja_agent.central.access.accounts import Account, actor
from ekinerja_agent.central.imported.batches import BatchReceipt, store_batch
from ekinerja_agent.central.schema import roles
from ekinerja_agent.central.store.engine import connect, transaction
from tests.proof import databases

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)

Store = Callable[..., BatchReceipt]
As = Callable[[str], Engine]

DEFAULTS: dict[str, dict[str, Any]] = {
    "units": {"name": "Dinas", "timezone": "Asia/Makassar"},
    "employees": {"name": "Ani", "status": "pns", "attendance": "terminal", "allowance_rp": 4_000_000},
    "enrolments": {"terminal": "*"},
    "calendar": {"unit": "*", "kind": "libur_daerah", "name": "Hari jadi", "source": "SK 1"},
    "absences": {"kind": "dinas_luar", "status": "approved"},
    "rosters": {"shifts": "PAGI"},
    "corrections": {"scan": "arrive", "action": "add", "status": "approved"},
    "outages": {"cause": "mati listrik", "status": "approved"},
    "events": {"kind": "apel", "unit": "*"},
    "event_attendance": {"status": "present"},
    "allowances": {"criterion": "beban kerja"},
    "holds": {"kind": "LHKPN", "document": "ND 1"},
    "sanctions": {"decree": "SK 2", "document": "SK 2"},
    "assignments": {"kind": "plt", "document": "SPT 3"},
    "ratings": {"scheme": "panrb6", "mode": "70/30", "new_idea": False, "status": "approved"},
    "plans": {"name": "Posyandu", "due_date": date(2026, 9, 30), "target_output": "12 kali"},
    "plan_progress": {"planned_ppm": 0, "physical_ppm": 0, "status": "approved"},
    "indicators": {"max_points_e2": 10_000},
    "workload_tasks": {"job": "Analis", "task": "Surat", "per": "year"},
    "staff": {"job": "Analis"},
    "sakip": {"year": "2026"},
    "evaluation_meetings": {"topic": "Evaluasi"},
    "innovations": {"name": "Antar obat"},
    "activities": {"description": "Rapat", "status": "approved"},
    "activity_standards": {},
}


@pytest.fixture
def operator(central: Engine) -> Account:
    return actor(central, "root", NOW).account


@pytest.fixture
def store(central: Engine, operator: Account) -> Store:
    """Stores rows of a kind; what a test does not care about has a plain value."""

    def _store(kind: str, *rows: Mapping[str, Any], now: datetime = NOW) -> BatchReceipt:
        numbered = [DEFAULTS[kind] | dict(row) | {"row": n} for n, row in enumerate(rows, 2)]
        with transaction(central) as conn:
            return store_batch(conn, operator.id, kind, f"{kind}.csv", "sha256:0", numbered, 0, now)

    return _store


@pytest.fixture
def roles_url(postgres_template: str, tmp_path: Path) -> Iterator[str]:
    """A database with all tables whose roles are made."""
    with databases.copy_of(postgres_template, tmp_path) as url:
        engine = connect(url)
        roles.apply(engine, {})
        engine.dispose()
        yield url


@pytest.fixture
def login(roles_url: str) -> Iterator[As]:
    """Log in as a role; "postgres" is the administrator."""
    engines: list[Engine] = []

    def _login(role: str) -> Engine:
        engines.append(connect(make_url(roles_url).set(username=role).render_as_string(hide_password=False)))
        return engines[-1]

    yield _login
    for engine in engines:
        engine.dispose()


@pytest.fixture
def careless(login: As, roles_url: str) -> Engine:
    """The administrator, who has given everybody the right to make tables of a session and schemas."""
    administrator = login("postgres")
    database = make_url(roles_url).database
    logins = ", ".join(role.name for role in roles.ROLES)
    with transaction(administrator) as conn:
        conn.exec_driver_sql(f"grant create, temporary on database {database} to {logins}")
    return administrator
