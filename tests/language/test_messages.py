"""A message is English text with a key: values come out letter by letter in every language, whatever they look like."""

from __future__ import annotations

import copy
import gettext
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.locale.language import translate_to
from ekinerja_agent.nouns.errors import Problem, ProblemsFound, Refused
from ekinerja_agent.nouns.messages import (
    Message,
    as_json,
    as_message,
    both,
    either,
    from_json,
    joined,
    pack,
    plural,
    unpack,
)
from ekinerja_agent.nouns.status_words import status_word

KNOWN = {
    "the file is gone": "berkasnya hilang",
    "row {row} is wrong; mend it": "baris {row} salah; perbaiki",
    "{who} entered {what}": "{what} dimasukkan {who}",
    "not stored: {why}": "tidak disimpan: {why}",
    "{{braces}} stay": "{{kurung}} tetap",
    "{one} or {other}": "{one} atau {other}",
    "{one} and {other}": "{one} dan {other}",
}


class Words(gettext.NullTranslations):
    """A catalogue of a few templates."""

    def gettext(self, message: str) -> str:
        return KNOWN.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002
        return {"{number} day": "{number} hari"}.get(msgid1, msgid2)


def other(message: Message) -> str:
    return message.translated(Words())


def test_a_message_is_its_english_text_and_keeps_its_key() -> None:
    message = Message("row {row} is wrong; mend it", row=3)
    assert message == "row 3 is wrong; mend it"
    assert f"{message}!" == "row 3 is wrong; mend it!"
    assert type(str(message)) is str
    assert json.dumps([message]) == '["row 3 is wrong; mend it"]'
    assert (message.template, message.values) == ("row {row} is wrong; mend it", {"row": "3"})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Message("the file is gone"), "berkasnya hilang"),
        (Message("row {row} is wrong; mend it", row=3), "baris 3 salah; perbaiki"),
        (Message("{who} entered {what}", who="ana", what=7), "7 dimasukkan ana"),
        (Message("not stored: {why}", why=Message("the file is gone")), "tidak disimpan: berkasnya hilang"),
        (Message("not stored: {why}", why=Refused(Message("the file is gone"))), "tidak disimpan: berkasnya hilang"),
        (Message("not stored: {why}", why=OSError("the file is gone")), "tidak disimpan: the file is gone"),
        (Message("not stored: {why}", why="the file is gone"), "tidak disimpan: the file is gone"),
        (Message("{{braces}} stay"), "{kurung} tetap"),
        (Message("nobody knows {what}", what="this"), "nobody knows this"),
        (plural("{number} day", "{number} days", 1), "1 hari"),
        (plural("{number} day", "{number} days", 2), "2 hari"),
        (joined("; ", (Message("the file is gone"), "the file is gone")), "berkasnya hilang; the file is gone"),
        (either(["csv", "xlsx", Message("the file is gone")]), "csv atau xlsx atau berkasnya hilang"),
        (both(["a", "b"]), "a dan b"),
        (both([]), ""),
        (either([]), ""),
        (joined("; ", ()), ""),
        (as_message("the file is gone"), "the file is gone"),
        (as_message(""), ""),
        (Message(""), ""),
        (
            Problem("a.csv", 3, 0, "nip", Message("the file is gone")).as_message(),
            "a.csv:3: nip: berkasnya hilang",
        ),
        (
            ProblemsFound([Problem("b.csv", 1, 2, "", Message("the file is gone"))]).message,
            "b.csv:1:2: berkasnya hilang",
        ),
    ],
)
def test_only_our_own_sentences_are_translated(message: Message, text: str) -> None:
    assert other(message) == text


def test_english_has_two_numbers() -> None:
    assert [str(plural("{number} day", "{number} days", number)) for number in (0, 1, 2)] == [
        "0 days",
        "1 day",
        "2 days",
    ]


def test_a_sentence_parts_where_its_template_does_and_nowhere_else() -> None:
    message = Message("row {row} is wrong; mend it", row="a; b")
    found, what_to_do = message.halves()
    assert what_to_do is not None
    assert (found, what_to_do) == ("row a; b is wrong", "mend it")
    assert (other(found), other(what_to_do)) == ("baris a; b salah", "perbaiki")
    assert Message("not stored: {why}", why="a; b").halves() == ("not stored: a; b", None)
    placed, rest = joined(": ", ("a; b", message)).halves()
    assert rest is not None
    assert (placed, other(placed), other(rest)) == ("a; b: row a; b is wrong", "a; b: baris a; b salah", "perbaiki")


VALUES = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["{row}", "{{row}}", "the file is gone", '["{row}", {}]', "%(row)s", "\\1", ""]
)


@given(VALUES)
def test_whatever_is_inserted_comes_out_letter_by_letter(value: str) -> None:
    message = Message("not stored: {why}", why=value)
    assert str(message) == f"not stored: {value}"
    assert other(message) == f"tidak disimpan: {value}"


@given(VALUES, VALUES)
def test_a_message_that_was_kept_is_the_same_message(one: str, another: str) -> None:
    inner = Message("{who} entered {what}", who=one, what=another)
    message = joined("\n", (inner, another, plural("{number} day", "{number} days", 2)))
    for same in (
        unpack(pack(message)),
        from_json(json.loads(json.dumps(as_json(message)))),
        pickle.loads(pickle.dumps(message)),  # noqa: S301  # our own bytes
        copy.deepcopy(message),
    ):
        assert (same, other(same), as_json(same)) == (message, other(message), as_json(message))


@given(VALUES | st.text('[]{}",:ab0 ', max_size=12))
def test_text_that_was_kept_is_the_same_text_whatever_it_looks_like(text: str) -> None:
    kept = unpack(pack(text))
    assert (kept, other(kept)) == (text, text)


@pytest.mark.parametrize("text", ['["', '["a"]', '["{x}", {}]', '["a", {"x": 1}]', '["a", {}, "b"]', "[" * 5000, ""])
def test_what_is_no_message_is_text(text: str) -> None:
    assert unpack(text) == text
    assert other(unpack(text)) == text


def test_a_template_of_a_newer_version_is_shown_in_english() -> None:
    assert translate_to("id")(unpack('["never {x} said", {"x": "so"}]')) == "never so said"


def test_an_error_carries_its_message_through_a_process() -> None:
    error = pickle.loads(pickle.dumps(Refused(Message("the file is gone"))))  # noqa: S301  # our own bytes
    assert (str(error), other(error.message), error.args[0].template) == (
        "the file is gone",
        "berkasnya hilang",
        "the file is gone",
    )


def test_a_value_without_a_place_is_no_mistake_but_a_place_without_a_value_is() -> None:
    assert Message("the file is gone", path=Path("a")) == "the file is gone"
    with pytest.raises(KeyError):
        Message("{path} is gone")


def test_a_status_has_a_word_and_an_unknown_one_stays() -> None:
    indonesian = translate_to("id")
    assert indonesian(status_word("closed")) == "ditutup"
    assert indonesian(status_word("the file is gone")) == "the file is gone"
