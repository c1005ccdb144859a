"""One YAML file as plain text values, each with the place where it stands.

Promises that any bytes become a document or a list of problems, never another error, and that all scalars are
text (or None for an unquoted `null`, `~` or nothing at all). Aliases, anchors, tags, repeated keys and
several documents in one file are refused: each of them lets a file mean something else than what a reader
sees. Does not know any model.

In files that may use the environment, `${NAME}` inside a value stands for that environment variable and `$${`
for the two characters `${`; any other `$` is itself. Substitution happens after parsing, so a variable can
never add keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from ekinerja_agent.nouns.errors import ConfigurationError, Problem
from ekinerja_agent.nouns.messages import Message

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 40

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list positions (from 0) that lead from the document's root to a value."""
Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | None"
Place: TypeAlias = tuple[int, int]
"""Line and column, both from 1."""

_Loader: TypeAlias = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
_QUICK: Final[_Loader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""libyaml reads the rules of fourteen regencies in a tenth of the time; PyYAML's wheels bring it."""
_NULLS: Final = frozenset({"", "null", "Null", "NULL", "~"})
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_NOT_TEXT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_VARIABLE: Final = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says. `tree` is its text, `file` its name as people are shown it.

    `told` are the paths whose value could not be read at all; the problem of each is already known.
    """

    file: str
    path: Path
    tree: dict[str, Tree]
    values: Mapping[KeyPath, Place]
    keys: Mapping[KeyPath, Place]
    written: Mapping[KeyPath, str] = field(default_factory=dict)
    told: frozenset[KeyPath] = frozenset()

    def place(self, path: KeyPath) -> Place:
        """Given a path, return where its value stands; if empty or missing, its key or parent does."""
        while path not in self.values and path:
            path = path[:-1]
        if self.get(path) is None and path in self.keys:
            return self.keys[path]
        return self.values.get(path, (0, 0))

    def key_place(self, path: KeyPath) -> Place:
        """Given a path, return where its key stands; of a list item: its value."""
        return self.keys.get(path) or self.place(path)

    def line(self, path: KeyPath) -> int:
        """Given a path, return the line on which it begins."""
        return self.key_place(path)[0]

    def get(self, path: KeyPath) -> Tree:
        """Given a path, return the text, list or group there; None if there is none."""
        here: Tree = self.tree
        for step in path:
            if isinstance(here, dict) and isinstance(step, str):
                here = here.get(step)
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
            else:
                return None
        return here

    def problem(self, path: KeyPath, message: Message) -> Problem:
        """Given a path and what is wrong with its value, return the problem."""
        return Problem(self.file, *self.place(path), dotted(path), message)

    def key_problem(self, path: KeyPath, message: Message) -> Problem:
        """Given a path and what is wrong with its key, return the problem."""
        return Problem(self.file, *self.key_place(path), dotted(path), message)


def dotted(path: KeyPath) -> str:
    """Given a path, return it as people are shown it: joined by dots, list items counted from 1."""
    return ".".join(str(step + 1) if isinstance(step, int) else _printable(step) for step in path)


def read_document(path: Path, *, environ: Mapping[str, str] | None) -> tuple[Document | None, list[Problem]]:
    """Given a YAML file, return its document, None if it cannot be read, and every problem of its form.

    `environ` holds the variables that `${NAME}` may name; None means that the file may not use any.
    """
    shown = _printable(str(path))
    try:
        text = _text_of(path, shown)
        composer = _Composer(shown, text, environ, _QUICK)
        tree = composer.compose()
        if tree is None:
            # Only PyYAML's own parser says what is wrong in the words that are explained here.
            composer = _Composer(shown, text, environ, yaml.SafeLoader)
            tree = composer.compose()
    except ConfigurationError as error:
        return None, list(error.problems)
    if tree is None:
        return None, composer.problems
    document = Document(shown, path, tree, composer.values, composer.keys, composer.written, frozenset(composer.told))
    return document, composer.problems


def _text_of(path: Path, shown: str) -> str:
    """Given a file, return its text. Raise ConfigurationError if it is not UTF-8 text of a bearable size."""
    try:
        if path.is_dir():
            raise _broken(shown, Message("this is a directory; a YAML file is needed"))
        if path.exists() and not path.is_file():
            raise _broken(shown, Message("this is not a plain file; a YAML file is needed"))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise _broken(shown, Message("there is no such file")) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _broken(shown, Message("the file cannot be read ({reason})", reason=reason)) from error
    if len(data) > MAX_BYTES:
        raise _broken(
            shown, Message("the file is larger than {most} MiB; that cannot be meant", most=MAX_BYTES // 1024 // 1024)
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _broken(shown, Message("the file is UTF-16; save it as UTF-8 without BOM"), (1, 1))
    if data.startswith(b"\xef\xbb\xbf"):
        raise _broken(
            shown, Message("the file starts with a byte order mark (BOM); save it as UTF-8 without BOM"), (1, 1)
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        byte = data[error.start]
        raise _broken(
            shown, Message("the byte 0x{byte} is not UTF-8; save the file as UTF-8", byte=f"{byte:02X}"), _place(before)
        ) from error
    if unfit := _NOT_TEXT.search(text):
        where = _place(text[: unfit.start()])
        raise _broken(
            shown, Message("the control character U+{code} is not text; delete it", code=f"{ord(unfit[0]):04X}"), where
        )
    return text


def _place(before: str) -> Place:
    """Given the text before a character, return that character's place."""
    breaks = list(_LINE_BREAK.finditer(before))
    return len(breaks) + 1, len(before) - (breaks[-1].end() if breaks else 0) + 1


def _broken(shown: str, message: Message, place: Place = (0, 0)) -> ConfigurationError:
    return ConfigurationError([Problem(shown, *place, "", message)])


def _printable(text: str) -> str:
    """Given a key or file name, return it so that it cannot break or disguise the line it is printed in."""
    return text if text.isprintable() else ascii(text)


class _Composer:
    """Builds the tree from PyYAML's events, which still know anchors, tags and repeated keys."""

    def __init__(self, shown: str, text: str, environ: Mapping[str, str] | None, loader: _Loader) -> None:
        self.problems: list[Problem] = []
        self.values: dict[KeyPath, Place] = {}
        self.keys: dict[KeyPath, Place] = {}
        self.written: dict[KeyPath, str] = {}
        self.told: set[KeyPath] = set()
        self._shown = shown
        self._environ = environ
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
        self._place: Place = (1, 1)

    def compose(self) -> dict[str, Tree] | None:
        """Return the tree, None if the file's form is broken; the problems are in `problems`."""
        try:
            return self._stream()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line + 1, mark.column + 1) if mark else self._place
            self._tell(place, (), _yaml_words(error))
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # PyYAML lets Python's own errors out for numbers in escapes and directives that are too large.
            self._tell(self._place, (), Message("this is not YAML ({error})", error=error))
        return None

    def _stream(self) -> dict[str, Tree] | None:
        self._next()  # start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            self._tell((0, 0), (), Message("the file is empty; it must hold `key: value` lines"))
            return None
        root = self._next()
        if not isinstance(root, yaml.MappingStartEvent):
            self._tell(_start(root), (), Message("the file must be a group of `key: value` lines"))
            return None
        tree = self._node(root, ())
        self._next()  # end of the document
        if not isinstance(following := self._next(), yaml.StreamEndEvent):
            self._tell(_start(following), (), Message("a second document starts here; a file holds one"))
        return tree if isinstance(tree, dict) else None

    def _next(self) -> yaml.Event:
        event = next(self._events)
        self._place = _start(event)
        return event

    def _node(self, event: yaml.Event, path: KeyPath) -> Tree:
        self.values[path] = _start(event)
        if len(path) > MAX_DEPTH:
            raise ValueError(Message("more than {most} levels deep", most=MAX_DEPTH))
        anchor, tag = _labels(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(path, Message("*{anchor} repeats another value; write the value out", anchor=anchor))
            return None
        if anchor is not None:
            self._tell(
                self.values[path], path, Message("&{anchor} names a value for repeating; delete it", anchor=anchor)
            )
        if tag is not None:
            self._tell(self.values[path], path, Message("the type tag {tag} is not allowed; delete it", tag=tag))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        raise ValueError(Message("a value was expected at line {line}", line=self._place[0]))

    def _sequence(self, path: KeyPath) -> list[Tree]:
        items: list[Tree] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, Tree]:
        group: dict[str, Tree] = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name = key.value if isinstance(key, yaml.ScalarEvent) else None
            if name is None or _SURROGATE.search(name):
                self._tell(_start(key), path, Message("a key must be a plain word"))
                self._skip(key)
                self._skip(self._next())
            elif name in group:
                first = self.keys[(*path, name)][0]
                message = Message("the key stands twice, first on line {first}; delete one of them", first=first)
                self._tell(_start(key), (*path, name), message)
                self._skip(self._next())
            else:
                if _labels(key) != (None, None):
                    self._tell(
                        _start(key), (*path, name), Message("a key must be a plain word without & or !; delete it")
                    )
                self.keys[(*path, name)] = _start(key)
                group[name] = None
                group[name] = self._node(self._next(), (*path, name))
        return group

    def _skip(self, event: yaml.Event) -> None:
        """Pass over one node whose problem is already told."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return
            event = self._next()

    def _scalar(self, event: yaml.ScalarEvent, path: KeyPath) -> str | None:
        text: str = event.value
        if event.implicit[0] and text in _NULLS:
            return None
        if _SURROGATE.search(text):
            self._refuse(
                path, Message("half of a character (\\uD800 to \\uDFFF) is not text; write the character itself")
            )
            return None
        return self._substituted(text, path) if "${" in text else text

    def _substituted(self, text: str, path: KeyPath) -> str | None:
        environ = self._environ
        if environ is None:
            self._refuse(path, Message("${{...}} is not substituted in this file; write the value itself"))
            return None
        for found in _VARIABLE.finditer(text):
            name = found[1]
            if name is None:
                continue
            if not _NAME.fullmatch(name) or not found[0].endswith("}"):
                message = Message(
                    "{found} was found; ${{NAME}} is allowed, or $${{ for the characters themselves",
                    found=ascii(found[0]),
                )
                self._refuse(path, message)
            elif name not in environ:
                self._refuse(path, Message("the environment variable {name} is not set", name=name))
            elif _SURROGATE.search(environ[name]):
                self._refuse(path, Message("the environment variable {name} is not UTF-8 text", name=name))
        if path in self.told:
            return None
        self.written[path] = text
        return _VARIABLE.sub(lambda found: "${" if found[1] is None else environ[found[1]], text)

    def _refuse(self, path: KeyPath, message: Message) -> None:
        self.told.add(path)
        self._tell(self.values[path], path, message)

    def _tell(self, place: Place, path: KeyPath, message: Message) -> None:
        self.problems.append(Problem(self._shown, *place, dotted(path), message))


def _start(event: yaml.Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _labels(event: yaml.Event) -> tuple[str | None, str | None]:
    """Given an event, return its anchor and its type tag."""
    anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
    tag = event.tag if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) else None
    return anchor, tag


_GRAMMAR: Final = (
    # what PyYAML says, and what it means to a person who does not know YAML's grammar
    ("'\\t'", Message("a tab was found; indent with spaces")),
    (
        "mapping values are not allowed",
        Message("a second `: ` stands in one value, or the line is indented too far; put the value in quotes"),
    ),
    ("<block end>", Message("this line is not indented like the lines it belongs to")),
    (
        "while scanning a quoted scalar",
        Message("a quoted value begins here or before and never ends; add the closing quote"),
    ),
    ("could not find expected ':'", Message("a key without `:` was found; write `key: value`")),
    ("cannot start any token", Message("this character cannot begin a value; put the value in quotes")),
)


def _yaml_words(error: yaml.MarkedYAMLError) -> Message:
    """Given PyYAML's complaint, return it in plain words."""
    complaint = " ".join(filter(None, (error.context, error.problem)))
    for theirs, ours in _GRAMMAR:
        if theirs in complaint:
            return ours
    return Message("this is not YAML ({complaint})", complaint=complaint)
