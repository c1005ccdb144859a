"""What was said in English comes out in another language with everything that was inserted, letter by letter."""

from __future__ import annotations

import gettext
import re

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ekinerja_agent.cli import cli
from ekinerja_agent.locale.language import LOCALE_DIR, SPOKEN_DOMAINS, sentences
from ekinerja_agent.locale.sentences import Sentences, pieces
from tests.proof.sentences import constants, helped, said, said_by_click, said_in

INDONESIAN = sentences("id")


def catalogue() -> dict[str, str]:
    found: dict[str, str] = {}
    for domain in SPOKEN_DOMAINS:
        with (LOCALE_DIR / "id" / "LC_MESSAGES" / f"{domain}.mo").open("rb") as file:
            stored = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        found |= {key: text for key, text in stored.items() if key}
    return found


CATALOGUE = catalogue()


def places(template: str) -> list[int]:
    return sorted(part[0] for part in pieces(template) if not isinstance(part, str))


def filled(template: str, values: list[str]) -> str:
    return "".join(part if isinstance(part, str) else values[part[0]] for part in pieces(template))


def test_every_sentence_of_every_command_has_an_indonesian_entry() -> None:
    wanted = {each.template for each in said()} | set(helped(cli)) | set(said_by_click())
    assert len(wanted) > 900
    assert wanted - CATALOGUE.keys() == set(), "see scripts/translations --missing"


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    known = {each.template for each in said()} | set(helped(cli)) | set(said_by_click(composed=True))
    assert CATALOGUE.keys() - known - constants() == set()


def test_a_translation_has_the_places_of_its_sentence() -> None:
    for english, indonesian in CATALOGUE.items():
        assert places(english) == places(indonesian), english


def test_names_of_commands_and_files_stay_as_they_are_typed() -> None:
    typed = re.compile(r"`(?:ekinerja-agent )?[a-z]+[a-z -]*`|--[a-z-]+|[a-z]+\.yaml|feed_\w+")
    for english, indonesian in CATALOGUE.items():
        for word in typed.findall(english):
            if word != "`key: value`":
                assert word in indonesian, english


VALUES = st.lists(st.text("ABab09_-./:'\"()=%", min_size=1, max_size=8), min_size=10, max_size=10)
PART_LETTERS = 12
"""A template with fewer is a part of others; inserted values can make it look like one of them."""


@settings(max_examples=15, phases=[Phase.generate])
@given(VALUES)
def test_whatever_is_inserted_comes_back_in_the_translation(drawn: list[str]) -> None:
    values = [f"{value}§{number}" for number, value in enumerate(drawn)]
    for template, translation in CATALOGUE.items():
        letters = re.sub(r"\{\d+\}|[^A-Za-z]", "", template)
        if "}{" not in template and len(letters) >= PART_LETTERS:
            assert INDONESIAN(filled(template, values)) == filled(translation, values)


@given(st.text())
def test_any_text_is_answered_and_what_nobody_knows_stays(text: str) -> None:
    assert isinstance(INDONESIAN(text), str)
    assert Sentences({"never {0} said": "tidak pernah {0} dikatakan"})(f"§{text}") == f"§{text}"


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("the file is gone", "berkasnya hilang"),
        ("a.csv:3: the file is gone", "a.csv:3: berkasnya hilang"),
        ("row 3 is wrong", "baris 3 salah"),
        ("not stored: row 3 is wrong", "tidak disimpan: baris 3 salah"),
        ("not stored: the disk said so", "tidak disimpan: the disk said so"),
        ("row 3 is wrong; the file is gone", "baris 3 salah; berkasnya hilang"),
        ("row 3 is wrong\nnobody knows this\nthe file is gone", "baris 3 salah\nnobody knows this\nberkasnya hilang"),
        ("4 of 5", "4 of 5"),
        ("  name=1     row 3 is wrong", "  name=1     baris 3 salah"),
        (
            "not stored: \n  a   4 of 5\n  b   the file is gone",
            "tidak disimpan: \n  a   4 of 5\n  b   berkasnya hilang",
        ),
        ("{braces} stay", "{kurung} tetap"),
    ],
)
def test_sentences_in_sentences(english: str, other: str) -> None:
    spoken = Sentences(
        {
            "the file is gone": "berkasnya hilang",
            "row {0} is wrong": "baris {0} salah",
            "not stored: {0}": "tidak disimpan: {0!t}",
            "{0} of {1}": "{0} dari {1}",
            "{{braces}} stay": "{{kurung}} tetap",
        }
    )
    assert spoken(english) == other


def test_the_order_of_places_may_change() -> None:
    assert Sentences({"{0} entered by {1}": "{1} memasukkan {0}"})("7 entered by ana") == "ana memasukkan 7"


def test_a_value_that_is_like_a_sentence_stays_unless_it_is_ours() -> None:
    catalogue = {"the file is gone": "berkasnya hilang", "unit {0} is closed": "unit {0} ditutup"}
    assert Sentences(catalogue)("unit the file is gone is closed") == "unit the file is gone ditutup"


def test_templates_are_read_from_the_source() -> None:
    source = '''
def f(n, error):
    """A docstring that is not said."""
    why = "it is full" if n else "it is away"
    raise Wrong(f"{n} of {{x}}: {why}; " + f"see {error!r} now")

def g(day, unit):
    tell(f"nothing on {day:%Y}{f' in {unit}' if unit else ''} was {', '.join(day) or 'seen there'}")
'''
    assert {each.template for each in said_in(source, "f.py")} == {
        "it is full",
        "it is away",
        "{0} of {{x}}: it is full; see {1} now",
        "{0} of {{x}}: it is away; see {1} now",
        "nothing on {0} in {1} was {2}",
        "nothing on {0} was {1}",
        "nothing on {0} in {1} was seen there",
        "nothing on {0} was seen there",
        " in {0}",
        "seen there",
    }
