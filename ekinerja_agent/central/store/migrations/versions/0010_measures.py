"""Plans, indicators, workload, SAKIP and registers as insert-only facts, and views of the numbers that leaders see.

A percentage or a number with decimals is numeric without trailing zeros on PostgreSQL, and the same digits as text on
SQLite. A view holds what stands: of each key the newest row that was not taken back. Limits, weights and norms are
rules and stand in no view.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ekinerja_agent.central.store.migrations.guarding import guard

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CORRECT_INSTEAD = "import the corrected row, or take the whole file back with: import revoke BATCH"
DECISION = ("document?", "requested_by?", "requested_at?", "status", "decided_by?", "decided_at?")
TYPES: dict[str, Any] = {
    **dict.fromkeys(("due_date", "date", "started", "ended"), sa.Date),
    **dict.fromkeys(("budget_rp", "realised_rp", "planned_ppm", "physical_ppm"), sa.BigInteger),
    **dict.fromkeys(("points_e2", "max_points_e2", "volume_e2", "standard_e2"), sa.BigInteger),
    **dict.fromkeys(("people", "score_e2"), sa.Integer),
}
FACTS = {
    # table: (the column that is looked up, its columns; "?" may be null)
    "plans": ("code", ("code", "unit", "nip?", "name", "due_date", "target_output", "budget_rp?")),
    "plan_progress": ("plan", ("plan", "month", "planned_ppm", "physical_ppm", "realised_rp?", *DECISION)),
    "indicators": ("period", ("nip?", "unit?", "period", "code", "points_e2", "max_points_e2")),
    "workload_tasks": ("unit", ("unit", "job", "task", "volume_e2", "per", "standard_e2")),
    "staff": ("unit", ("unit", "job", "people")),
    "sakip": ("unit", ("unit", "year", "aspect", "score_e2")),
    "evaluation_meetings": ("unit", ("unit", "date", "topic", "led_by?", "document?")),
    "innovations": ("code", ("code", "unit", "name", "started", "ended?", "document?")),
}
KEYS = {
    "units": "code, valid_from",
    "plans": "code",
    "plan_progress": "plan, month",
    "workload_tasks": "unit, job, task",
    "staff": "unit, job",
    "sakip": "unit, year, aspect",
    "evaluation_meetings": "unit, date, topic",
    "innovations": "code",
    "event_attendance": "event, nip",
}


def upgrade() -> None:
    for table, (looked_up_by, columns) in FACTS.items():
        op.create_table(
            table,
            sa.Column("id", SERIAL, autoincrement=True, nullable=False),
            sa.Column("batch", SERIAL, nullable=False),
            sa.Column("row", sa.Integer(), nullable=False),
            *map(_column, columns),
            sa.ForeignKeyConstraint(["batch"], ["import_batches.id"], name=op.f(f"fk_{table}_batch")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_batch"), table, ["batch"], unique=False)
        op.create_index(op.f(f"ix_{table}_{looked_up_by}"), table, [looked_up_by], unique=False)
        guard(table, ("id",), CORRECT_INSTEAD)
    op.add_column("event_attendance", sa.Column("uniform", sa.Boolean(), nullable=True))
    _view_plans()
    _view_workload()
    _view_sakip()
    _view_registers()


def _view_plans() -> None:
    """Every approved report of a plan. A deviation is physical minus planned, a gap physical minus financial."""
    due_month = _month("p.due_date")
    reports = f"""SELECT r.*, p.code, p.name, p.unit, p.nip, p.due_date, p.target_output, p.budget_rp,
            {due_month} AS due_month, {_ppm_of("r.realised_rp", "p.budget_rp")} AS financial_ppm,
            min(CASE WHEN r.physical_ppm >= 1000000 THEN r.month END)
                OVER (PARTITION BY r.plan ORDER BY r.month) AS finished
        FROM {_standing("plans")} p
        JOIN {_standing("plan_progress")} r ON r.plan = p.code AND r.status = 'approved'
            AND substr(r.month, 1, 4) = substr({due_month}, 1, 4)"""
    op.execute(f"""
        CREATE VIEW plan_status_v1 AS SELECT
            g.code AS plan, g.name, g.unit AS unit_code, n.name AS unit_name, g.nip,
            g.month, g.due_date, g.target_output, {_e4("g.planned_ppm")} AS planned_pct,
            {_e4("g.physical_ppm")} AS physical_pct, {_e4("g.physical_ppm - g.planned_ppm")} AS deviation_pct,
            g.budget_rp, g.realised_rp, {_e4("g.financial_ppm")} AS financial_pct,
            {_e4("g.physical_ppm - g.financial_ppm")} AS gap_pct,
            CASE WHEN g.physical_ppm >= 1000000 AND g.finished <= g.due_month THEN 'done'
                 WHEN g.physical_ppm >= 1000000 THEN 'done_late'
                 WHEN g.due_month <= g.month THEN 'late' ELSE 'open' END AS timing,
            g.document
        FROM ({reports}) g {_name_of("g.unit")}""")
    newest = f"""SELECT m.month AS at_month, p.unit, p.budget_rp, r.realised_rp,
            row_number() OVER (PARTITION BY m.month, p.code ORDER BY r.month DESC) AS place
        FROM (SELECT DISTINCT month FROM {_standing("plan_progress")} a WHERE a.status = 'approved') m
        JOIN {_standing("plans")} p ON substr({due_month}, 1, 4) = substr(m.month, 1, 4)
        JOIN {_standing("plan_progress")} r ON r.plan = p.code AND r.status = 'approved' AND r.month <= m.month
            AND substr(r.month, 1, 4) = substr(m.month, 1, 4)"""
    op.execute(f"""
        CREATE VIEW unit_budget_v1 AS SELECT
            s.unit AS unit_code, n.name AS unit_name, s.month, s.plans, s.budget_rp, s.realised_rp,
            {_e4(_ppm_of("s.realised_rp", "s.budget_rp"))} AS absorption_pct
        FROM (SELECT k.unit, k.at_month AS month, count(*) AS plans, {_whole("sum(k.budget_rp)")} AS budget_rp,
                {_whole("sum(k.realised_rp)")} AS realised_rp
              FROM ({newest}) k WHERE k.place = 1 AND k.budget_rp > 0 AND k.realised_rp IS NOT NULL
              GROUP BY k.unit, k.at_month) s {_name_of("s.unit")}""")


def _view_workload() -> None:
    """The minutes of a job's tasks by what their volume is told for, and its staff; one row per unit and job."""
    periods = ("day", "week", "month", "year")
    sums = ", ".join(
        f"sum(CASE WHEN t.per = '{per}' THEN t.volume_e2 * t.standard_e2 ELSE 0 END) AS {per}_e4" for per in periods
    )
    minutes = ", ".join(f"{_e4(f'w.{per}_e4')} AS {per}_minutes" for per in periods)
    op.execute(f"""
        CREATE VIEW unit_workload_v1 AS SELECT
            w.unit AS unit_code, n.name AS unit_name, w.job, w.tasks, {minutes}, w.staff
        FROM (SELECT j.unit, j.job, count(t.task) AS tasks, {sums}, max(s.people) AS staff
              FROM (SELECT unit, job FROM {_standing("workload_tasks")} a
                    UNION SELECT unit, job FROM {_standing("staff")} b) j
              LEFT JOIN {_standing("workload_tasks")} t ON t.unit = j.unit AND t.job = j.job
              LEFT JOIN {_standing("staff")} s ON s.unit = j.unit AND s.job = j.job
              GROUP BY j.unit, j.job) w {_name_of("w.unit")}""")


