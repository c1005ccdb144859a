"""A list in a file gets more items, and what a person wrote there stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.yamlfile.appending import with_items

NEW = {"id": "hall", "office": "0012", "address": "10.0.0.1:4370", "timezone": "Asia/Makassar"}
WRITTEN = """\
  - id: hall
    office: '0012'
    address: 10.0.0.1:4370
    timezone: Asia/Makassar
"""
BRACKETS = ["terminals: []\n", '{"terminals": [{"id": "a"}]}', "terminals: [{id: a},]  # one\n"]
OTHERWISE = ["- a\n", "terminals: text\n", "terminals:\n  a: b\n", "a: [\n", "a: 1\n---\nb: 1\n"]
FLAT = "terminals:\n  - {id: a, office: X}\n"
COMMENTED = "# all of them\nterminals:\n  - id: a   # the first\n    office: X\n    # comm_key_file: keys/a\n"


def read(text: str) -> dict[str, Any]:
    """All scalars as text, as the program reads them."""
    tree: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes text alone
    return tree


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{COMMENTED}\n# end\n", f"{COMMENTED}{WRITTEN}\n# end\n"),
        (f"  {FLAT}  other: 1\n", f"  {FLAT}{WRITTEN}  other: 1\n"),
        ("terminals:\n  - id: a\n    office: X", f"terminals:\n  - id: a\n    office: X\n{WRITTEN}"),
        ("terminals:\n", f"terminals:\n{WRITTEN}"),
        ("# nothing yet\n", f"# nothing yet\nterminals:\n{WRITTEN}"),
        ("", f"terminals:\n{WRITTEN}"),
    ],
)
def test_new_items_come_behind_the_last_one_as_a_person_would_write_them(before: str, after: str) -> None:
    assert with_items(before, "terminals", [NEW]) == after


@pytest.mark.parametrize("before", BRACKETS)
def test_in_brackets_they_stay_in_brackets(before: str) -> None:
    after = with_items(before, "terminals", [NEW])
    assert after is not None
    assert "\n  -" not in after
    assert read(after)["terminals"][-1] == NEW
    assert ("# one" in before) == ("# one" in after)


@pytest.mark.parametrize("before", OTHERWISE)
def test_where_it_cannot_be_done_without_changing_anything_nothing_is_made(before: str) -> None:
    assert with_items(before, "terminals", [NEW]) is None


WORDS = st.text(st.sampled_from("aB1:#-'\"{}[],&*!|>%@` .\\~nulyeso0"), min_size=1, max_size=12)
ITEMS = st.lists(st.dictionaries(WORDS, WORDS, min_size=1, max_size=4), min_size=1, max_size=3)


@given(
    old=st.lists(st.dictionaries(WORDS, WORDS, max_size=3), max_size=4), new=ITEMS, flow=st.sampled_from([None, True])
)
def test_any_text_comes_back_as_it_was_given(
    old: list[dict[str, str]], new: list[dict[str, str]], flow: bool | None
) -> None:
    before = yaml.safe_dump({"first": "1", "list": old, "z": "2"}, default_flow_style=flow, sort_keys=False)
    after = with_items(before, "list", new)
    assert after is not None
    assert read(after) == {"first": "1", "list": [*old, *new], "z": "2"}
    assert json.dumps(old) == json.dumps(read(before)["list"] or [])
