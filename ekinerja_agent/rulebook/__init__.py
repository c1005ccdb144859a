"""The rule files of one directory into a RuleBook with citations and a digest.

Promises that rules are right as a whole or refused with every problem of every file, and that the digest
changes with any value, date or source and with nothing else. Does not know how a rule is applied, nor which
one a regency chose.

`dated`, `files` and `profile_file` (with `deductions` and `payment`) say what may stand in each file, `load` reads a
directory, `build` turns it into the nouns of `rules/`, `digest` names their meaning, `doubts` finds what a profile
cannot promise, `adoption` what no decree has adopted, `differences` what two sets of rules say otherwise, `shipped`
which files are this program's own, `proposal` writes a year's holidays for a person to keep.
"""

from __future__ import annotations

from ekinerja_agent.rulebook.adoption import short_lived, short_lived_sentence, unadopted, unadopted_schedules
from ekinerja_agent.rulebook.differences import Difference, differences
from ekinerja_agent.rulebook.digest import canonical_text
from ekinerja_agent.rulebook.doubts import fairness_doubts
from ekinerja_agent.rulebook.files import RULE_FILES
from ekinerja_agent.rulebook.load import ADOPTED, Rules, load_rulebook, survey_rules

__all__ = [
    "ADOPTED",
    "RULE_FILES",
    "Difference",
    "Rules",
    "canonical_text",
    "differences",
    "fairness_doubts",
    "load_rulebook",
    "short_lived",
    "short_lived_sentence",
    "survey_rules",
    "unadopted",
    "unadopted_schedules",
]
