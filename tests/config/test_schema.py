"""The JSON Schema that an editor gets describes the YAML that a person writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ekinerja_agent.cli.host.config import MAY_USE_ENVIRONMENT, MODELS
from ekinerja_agent.yamlfile import schema_of

ROOT = Path(__file__).parents[2]
RULES = ROOT / "config/rules"
EXAMPLE = ROOT / "tests/examples/new-regency/rules"
FILES = [
    ("agent", ROOT / "config/agent.yaml"),
    ("devices", ROOT / "devices.yaml"),
    ("schedules", RULES / "schedules.yaml"),
    ("ramadan", RULES / "ramadan.yaml"),
    ("unexcused", RULES / "unexcused.yaml"),
    *(("holidays", path) for path in sorted(RULES.glob("holidays/*"))),
    *(("profile", path) for path in sorted(RULES.glob("profiles/*"))),
    ("profile", EXAMPLE / "profiles/harapan.yaml"),
    ("schedules", EXAMPLE / "schedules/harapan.yaml"),
    ("adopted", EXAMPLE / "adopted.yaml"),
]
TYPES = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


class Yaml12Loader(yaml.SafeLoader):
    """Reads scalars as editors do: YAML 1.2's core types, no dates, no sexagesimal numbers, no yes and no."""


Yaml12Loader.yaml_implicit_resolvers = {}
Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(null|~|)$"), ["n", "~", ""])
Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[0-9]+$"), list("0123456789"))
Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[0-9]+\.[0-9]+$"), list("0123456789"))

Fits = Callable[[Any, Any, dict[str, Any], dict[str, Any]], bool]


def is_type(rule: str | list[str], value: object, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    names = [rule] if isinstance(rule, str) else rule
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, TYPES[name]) for name in names)


def has_properties(rule: dict[str, Any], value: object, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    closed = schema.get("additionalProperties") is False
    return all(fits(rule[key], value[key], root) if key in rule else not closed for key in value)


def has_patterns(rule: dict[str, Any], value: object, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    return not isinstance(value, dict) or all(
        any(re.search(pattern, key) and fits(inner, value[key], root) for pattern, inner in rule.items())
        for key in value
    )


def resolves(rule: str, value: object, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    return fits(root["$defs"][rule.rpartition("/")[2]], value, root)


KEYWORDS: dict[str, Fits] = {
    "$ref": resolves,
    "type": is_type,
    "properties": has_properties,
    "patternProperties": has_patterns,
    "additionalProperties": lambda rule, _value, _schema, _root: rule is False,  # properties looks at it
    "anyOf": lambda rule, value, _schema, root: any(fits(option, value, root) for option in rule),
    "const": lambda rule, value, _schema, _root: value == rule,
    "enum": lambda rule, value, _schema, _root: value in rule,
    "pattern": lambda rule, value, _schema, _root: not isinstance(value, str) or bool(re.search(rule, value)),
    "required": lambda rule, value, _schema, _root: not isinstance(value, dict) or set(rule) <= set(value),
    "items": lambda rule, value, _schema, root: all(
        fits(rule, item, root) for item in (value if isinstance(value, list) else ())
    ),
    "minItems": lambda rule, value, _schema, _root: not isinstance(value, list) or len(value) >= rule,
    "minProperties": lambda rule, value, _schema, _root: not isinstance(value, dict) or len(value) >= rule,
    "minLength": lambda rule, value, _schema, _root: not isinstance(value, str) or len(value) >= rule,
    "minimum": lambda rule, value, _schema, _root: not isinstance(value, int | float) or value >= rule,
    "maximum": lambda rule, value, _schema, _root: not isinstance(value, int | float) or value <= rule,
}
NOTES = {"title", "description", "default", "$schema", "$defs"}


def fits(schema: dict[str, Any], value: object, root: dict[str, Any]) -> bool:
    """The keywords that our schemas use, checked; any other keyword is a KeyError that fails the test."""
    return all(KEYWORDS[key](rule, value, schema, root) for key, rule in schema.items() if key not in NOTES)


def schema(name: str) -> dict[str, Any]:
    return schema_of(MODELS[name], variables=name in MAY_USE_ENVIRONMENT)


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda part: getattr(part, "stem", part))
def test_every_shipped_file_fits_its_schema(name: str, path: Path) -> None:
    value = yaml.load(path.read_text(), Yaml12Loader)  # noqa: S506 - a SafeLoader without its own guesses
    assert fits(schema(name), value, schema(name))


DATED = {"from": "2021-01-01", "source": "x", "mark": "V"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", {"poll": {"every": 60}}),
        ("agent", {"roles": ["colect"]}),
        ("agent", {"score": {"at": "1:00"}}),
        ("agent", {"profil": "hsu"}),
        ("devices", {"terminals": [{"id": "a b", "office": "D", "timezone": "Asia/Jakarta"}]}),
        ("devices", {"terminals": [{"id": "a"}]}),
        ("profile", {"title": "x", "missing_scan": [{"from": "2021-01-01", "value": 101, "source": "x", "mark": "V"}]}),
        ("profile", {"title": "x", "missing_scan": [{"from": "2021-01-01", "value": 1, "source": "x", "mark": "Z"}]}),
        ("profile", {"title": "x", "events": [{**DATED, "value": {"apel": {"monday": 2, "in_ramadan": "no"}}}]}),
        ("profile", {"title": "x", "absence_day": [{**DATED, "value": "presence"}]}),
        ("profile", {"title": "x", "flexible_start": [{**DATED, "value": "never"}]}),
        ("profile", {"title": "x", "corrections_per_month": [{**DATED, "value": -1}]}),
        ("adopted", {"adopted": [{"value": "*", "profile": "hsu", "decree": "x", "date": "2026-01-05"}]}),
        ("schedules", {"schedules": {"x": {"title": "x", "week": []}}}),
        ("ramadan", {"ramadan": [{"first": "2026-2-19", "last": "2026-03-20", "source": "x", "mark": "M"}]}),
    ],
)
def test_what_is_wrong_does_not_fit_the_schema(name: str, value: object) -> None:
    assert not fits(schema(name), value, schema(name))


def test_a_variable_may_stand_where_a_scalar_may_but_only_where_it_is_substituted() -> None:
    value = {"roles": ["${ROLE}"], "poll": {"every": "${EVERY}", "tail_read": "${TAIL}"}, "central": {"url": "${URL}"}}
    assert fits(schema("agent"), value, schema("agent"))
    entry = {"from": "2021-01-01", "value": "${PCT}", "source": "x", "mark": "V"}
    assert not fits(schema("profile"), {"title": "x", "missing_scan": [entry]}, schema("profile"))
    assert fits(schema("profile"), {"title": "x", "missing_scan": [entry | {"value": 1.5}]}, schema("profile"))
