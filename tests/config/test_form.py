"""Whatever a file's form: a clear problem at its place, or the text as it was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekinerja_agent.config import survey_config
from ekinerja_agent.yamlfile import read_document

Problems = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "agent.yaml: the file is empty; it must hold `key: value` lines"),
        ("# only a comment\n", "agent.yaml: the file is empty; it must hold `key: value` lines"),
        ("- a\n- b\n", "agent.yaml:1:1: the file must be a group of `key: value` lines"),
        ("roles: [collect]\n\tprofile: hsu\n", "agent.yaml:2:1: a tab was found; indent with spaces"),
        (
            "profile: a: b\n",
            "agent.yaml:1:11: a second `: ` stands in one value, or the line is indented too far",
        ),
        ("profile: 'hsu\n", "agent.yaml:2:1: a quoted value begins here or before and never ends"),
        (
            "roles: [score]\n---\nroles: [web]\n",
            "agent.yaml:2:1: a second document starts here; a file holds one",
        ),
        ("profile: hsu\nprofile: hsu\n", "agent.yaml:2:1: profile: the key stands twice, first on line 1"),
        ("profile: &p hsu\n", "agent.yaml:1:10: profile: &p names a value for repeating; delete it"),
        ("profile: *p\n", "agent.yaml:1:10: profile: *p repeats another value; write the value out"),
        (
            "profile: !!str hsu\n",
            "agent.yaml:1:10: profile: the type tag tag:yaml.org,2002:str is not allowed",
        ),
        ("profile: !!python/object:os.system x\n", "agent.yaml:1:10: profile: the type tag"),
        ("? [a, b]\n: c\n", "agent.yaml:1:3: a key must be a plain word"),
        ('profile: "\\ud800"\n', "agent.yaml:1:10: profile: half of a character"),
        ('profile: "\\UFFFFFFFF"\n', "agent.yaml:1:1: this is not YAML ("),
        ("profile: " + "[" * 60, "agent.yaml:1:50: this is not YAML (more than 40 levels deep)"),
        (b"\xef\xbb\xbfprofile: hsu\n", "agent.yaml:1:1: the file starts with a byte order mark (BOM)"),
        ("profile: hsu".encode("utf-16"), "agent.yaml:1:1: the file is UTF-16; save it as UTF-8 without BOM"),
        (b"# caf\xc3\xa9\nprofile: caf\xe9\n", "agent.yaml:2:13: the byte 0xE9 is not UTF-8"),
        (b"profile: a\x07b\n", "agent.yaml:1:11: the control character U+0007 is not text; delete it"),
        (b"\r\nprofile: a\x00\n", "agent.yaml:2:11: the control character U+0000 is not text; delete it"),
    ],
)
def test_a_broken_form_is_told_at_its_place(problems: Problems, text: str | bytes, expected: str) -> None:
    assert [problem for problem in problems(text) if problem.startswith(expected)]


def test_a_missing_file_a_directory_and_a_pipe_are_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = [survey_config(path, {}).problems[0].message for path in (tmp_path / "none.yaml", tmp_path, pipe)]
    assert found == [
        "there is no such file",
        "this is a directory; a YAML file is needed",
        "this is not a plain file; a YAML file is needed",
    ]


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 300)
    assert survey_config(long, {}).problems[0].message == "the file cannot be read (File name too long)"


def test_a_very_large_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_bytes(b"#" * (16 * 1024 * 1024 + 1))
    assert "larger than 16 MiB" in str(survey_config(path, {}).problems[0])


def test_nothing_is_guessed(write: Callable[..., Path]) -> None:
    path = write("x.yaml", "a: 16:00\nb: 0123\nc: no\nd: 1_000\ne: 2026-01-01\nf: 'null'\ng: null\nh:\ni: ~\nj: 1e3\n")
    document, found = read_document(path, environ={})
    assert found == []
    assert document is not None
    assert document.tree == {
        "a": "16:00",
        "b": "0123",
        "c": "no",
        "d": "1_000",
        "e": "2026-01-01",
        "f": "null",
        "g": None,
        "h": None,
        "i": None,
        "j": "1e3",
    }


def test_environment_variables_are_substituted_in_values_only(write: Callable[..., Path]) -> None:
    path = write("x.yaml", "a: ${ONE}-${TWO}\nb: $${ONE} $5 $$\nc: '${ONE}'\n${ONE}: ${EMPTY}\n")
    document, found = read_document(path, environ={"ONE": "x: y", "TWO": "*z", "EMPTY": ""})
    assert found == []
    assert document is not None
    assert document.tree == {"a": "x: y-*z", "b": "${ONE} $5 $$", "c": "x: y", "${ONE}": ""}


def test_what_is_wrong_with_a_variable_is_told_once_and_at_its_place(problems: Problems) -> None:
    found = problems(
        "roles: [collect]\nprofile: ${NOT_THERE}\nrules: ${}\ncentral: {url: 'a${B'}\ndevices: devices.yaml\n"
    )
    assert found == [
        "agent.yaml:2:10: profile: the environment variable NOT_THERE is not set",
        "agent.yaml:3:8: rules: '${}' was found; ${NAME} is allowed, or $${ for the characters themselves",
        "agent.yaml:4:16: central.url: '${B' was found; ${NAME} is allowed, or $${ for the characters themselves",
    ]


def test_the_value_of_a_variable_is_never_shown(problems: Problems) -> None:
    (problem,) = problems("devices: devices.yaml\npoll: {every: '${SECRET}'}\n", SECRET="hunter2")
    assert problem.startswith("agent.yaml:2:15: poll.every: the value of '${SECRET}' was found; a duration")


YAML_LIKE = st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,?~ \n\t\\$01\ud7ff\u2028é\x85\ufeff", max_size=60)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(YAML_LIKE, st.text(max_size=40)),
    prefix=st.sampled_from(["", "terminals:\n- ", "roles: ", "%YAML "]),
)
def test_any_text_is_a_configuration_or_problems(tmp_path: Path, text: str, prefix: str) -> None:
    (tmp_path / "agent.yaml").write_bytes(f"{prefix}{text}\ndevices: d.yaml\n".encode(errors="replace"))
    (tmp_path / "d.yaml").write_bytes(f"{prefix}{text}".encode(errors="replace"))
    survey = survey_config(tmp_path / "agent.yaml", {})
    assert (survey.config is None) == bool(survey.problems)
    assert all("\n" not in str(problem) for problem in survey.problems)


WORDS = st.text(alphabet="ab 0:#'\"-[]{},.é\n\\$~", max_size=12)
TREES = st.recursive(
    WORDS, lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3), max_leaves=8
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tree=st.dictionaries(WORDS, TREES, min_size=1, max_size=4),
    style=st.sampled_from([None, "'", '"']),
    flow=st.booleans(),
)
def test_both_parsers_of_the_library_read_the_same_at_the_same_places(
    tmp_path: Path, tree: dict[str, object], style: str | None, flow: bool
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, default_style=style, default_flow_style=flow))
    quick = read_document(path, environ=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ekinerja_agent.yamlfile.document._QUICK", yaml.SafeLoader)
        assert read_document(path, environ=None) == quick
    assert quick[0] is not None


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=40))
def test_any_bytes_are_a_document_or_problems(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    document, found = read_document(path, environ={})
    assert (document is None) <= bool(found)
