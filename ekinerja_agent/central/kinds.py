"""The kinds of imported fact, one declaration each: all that has to be told of a kind once its table is there.

Which version of a row stands, which rows the database keeps, which columns a file has, where an import looks for what
it replaces, which drafts a change makes stale, whose turn it is to decide and what waits for a second person: all of it
is read from here. Reads and
stores nothing, and knows no rule by which a row is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import Column, Table

from ekinerja_agent.central.store.tables import CORRECT_INSTEAD, INSERT_ONLY_RECORDS
from ekinerja_agent.central.store.tables.columns import MessageText
from ekinerja_agent.central.store.tables.imported import (
    absence_decisions,
    absences,
    activities,
    activity_standards,
    activity_steps,
    allowances,
    assignments,
    calendar,
    correction_decisions,
    corrections,
    employees,
    enrolments,
    evaluation_meetings,
    event_attendance,
    events,
    holds,
    indicators,
    innovations,
    outage_decisions,
    outages,
    plan_progress,
    plans,
    ratings,
    rosters,
    sakip,
    sanctions,
    staff,
    units,
    workload_tasks,
)
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

QUARANTINE: Final = "quarantine"
"""The kind of a batch in which a person decides on what a terminal's records in the quarantine are: no file."""
PUNCH_KINDS: Final = ("punches", "attlog")
"""The kinds of import file that bring records of terminals, no facts."""


class Reading(Enum):
    """How columns tell the days of a row: a first and a last day (null = open), or one column that tells more."""

    SPAN = auto()
    YEAR_OF_DAY = auto()
    PERIOD = auto()
    """`YYYY` or `YYYY-MM`."""
    MONTH_AND_REST_OF_YEAR = auto()
    """`YYYY-MM`: what is counted since a plan began counts in each later month of its year."""
    ALWAYS = auto()


@dataclass(frozen=True, slots=True)
class Days:
    """The columns that tell of which days a row speaks, and how they are read."""

    reading: Reading
    columns: tuple[str, ...] = ()

    @property
    def one_day(self) -> str | None:
        """The column of the one day of which a row speaks, None where it may speak of more."""
        return self.columns[0] if self.reading is Reading.SPAN and len(set(self.columns)) == 1 else None


class Whom(Enum):
    """Whose scores a row may move. One of a person without a NIP moves everybody's."""

    PERSON = auto()
    TERMINAL = auto()
    EVERYBODY = auto()


class Others(Enum):
    """Whom a row touches besides: a function each in `marks/whom_it_touches.py`."""

    RIVALS_FOR_A_PIN = auto()
    DOCUMENTS_OF_THE_CASE = auto()
    ALL_WHO_WERE_CALLED = auto()


@dataclass(frozen=True, slots=True)
class Touches:
    """Whose scores a row may move, by the column that names them (None: everybody's), and on which days.

    `night_before`: what it says of a morning concerns the duty that began on the evening before.
    """

    whom: Whom
    column: str | None
    days: Days
    night_before: bool = False
    others: Others | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell whom a row touches, and when."""
        return self.days.columns if self.column is None else (self.column, *self.days.columns)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whoever stores or decides rows waits until nobody else does: of one kind at a time, or of one person."""

    lock: int
    of_one_person: bool = False


class Guard(Enum):
    """What keeps one person from moving with rows of a kind what somebody is paid."""

    NO_SCORE = auto()
    """Nothing: no score depends on them."""
    DECIDED = auto()
    """A row counts once somebody else decided on it, or somebody who vouches for the kind brought it."""
    ANOTHER = auto()
    """Once a unit was closed, a batch about its people waits until another person approves it as a whole."""


class Only(Enum):
    """Of which rows alone that is said: a function each in `imported/pay_moves.py`."""

    DAYS_BEGUN = auto()
    """Of today and before: what is to come, whoever is on duty can see and dispute."""
    WITH_PUNCHES = auto()
    """Of a PIN that was used on one of its days: an enrolment that comes before the first finger moves none."""
    KNOWN_BEFORE = auto()
    """Of what was there before: nobody is in a unit that is new."""


@dataclass(frozen=True, slots=True)
class Pay:
    """How rows of a kind may move what somebody is paid. A change of the `harmless` columns alone moves nobody's pay;
    any other does, a column that comes later too.
    """

    guard: Guard
    harmless: tuple[str, ...] = ()
    only: Only | None = None