def _view_sakip() -> None:
    op.execute(f"""
        CREATE VIEW unit_sakip_v1 AS SELECT
            s.unit AS unit_code, n.name AS unit_name, s.year, s.aspect, {_e4("s.score_e2 * 100")} AS score
        FROM {_standing("sakip")} s {_name_of("s.unit")}""")


def _view_registers() -> None:
    op.execute(f"""
        CREATE VIEW unit_meetings_v1 AS SELECT
            m.unit AS unit_code, n.name AS unit_name, m.month, m.meetings
        FROM (SELECT h.unit, {_month("h.date")} AS month, count(*) AS meetings
              FROM {_standing("evaluation_meetings")} h GROUP BY h.unit, {_month("h.date")}) m {_name_of("m.unit")}""")
    op.execute(f"""
        CREATE VIEW unit_innovations_v1 AS SELECT
            i.unit AS unit_code, n.name AS unit_name, i.code, i.name, i.started, i.ended, i.document
        FROM {_standing("innovations")} i {_name_of("i.unit")}""")
    op.execute(f"""
        CREATE VIEW event_uniform_v1 AS SELECT
            e.event, e.date, count(*) AS present, sum(CASE WHEN e.uniform THEN 1 ELSE 0 END) AS in_uniform,
            sum(CASE WHEN NOT e.uniform THEN 1 ELSE 0 END) AS without_uniform
        FROM {_standing("event_attendance")} e WHERE e.status = 'present' GROUP BY e.event, e.date""")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _standing(table: str) -> str:
    """A subquery, to be named, of the rows that stand."""
    ranked = f"""SELECT f.*, row_number() OVER (PARTITION BY {KEYS[table]} ORDER BY batch DESC, id DESC) AS newest
        FROM {table} f WHERE batch NOT IN (SELECT batch FROM import_revocations)"""
    return f"(SELECT * FROM ({ranked}) ranked WHERE newest = 1)"


def _name_of(code: str) -> str:
    """A join that gives the name which a unit has last as n.name."""
    last = f"""SELECT u.code, u.name, row_number() OVER (PARTITION BY u.code
            ORDER BY CASE WHEN u.valid_from IS NULL THEN 0 ELSE 1 END DESC, u.valid_from DESC) AS place
        FROM {_standing("units")} u"""
    return f"LEFT JOIN ({last}) n ON n.code = {code} AND n.place = 1"


def _month(column: str) -> str:
    return f"to_char({column}, 'YYYY-MM')" if _is_postgresql() else f"substr({column}, 1, 7)"


def _whole(total: str) -> str:
    """A sum of rupiah as a whole number: PostgreSQL adds bigints to a numeric."""
    return f"CAST({total} AS bigint)" if _is_postgresql() else total


def _ppm_of(part: str, whole: str) -> str:
    """Parts per million rounded half up, null where the whole is 0 or null; without a product that leaves 64 bits."""
    scaled = f"({part} * 1000000)"
    return f"""CASE WHEN {whole} > 0 THEN {scaled} / {whole}
        + CASE WHEN ({scaled} % {whole}) * 2 >= {whole} THEN 1 ELSE 0 END END"""


def _e4(number: str) -> str:
    """Ten-thousandths, such as ppm of a percentage, as a number that may be negative or null."""
    if _is_postgresql():
        return f"trim_scale(({number})::numeric / 10000)"
    digits = f"rtrim(rtrim(printf('%d.%04d', abs({number}) / 10000, abs({number}) % 10000), '0'), '.')"
    return f"CASE WHEN ({number}) < 0 THEN '-' || {digits} WHEN ({number}) >= 0 THEN {digits} END"


def _column(name: str) -> sa.Column[object]:
    plain = name.removesuffix("?")
    return sa.Column(plain, TYPES.get(plain, sa.Text)(), nullable=name.endswith("?"))
