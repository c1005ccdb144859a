"""Lines of the service in the journal of this host; none where there is no journal, or it may not be read."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime

UNIT = "ekinerja-agent"
_AT_MOST_S = 20
_LINES = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and when the journal took it."""

    at: datetime
    text: str


def lines(holding: str) -> list[Line]:
    """Given a word, return the newest lines of the service that hold it, at most 400."""
    program = shutil.which("journalctl")
    if program is None:
        return []
    asked = [program, f"--unit={UNIT}", f"--grep={holding}", "--output=json", f"--lines={_LINES}", "--quiet"]
    try:
        answer = subprocess.run(asked, capture_output=True, timeout=_AT_MOST_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = []
    for raw in answer.stdout.splitlines():
        try:
            entry = json.loads(raw)
            at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1_000_000, UTC)
            found.append(Line(at, str(entry["MESSAGE"])))
        except (ValueError, TypeError, KeyError):
            continue
    return found