DECISION_LOCK: Final = 0x61627365
"""One decision on absences and outages at a time, a person's or that of silence."""
CORRECTION_LOCK: Final = 0x636F7272
"""One correction entered or decided at a time, so that two cannot pass a limit together."""
ACTIVITY_LOCK: Final = 0x61637469
"""Of a person one activity entered or decided at a time, so that no minute is taken twice."""


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind of fact; its name is that of its table and of its import.

    `key`: rows that are equal in these columns are versions of one. `looked_up_by` is the indexed one of them.
    `touches`: None if no score depends on it. `pay` tells what stands between one person and somebody's money.
    `decisions` is the table of what was decided of its rows since: by the
    number of the row a status, or what `imported/decisions.py` reads of it. `turn` is the one of those who decide, so
    that a file does not pass by what somebody decides just now. `in_files`: what import files call a column, where it
    is not its name; `worked_out` are columns that no file has. `looked_for`: a month asks first whether there is a row
    that could concern its people; other kinds it reads at any rate, or together with another one.
    """

    table: Table
    key: tuple[str, ...]
    looked_up_by: str
    touches: Touches | None
    pay: Pay
    decisions: Table | None = None
    turn: Turn | None = None
    in_files: Mapping[str, str] = field(default_factory=dict)
    worked_out: tuple[str, ...] = ()
    looked_for: bool = True

    @property
    def file_columns(self) -> tuple[Column[Any], ...]:
        """The columns of the table that an import file fills, in their order."""
        others = {*_OF_EVERY_ROW, *self.worked_out}
        return tuple(
            column for column in self.table.c if column.name not in others and not isinstance(column.type, MessageText)
        )

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def scored(self) -> bool:
        """Tell whether a score may depend on it."""
        return self.touches is not None


def _on(column: str) -> Days:
    return Days(Reading.SPAN, (column, column))


def _of_person(days: Days, *, night_before: bool = False, others: Others | None = None) -> Touches:
    return Touches(Whom.PERSON, "nip", days, night_before, others)


def _of_everybody(days: Days) -> Touches:
    return Touches(Whom.EVERYBODY, None, days)


_VALID: Final = Days(Reading.SPAN, ("valid_from", "valid_to"))
_FIRST_TO_LAST: Final = Days(Reading.SPAN, ("first_day", "last_day"))
_STARTS_TO_ENDS: Final = Days(Reading.SPAN, ("starts", "ends"))
_MONTH_ON: Final = Days(Reading.MONTH_AND_REST_OF_YEAR, ("month",))
_DECIDED: Final = Turn(DECISION_LOCK)
_OF_EVERY_ROW: Final = ("id", "batch", "row")
_TAKEN: Final = {"share_ppm": "pct", "valid_from": "from", "valid_to": "to"}

_NO_SCORE: Final = Pay(Guard.NO_SCORE)
_DECIDED_EACH: Final = Pay(Guard.DECIDED)
_ANOTHER: Final = Pay(Guard.ANOTHER)

_ALL: Final = (
    FactKind(
        units,
        ("code", "valid_from"),
        "code",
        _of_everybody(_VALID),
        Pay(Guard.ANOTHER, ("name", "head_nip", "successor"), Only.KNOWN_BEFORE),
        looked_for=False,
    ),
    FactKind(
        employees,
        ("nip", "valid_from"),
        "nip",
        _of_person(_VALID),
        Pay(Guard.ANOTHER, ("name", "position", "supervisor_nip")),
        looked_for=False,
    ),
    FactKind(
        enrolments,
        ("terminal", "pin", "valid_from"),
        "pin",
        _of_person(_VALID, night_before=True, others=Others.RIVALS_FOR_A_PIN),
        Pay(Guard.ANOTHER, only=Only.WITH_PUNCHES),
        looked_for=False,
    ),
    FactKind(calendar, ("date", "unit"), "date", _of_everybody(_on("date")), Pay(Guard.ANOTHER, ("name", "source"))),
    FactKind(
        absences,
        ("nip", "first_day", "from_time", "kind"),
        "nip",
        _of_person(_FIRST_TO_LAST, night_before=True, others=Others.DOCUMENTS_OF_THE_CASE),
        _DECIDED_EACH,
        absence_decisions,
        _DECIDED,
        {"first_day": "from", "last_day": "to"},
    ),
    FactKind(
        outages,
        ("terminal", "starts"),
        "terminal",
        Touches(Whom.TERMINAL, "terminal", _STARTS_TO_ENDS, night_before=True),
        _DECIDED_EACH,
        outage_decisions,
        _DECIDED,
        {"starts": "from", "ends": "to", "cause": "reason"},
    ),
    FactKind(
        activities,
        ("activity_id",),
        "activity_id",
        _of_person(_on("date")),
        _DECIDED_EACH,
        activity_steps,
        Turn(ACTIVITY_LOCK, of_one_person=True),
        {"activity_id": "id"},
        ("reason", "waits_from"),
        looked_for=False,
    ),
    FactKind(activity_standards, ("type", "unit"), "type", _of_everybody(Days(Reading.ALWAYS)), _ANOTHER),
    FactKind(
        rosters,
        ("nip", "date"),
        "nip",
        _of_person(_on("date")),
        Pay(Guard.ANOTHER, only=Only.DAYS_BEGUN),
        in_files={"shifts": "shift"},
    ),
    FactKind(
        corrections,
        ("nip", "date", "scan", "action"),
        "nip",
        _of_person(_on("date")),
        _DECIDED_EACH,
        correction_decisions,
        Turn(CORRECTION_LOCK),
        worked_out=("reason",),
    ),
    FactKind(events, ("code", "unit"), "code", _of_everybody(_on("date")), _ANOTHER),
    FactKind(
        event_attendance,
        ("event", "nip"),
        "event",
        _of_person(_on("date"), others=Others.ALL_WHO_WERE_CALLED),
        _ANOTHER,
        worked_out=("date",),
    ),
    FactKind(
        allowances,
        ("nip", "criterion", "valid_from"),
        "nip",
        _of_person(_VALID),
        _ANOTHER,
        in_files={"pct_bp": "pct"},
    ),
    FactKind(holds, ("nip", "kind", "valid_from"), "nip", _of_person(_VALID), _ANOTHER, in_files=_TAKEN),
    FactKind(sanctions, ("nip", "decree", "valid_from"), "nip", _of_person(_VALID), _ANOTHER, in_files=_TAKEN),
    FactKind(assignments, ("nip", "unit", "kind", "valid_from"), "nip", _of_person(_VALID), _ANOTHER),
    FactKind(ratings, ("nip", "period"), "nip", _of_person(_VALID), _DECIDED_EACH),
    # A plan may be a part of the score of all people of its unit.
    FactKind(plans, ("code",), "code", _of_everybody(Days(Reading.YEAR_OF_DAY, ("due_date",))), _ANOTHER),
    FactKind(
        plan_progress,
        ("plan", "month"),
        "plan",
        _of_everybody(_MONTH_ON),
        _DECIDED_EACH,
        in_files={"planned_ppm": "planned_pct", "physical_ppm": "physical_pct"},
        looked_for=False,
    ),
    FactKind(
        indicators,
        ("nip", "unit", "period", "code"),
        "period",
        _of_person(Days(Reading.PERIOD, ("period",))),
        _ANOTHER,
        in_files={"points_e2": "points", "max_points_e2": "max_points"},
    ),
    FactKind(
        workload_tasks,
        ("unit", "job", "task"),
        "unit",
        None,
        _NO_SCORE,
        in_files={"volume_e2": "volume", "standard_e2": "standard_minutes"},
    ),
    FactKind(staff, ("unit", "job"), "unit", None, _NO_SCORE, in_files={"people": "count"}),
    FactKind(sakip, ("unit", "year", "aspect"), "unit", None, _NO_SCORE, in_files={"score_e2": "score"}),
    FactKind(evaluation_meetings, ("unit", "date", "topic"), "unit", None, _NO_SCORE),
    FactKind(innovations, ("code",), "code", None, _NO_SCORE),
)
FACT_KINDS: dict[str, FactKind] = {kind.name: kind for kind in _ALL}
"""Every kind of fact by its name."""


def fact_kind(name: str) -> FactKind:
    """Given the name of a kind of facts, return what is declared of it. Raise WrongUsage for any other word."""
    if name not in FACT_KINDS:
        raise WrongUsage(
            Message(
                "{name} is not a kind of facts; allowed: {fact_kinds}",
                name=repr(name),
                fact_kinds=", ".join(sorted(FACT_KINDS)),
            )
        )
    return FACT_KINDS[name]


def insert_only() -> dict[Table, str]:
    """Return the tables whose rows the database itself refuses to change or delete, and what it says to do instead."""
    return INSERT_ONLY_RECORDS | dict.fromkeys((kind.table for kind in FACT_KINDS.values()), CORRECT_INSTEAD)
