"""Exact arithmetic: integers only, rounded half up, once. Does not know what is counted."""

from __future__ import annotations

import polars as pl

from ekinerja_agent.rules import PPM_PER_PERCENT


def wide(expr: pl.Expr) -> pl.Expr:
    """Given a whole number, return it as Int128: rupiah times two shares times minutes need it."""
    return expr.cast(pl.Int128)


def round_half_up(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Given an exact fraction that is not negative, return the nearest whole number (Int64), a half going up.

    The numerator is Int128 (see `wide`); the denominator is positive.
    """
    divisor = wide(pl.lit(denominator) if isinstance(denominator, int) else denominator)
    return ((2 * numerator + divisor) // (2 * divisor)).cast(pl.Int64)


def percent_text(ppm: int) -> str:
    """Given parts per million, return percent as the shortest exact text: 897_500 -> `89.75`, 1_000_000 ->
    `100`.

    One ppm is 0.0001 %, so four decimals always suffice and nothing is rounded.
    """
    whole, rest = divmod(abs(ppm), PPM_PER_PERCENT)
    text = f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
    return f"-{text}" if ppm < 0 else text
