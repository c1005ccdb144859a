"""Words that several reports have for the same thing: the status of a score, a band of scores, the state of a day."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.locale.language import msgid
from ekinerja_agent.nouns.scorecard import ScoreStatus
from ekinerja_agent.reports.figures import Band, two_decimals

STATUSES: dict[str, str] = {
    ScoreStatus.DRAFT: msgid("draft"),
    ScoreStatus.PENDING: msgid("pending"),
    ScoreStatus.PUBLISHED: msgid("published"),
}


def band_label(band: Band, written: Formats) -> str:
    """Given a band of scores, return it as `100%`, `90–<95%` or `<80%`."""
    if band.ceiling_pct is None:
        return written.percent(str(band.floor_pct))
    if band.floor_pct == 0:
        return f"<{band.ceiling_pct}%"
    return f"{band.floor_pct}–<{band.ceiling_pct}%"


def bar_percent(written: Formats) -> Callable[[float], str]:
    """Given a language, return what writes the percentage at a chart's bar; the table beside it has all decimals."""
    return lambda pct: written.percent(two_decimals(Fraction(f"{pct:g}")))
