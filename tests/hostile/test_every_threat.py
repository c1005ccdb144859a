"""No threat is without a test that names it, and no test names one that nobody wrote down."""

from __future__ import annotations

import re
from pathlib import Path

THREATS = range(1, 46)
"""The attacks that succeeded on the first version; SECURITY.md tells who tries them and what each can reach now."""


def test_every_threat_is_named_by_a_test() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    named = {int(number) for text in texts for number in re.findall(r"^\s*(?:async )?def test_t(\d+)_", text, re.M)}
    assert named == set(THREATS)
