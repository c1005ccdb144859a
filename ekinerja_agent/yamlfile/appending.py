"""One more item in a list of a YAML file, with all that stands there left as it is: comments, order and quotes.

Promises that the new text says what the old one said and the new items, or nothing is returned. Does not know what an
item means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

Item = Mapping[str, str]


def with_items(text: str, key: str, items: Sequence[Item]) -> str | None:
    """Given the text of a YAML file whose top is a group, the key of a list in it and new items, return the text with
    them at the list's end; None if that cannot be done without changing what stands there.
    """
    try:
        before = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes text alone, of any tag
        root = yaml.compose(text, yaml.SafeLoader)
        changed = _inserted(text, root, key, items)
        after = yaml.load(changed, yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError:
        return None
    wanted = dict(before or {})
    wanted[key] = [*(wanted.get(key) or ()), *map(dict, items)]
    return changed if after == wanted else None


def _inserted(text: str, root: yaml.Node | None, key: str, items: Sequence[Item]) -> str:
    named = {name.value: (name, value) for name, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    if key not in named:
        return _lines_put(text, text.count("\n") + 1, f"{key}:\n{_block(items, 2)}")
    name, value = named[key]
    if isinstance(value, yaml.SequenceNode) and value.flow_style:
        return _into_brackets(text, value, items)
    if isinstance(value, yaml.SequenceNode):
        return _lines_put(text, _line_behind(text, value), _block(items, value.start_mark.column))
    return _lines_put(text, name.end_mark.line + 1, _block(items, name.start_mark.column + 2))


def _block(items: Sequence[Item], indent: int) -> str:
    """Items as a person would write them, each value on a line of its own."""
    written = yaml.safe_dump([dict(item) for item in items], sort_keys=False, allow_unicode=True, width=10_000)
    return "".join(" " * indent + line for line in written.splitlines(keepends=True))


def _into_brackets(text: str, value: yaml.SequenceNode, items: Sequence[Item]) -> str:
    written = yaml.safe_dump(
        [dict(item) for item in items], sort_keys=False, allow_unicode=True, default_flow_style=True, width=10_000
    ).strip()[1:-1]
    end = value.end_mark.index - 1
    inside = text[value.start_mark.index + 1 : end].rstrip()
    comma = ", " if value.value and not inside.endswith(",") else ""
    return text[:end].rstrip() + comma + written + text[end:]


def _line_behind(text: str, value: yaml.Node) -> int:
    """The number of the line behind a list, and behind the comments that belong to its last item."""
    last = value
    while isinstance(last, yaml.CollectionNode) and last.value and not last.flow_style:
        end: Any = last.value[-1]
        last = end[1] if isinstance(end, tuple) else end
    line = last.end_mark.line + (last.end_mark.column > 0 or last is value)
    lines = text.splitlines()
    while line < len(lines) and _is_comment_within(lines[line], value.start_mark.column):
        line += 1
    return line


def _is_comment_within(line: str, column: int) -> bool:
    inside = line.lstrip(" ")
    return inside.startswith("#") and len(line) - len(inside) > column


def _lines_put(text: str, line: int, lines: str) -> str:
    kept = text.splitlines(keepends=True)
    before = "".join(kept[:line])
    if before and not before.endswith("\n"):
        before += "\n"
    return before + lines + "".join(kept[line:])
