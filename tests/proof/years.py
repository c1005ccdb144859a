"""Rules for whatever year a test runs in, where the shipped ones name holidays up to a year that ends.

Does not know any real decree: New Year's Day is the only holiday.
"""

from __future__ import annotations

import json
from pathlib import Path


def know_the_years(rules: Path, *years: int) -> None:
    """Let the rules in a directory know these years, and the Ramadan of the first."""
    for each in years:
        holiday = {"date": f"{each}-01-01", "kind": "libur_nasional", "name": "Tahun Baru"}
        holidays = {"source": "SKB", "mark": "V", "holidays": [holiday]}
        (rules / "holidays" / f"{each}.yaml").write_text(json.dumps(holidays))
    month = {"first": f"{years[0]}-02-18", "last": f"{years[0]}-03-19", "source": "sidang isbat", "mark": "V"}
    (rules / "ramadan.yaml").write_text(json.dumps({"ramadan": [month]}))
