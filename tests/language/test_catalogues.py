"""Every sentence of the program stands in an Indonesian catalogue under its key, and the catalogues hold no other."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import ekinerja_agent
from ekinerja_agent.cli import cli
from ekinerja_agent.locale.language import LOCALE_DIR
from tests.proof.said import Said, helped, is_worded, places, said, said_by_click, said_in

PACKAGE = Path(ekinerja_agent.__file__).parent


@cache
def everything_said() -> list[Said]:
    return list(said())


def catalogue(domain: str) -> Catalog:
    with (LOCALE_DIR / "id" / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return read_po(file, locale="id")


def entries(domain: str) -> dict[object, list[str]]:
    return {
        one.id: [one.string] if isinstance(one.string, str) else list(one.string) for one in catalogue(domain) if one.id
    }


MESSAGES = entries("messages")


def keyed(templates: tuple[str, ...]) -> object:
    return templates[0] if len(templates) == 1 else templates


def test_a_message_is_made_of_a_text_in_the_source() -> None:
    """Only such a text can be looked up: no f-string, no name, nothing that is put together."""
    assert [one.place for one in everything_said() if one.templates is None] == []


def test_a_message_has_a_value_for_each_place_and_no_other() -> None:
    wrong = [
        one.place
        for one in everything_said()
        if one.templates and one.values is not None
        if any(not places(each) <= one.values for each in one.templates)
        or one.values - {"number"} - frozenset().union(*map(places, one.templates))
    ]
    assert wrong == []


def test_every_template_has_an_entry_and_every_entry_is_said() -> None:
    wanted = {keyed(one.templates) for one in everything_said() if one.templates and is_worded(one.templates[0])}
    assert len(wanted) > 1000
    assert wanted == MESSAGES.keys()


def test_every_page_of_help_has_an_entry_and_every_entry_is_shown() -> None:
    wanted = set(helped(cli))
    assert len(wanted) > 200
    assert wanted - MESSAGES.keys() == entries("help").keys()


def test_all_that_click_says_has_an_entry() -> None:
    assert set(said_by_click()) == entries("click").keys()


@pytest.mark.parametrize("domain", ["messages", "help", "click", "ekinerja"])
def test_every_entry_is_translated(domain: str) -> None:
    assert [key for key, texts in entries(domain).items() if not all(texts)] == []


def test_a_translation_has_the_places_of_its_template() -> None:
    for key, (indonesian,) in MESSAGES.items():
        english = key if isinstance(key, str) else key[-1]
        assert places(indonesian) == places(english), key


def test_a_place_is_a_name_and_nothing_else() -> None:
    """`str.format` knows more (`{a.b}`, `{n:,}`, `{x!r}`), and none of it is meant here."""
    for key, (indonesian,) in MESSAGES.items():
        for text in (indonesian, *([key] if isinstance(key, str) else key)):
            for _, name, form, conversion in Formatter().parse(text):
                assert name is None or (re.fullmatch("[a-z_][a-z0-9_]*", name) and not form and not conversion), text


def test_what_was_found_and_what_to_do_part_at_the_same_values_in_both_languages() -> None:
    """`doctor` shows both sides of the first `; ` in columns of their own."""
    for key, (indonesian,) in MESSAGES.items():
        if isinstance(key, str) and "; " in key:
            assert places(key.partition("; ")[0]) == places(indonesian.partition("; ")[0]), key


def test_a_translation_of_click_has_the_places_that_click_fills() -> None:
    def fields(text: str) -> set[tuple[str, str | None]]:
        return {(name, conversion) for _, name, _, conversion in Formatter().parse(text) if name}

    for key, (indonesian,) in entries("click").items():
        english = key if isinstance(key, str) else key[-1]
        assert fields(indonesian) == fields(english), key


@pytest.mark.parametrize("domain", ["messages", "help"])
def test_names_of_commands_and_files_stay_as_they_are_typed(domain: str) -> None:
    typed = re.compile(r"`(?:ekinerja-agent )?[a-z]+[a-z -]*`|--[a-z-]+|[a-z]+\.yaml|feed_\w+")
    for key, (indonesian,) in entries(domain).items():
        for word in typed.findall(key if isinstance(key, str) else key[0]):
            if word != "`key: value`":
                assert word in indonesian, key


def test_nobody_passes_english_of_ours_off_as_a_text_that_is_not() -> None:
    """`as_message("it is full")` would never be translated, and the types would not tell."""
    found = [
        f"{file.relative_to(PACKAGE)}:{node.lineno}"
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "as_message"
        for text in node.args
        if isinstance(text, ast.Constant | ast.JoinedStr) and re.search("[a-z]{2,} [a-z]{2,}", ast.unparse(text))
    ]
    assert found == []


_TO_TEXT = {"join", "format", "replace", "strip", "rstrip", "lower", "upper", "capitalize", "partition", "split"}


def texts_of_messages(source: str) -> list[int]:
    """The lines where a message is put into a text at once: its key is lost there."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.JoinedStr) and _makes(node))
        or (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Add)
            and any(map(_is_maker, (node.left, node.right)))
        )
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _TO_TEXT
            and any(map(_makes, [node.func.value, *node.args]))
        )
    ]


def _is_maker(node: ast.AST) -> bool:
    made = {"Message", "plural", "joined", "both", "either", "status_word"}
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made


def _makes(node: ast.AST) -> bool:
    return any(map(_is_maker, ast.walk(node)))


def test_no_message_is_made_text_on_its_way() -> None:
    assert texts_of_messages('x = f"{Message(\'a\')}"\ny = "; ".join((Message("a"), b))\nz = Message("a") + "b"') == [
        1,
        2,
        3,
    ]
    found = [
        f"{file.relative_to(PACKAGE)}:{line}"
        for file in PACKAGE.rglob("*.py")
        for line in texts_of_messages(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_templates_are_read_from_the_source() -> None:
    source = """
def f(n, error):
    raise Wrong(Message("{n} of {{x}}: " "{why}; see it", n=n, why=Message("it is full"), **more))

def g(day, unit):
    tell(Message("nothing" if unit else "all of it", day=day))
    tell(plural("{number} day", "{number} days", day), Message(f"no {text}"), because("{at} gone", at="at"))
"""
    found = [(one.templates, one.values and set(one.values), one.line) for one in said_in(source, "f.py")]
    assert found == [
        (("{n} of {{x}}: {why}; see it",), None, 3),
        (("it is full",), frozenset(), 3),
        (("nothing",), {"day"}, 6),
        (("all of it",), {"day"}, 6),
        (("{number} day", "{number} days"), {"number"}, 7),
        (None, frozenset(), 7),
        (("{at} gone",), {"at"}, 7),
    ]
