"""JSON Schema of a file, for the editor in which a person writes it.

Promises to describe the YAML as it is written (`true`, `1.25`, `60s`, `07:30-16:00`), not as it is held. Does
not know any particular model.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ModelSchema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Final = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
_SCALARS: Final = frozenset({"string", "number", "integer", "boolean"})

JsonSchema = dict[str, Any]


@cache
def schema_of(model: type[BaseModel], *, variables: bool = False) -> JsonSchema:
    """Given a file's model, return its schema; with `variables`, a `${NAME}` may stand where a scalar may."""
    schema: JsonSchema = {"$schema": DIALECT, **model.model_json_schema(schema_generator=_Described)}
    if variables:
        for owner, name in list(_scalar_slots(schema)):
            leaf = owner[name]
            notes = {key: leaf.pop(key) for key in ("default", "description", "title") if key in leaf}
            owner[name] = {"anyOf": [*leaf.pop("anyOf", [leaf]), _VARIABLE], **notes}
    return schema


class _Described(GenerateJsonSchema):
    """Takes the text below each field as its description.

    pydantic would do so itself as a model is made, and every command would read the source of every model.
    """

    def model_schema(self, schema: ModelSchema) -> JsonSchema:
        described: JsonSchema = super().model_schema(schema)
        fields = schema["cls"].model_fields
        for name, text in _texts_below_fields(schema["cls"]):
            described["properties"][fields[name].alias or name]["description"] = text
        return described


def _texts_below_fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Given a model, yield the name of each field that has a text below it, and the text, bases first."""
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        (body,) = (one.body for one in ast.parse(textwrap.dedent(inspect.getsource(base))).body)  # type: ignore[attr-defined]
        for field, below in pairwise(body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    yield name, inspect.cleandoc(text)


def _scalar_slots(schema: JsonSchema) -> Iterator[tuple[Any, Any]]:
    """Yield the mapping or list, and the key in it, of each place where a scalar's schema stands."""
    for section in (schema, *schema.get("$defs", {}).values()):
        for name, leaf in section.get("properties", {}).items():
            if _is_scalar(leaf):
                yield section["properties"], name
            elif _is_scalar(leaf.get("items", {})):
                yield leaf, "items"


def _is_scalar(schema: JsonSchema) -> bool:
    if "anyOf" in schema:
        return any(map(_is_scalar, schema["anyOf"]))
    kind = schema.get("type", "string" if "enum" in schema or "const" in schema else None)
    return bool(_SCALARS.intersection([kind] if isinstance(kind, str) else kind or ()))


def keys_at(schema: Mapping[str, Any], path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Given a schema and a path into a file, return the keys that may stand there."""
    here: Mapping[str, Any] = schema
    for step in path:
        here = _resolved(schema, here)
        if isinstance(step, int):
            here = here.get("items", {})
        else:
            # A group with keys of any name describes their values by the pattern of the name.
            others: Mapping[str, Any] = next(iter(here.get("patternProperties", {}).values()), {})
            here = here.get("properties", {}).get(step, others)
    return tuple(_resolved(schema, here).get("properties", {}))


def _resolved(schema: Mapping[str, Any], here: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, and an optional group to the group."""
    for option in here.get("anyOf", ()):
        if "$ref" in option or "properties" in option or "items" in option:
            here = option
    if "$ref" in here:
        found: Mapping[str, Any] = schema["$defs"][here["$ref"].rpartition("/")[2]]
        return found
    return here
