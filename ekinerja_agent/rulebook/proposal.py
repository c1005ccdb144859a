"""A year's holidays as the package `holidays` knows them, as YAML for a person to read, mend and keep.

Promises only a proposal: the decree of the three ministers (SKB 3 Menteri) decides, scoring reads the kept
file, and an upgrade of the package never changes an old month. The package is imported here and nowhere else.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.metadata import version
from typing import Final

import holidays

from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

FIRST_YEAR: Final = 1969  # before it, years had holidays by denomination
LAST_YEAR: Final = 2100
ESTIMATED: Final = "(perkiraan)"


def propose_holidays(year: int) -> str:
    """Given a year, return the text of its holidays file: national holidays and cuti bersama with source.

    Estimated dates are marked I, and say so. Raise WrongUsage for a year that the package cannot know.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise WrongUsage(
            Message(
                "{year} was asked for; holidays can be proposed from {first} to {last}",
                year=year,
                first=FIRST_YEAR,
                last=LAST_YEAR,
            )
        )
    national = _known(year, "public")
    collective = {day: name for day, name in _known(year, "government").items() if day not in national}
    source = (
        f"proposed by the package holidays {version('holidays')} from its categories public and government; "
        f"SKB 3 Menteri for {year}"
    )
    lines = [f"# National holidays and cuti bersama {year}. Compare with the decree (SKB 3 Menteri), then keep."]
    if not collective:
        lines.append(f"# The package knows no cuti bersama of {year}: the decree may not be out yet.")
    lines += [f"source: {_quoted(source)}", "mark: S", "holidays:"]
    rows = [(day, "libur_nasional", name) for day, name in national.items()]
    rows += [(day, "cuti_bersama", name) for day, name in collective.items()]
    lines += [_entry(*row) for row in sorted(rows)]
    return "\n".join(lines) + "\n"


def _known(year: int, category: str) -> dict[date, str]:
    return dict(holidays.country_holidays("ID", years=year, categories=(category,), language="id"))


def _entry(day: date, kind: str, name: str) -> str:
    entry = f"  - {{date: {day}, kind: {kind}, name: {_quoted(name)}"
    if ESTIMATED in name:
        entry += ', source: "estimated by computation, not decided", mark: I'
    return entry + "}"


def _quoted(text: str) -> str:
    # A JSON string is a YAML string in double quotes.
    return json.dumps(text, ensure_ascii=False)
