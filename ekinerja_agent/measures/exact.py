"""One rounding for all measures: half up, of exact whole numbers. Does not know what is counted."""

from __future__ import annotations


def half_up(part: int, whole: int) -> int:
    """Given a fraction that is not negative, return the nearest whole number, a half going up."""
    return (2 * part + whole) // (2 * whole)
