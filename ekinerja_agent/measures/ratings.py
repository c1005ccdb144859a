"""The predicate of a rating, worked out of result and behaviour: PermenPANRB 6/2022 and PP 30/2019.

Exact: values have at most two decimals and are whole hundredths. Does not know what a predicate is worth. Source:
regulations section 6.
"""

from __future__ import annotations

import re
from typing import Final

from ekinerja_agent.nouns.messages import Message

PREDICATES: Final = ("sangat_baik", "baik", "butuh_perbaikan", "cukup", "kurang", "sangat_kurang")
MODES: Final = {"70/30": (70, 30), "60/40": (60, 40)}
"""Shares of result (SKP) and behaviour in percent; 60/40 is that of the 360-degree review."""
LEVELS: Final = ("di_atas", "sesuai", "di_bawah")
_PREDICATES_OF: Final = {
    "panrb6": ("sangat_baik", "baik", "butuh_perbaikan", "kurang", "sangat_kurang"),
    "pp30": ("sangat_baik", "baik", "cukup", "kurang", "sangat_kurang"),
}
_MOST: Final = 120_00
_NUMBER = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?")


class RatingError(ValueError):
    """A value that the scheme does not know; `column` says which."""

    def __init__(self, column: str, message: Message) -> None:
        super().__init__(message)
        self.column = column


def predicate_of(scheme: str, result: str, behaviour: str, *, mode: str = "70/30", new_idea: bool = False) -> str:
    """Given a scheme (panrb6, pp30), result and behaviour as written, return the predicate. Raise RatingError.

    panrb6 takes the words LEVELS. pp30 takes numbers from 0 to 120 with at most two decimals, weighted by `mode`;
    very good begins at 110 and needs a new idea.
    """
    if scheme == "panrb6":
        return _by_matrix(_level("result", result), _level("behaviour", behaviour))
    skp, conduct = MODES[mode]
    # Hundredths of a point times percent: exact.
    score = _hundredths("result", result) * skp + _hundredths("behaviour", behaviour) * conduct
    return _by_points(score, new_idea=new_idea)


def schemes_of(predicate: str) -> tuple[str, ...]:
    """Given a predicate, return the schemes that know it."""
    return tuple(scheme for scheme, known in _PREDICATES_OF.items() if predicate in known)


def squares_of(predicate: str) -> tuple[tuple[str, str], ...]:
    """Given a predicate, return the squares (result, behaviour) of the matrix of panrb6 that have it; none: not one."""
    return tuple(
        (result, behaviour) for result in LEVELS for behaviour in LEVELS if _by_matrix(result, behaviour) == predicate
    )


def check_value(scheme: str, column: str, text: str) -> None:
    """Given the column result or behaviour as written, raise RatingError where the scheme does not know the value."""
    if scheme == "panrb6":
        _level(column, text)
    else:
        _hundredths(column, text)


def _by_matrix(result: str, behaviour: str) -> str:
    if behaviour == "di_bawah":
        return "sangat_kurang" if result == "di_bawah" else "kurang"
    if result == "di_bawah":
        return "butuh_perbaikan"
    return "sangat_baik" if (result, behaviour) == ("di_atas", "di_atas") else "baik"


def _by_points(score: int, *, new_idea: bool) -> str:
    point = 100 * 100
    if score >= 110 * point and new_idea:
        return "sangat_baik"
    for least, predicate in ((90, "baik"), (70, "cukup"), (50, "kurang")):
        if score >= least * point:
            return predicate
    return "sangat_kurang"


def _level(column: str, text: str) -> str:
    if text not in LEVELS:
        raise RatingError(
            column, Message("{text}; allowed with panrb6: {levels}", text=repr(text), levels=", ".join(LEVELS))
        )
    return text


def _hundredths(column: str, text: str) -> int:
    found = _NUMBER.fullmatch(text)
    number = int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else _MOST + 1
    if number > _MOST:
        raise RatingError(
            column,
            Message("{text}; allowed with pp30: a number from 0 to 120 with at most two decimals", text=repr(text)),
        )
    return number
