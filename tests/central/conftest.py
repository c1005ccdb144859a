"""An operator, and facts in central without files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from ekinerja_agent.central.accounts import Account, actor
from ekinerja_agent.central.batches import BatchReceipt, store_batch

NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)

Store = Callable[..., BatchReceipt]

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
}


@pytest.fixture
def operator(central: Engine) -> Account:
    return actor(central, "root", NOW).account


@pytest.fixture
def store(central: Engine, operator: Account) -> Store:
    """Stores rows of a kind; what a test does not care about has a plain value."""

    def _store(kind: str, *rows: Mapping[str, Any], now: datetime = NOW) -> BatchReceipt:
        numbered = [DEFAULTS[kind] | dict(row) | {"row": n} for n, row in enumerate(rows, 2)]
        return store_batch(central, operator.id, kind, f"{kind}.csv", "sha256:0", numbered, 0, now)

    return _store
