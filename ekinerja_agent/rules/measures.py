"""Plans, indicators, workload and accountability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SAKIP_ASPECTS: Final = (
    "rencana_strategis",
    "perjanjian_kinerja",
    "pengukuran_kinerja",
    "pengelolaan_data",
    "pelaporan_kinerja",
    "reviu_evaluasi",
)
"""Of accountability: strategic plan, performance agreement, measurement, data management, reporting, review."""


@dataclass(frozen=True, slots=True)
class PlanEffect:
    """What a plan costs the person who answers for it, in ppm of the performance part, for each month.

    `critical_ppm` for one that is critical, `late_ppm` for one that is late, `most_ppm` for all plans of a person.
    """

    critical_ppm: int
    late_ppm: int
    most_ppm: int


@dataclass(frozen=True, slots=True)
class PlanRule:
    """How plans (RPOK) are judged: how far behind, in ppm of the plan, is on track still, and then attention still.

    `gap_ppm` is how far physical and financial realisation may lie apart. `effect` None: plans cost nobody anything.
    """

    on_track_behind_ppm: int
    attention_behind_ppm: int
    gap_ppm: int
    effect: PlanEffect | None


@dataclass(frozen=True, slots=True)
class IndicatorPart:
    """An indicator as a part of the performance score: its code, whose it is (`person` or `unit`), and its weight."""

    code: str
    of: str
    weight_ppm: int


BUDGET_ABSORPTION = "budget_absorption"
"""The indicator that is worked out of the unit's plans and never imported: realised over budget."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """The performance score as a sum: `work_ppm` of minutes or rating, and the parts; together WHOLE_PPM."""

    work_ppm: int
    parts: tuple[IndicatorPart, ...]


@dataclass(frozen=True, slots=True)
class LoadClass:
    """A class of effectiveness: from `from_ppm` of a full load on."""

    code: str
    from_ppm: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Workload analysis (ABK): the minutes that one person works in a year, and how often a year has each `times`.

    `classes` descend, the last begins with 0. `logged_day_minutes` is the most that counts of a present day's logged
    minutes.
    """

    year_minutes: int
    times: Mapping[str, int]
    classes: tuple[LoadClass, ...]
    logged_day_minutes: int


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade for more than `above_ppm` of the points; None: for all that is left."""

    code: str
    above_ppm: int | None


@dataclass(frozen=True, slots=True)
class Sakip:
    """Accountability (SAKIP): weights of the aspects, together WHOLE_PPM; grades from the best down; what is aimed for.

    `target` is the grade that `target_share_ppm` of the units should have, or a better one.
    """

    weights_ppm: Mapping[str, int]
    grades: tuple[Grade, ...]
    target: str
    target_share_ppm: int
