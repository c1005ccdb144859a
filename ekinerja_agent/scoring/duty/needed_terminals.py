"""Which terminals each duty waits for: those of the person on the day that the duty starts.

Does not know what they recorded, nor when they could not.
"""

from __future__ import annotations

import polars as pl

from ekinerja_agent.scoring.duty.schedule import Roster
from ekinerja_agent.scoring.frames.steps import collect, covers


def needed_terminals(roster: Roster, duty_terminals: pl.DataFrame) -> pl.DataFrame:
    """Given DUTY_TERMINALS, return the terminals of each duty: duty, plan, terminal."""
    return collect(
        roster.duties.lazy()
        .select("duty", "nip", "date", "plan")
        .join(duty_terminals.lazy(), on="nip", how="inner")
        .filter(covers("date"))
        .select("duty", "plan", "terminal")
        .unique()
    )
