"""SAKIP: six aspects of an organisation's accountability become points, a grade, and the way to the target.

There is no total before every aspect is told. Exact; an exact limit belongs to the lower grade. Source of the grades:
regulations section 6. Does not know units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ekinerja_agent.measures.exact import half_up
from ekinerja_agent.rules import WHOLE_PPM, Sakip

HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A unit's year. `points` of 100, exact; None, like the rest, while an aspect is `missing`.

    `distance` is how many points lie between the unit and the limit that it must pass (0 on the limit itself, which is
    not yet past it); `reached` tells whether the grade is the target or better.
    """

    missing: tuple[str, ...]
    points: Fraction | None
    grade: str | None
    distance: Fraction | None
    reached: bool


def evaluate(scores_e2: Mapping[str, int], rule: Sakip) -> Evaluation:
    """Given hundredths of points (0 to 10,000) by aspect, return the evaluation by the weights of the rule."""
    missing = tuple(aspect for aspect in rule.weights_ppm if aspect not in scores_e2)
    if missing:
        return Evaluation(missing, None, None, None, reached=False)
    weighted = sum(weight * scores_e2[aspect] for aspect, weight in rule.weights_ppm.items())
    points = Fraction(weighted, WHOLE_PPM * HUNDREDTHS)
    limit = Fraction(_target_ppm(rule) * HUNDREDTHS, WHOLE_PPM)
    reached = points > limit
    return Evaluation((), points, grade_of(points, rule), max(limit - points, Fraction(0)), reached)


def grade_of(points: Fraction, rule: Sakip) -> str:
    """Given points of 100, return the grade; who stands exactly on a limit has the lower one."""
    for grade in rule.grades:
        if grade.above_ppm is None or points * WHOLE_PPM > grade.above_ppm * HUNDREDTHS:
            return grade.code
    return rule.grades[-1].code


@dataclass(frozen=True, slots=True)
class Share:
    """Of `graded` units `reached` have the target grade or a better one; `ungraded` have aspects missing.

    `ppm` is reached over graded, rounded half up; None without any. `enough` tells whether the wanted share is met.
    """

    graded: int
    ungraded: int
    reached: int
    ppm: int | None
    enough: bool


def share_at_target(evaluations: Iterable[Evaluation], rule: Sakip) -> Share:
    """Given the evaluations of units, return the share that is at the target, against the share that is wanted."""
    listed = list(evaluations)
    graded = sum(one.points is not None for one in listed)
    reached = sum(one.reached for one in listed)
    ppm = half_up(reached * WHOLE_PPM, graded) if graded else None
    enough = graded > 0 and reached * WHOLE_PPM >= rule.target_share_ppm * graded
    return Share(graded, len(listed) - graded, reached, ppm, enough)


def _target_ppm(rule: Sakip) -> int:
    return next(grade.above_ppm or 0 for grade in rule.grades if grade.code == rule.target)
