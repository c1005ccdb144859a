"""Reads a finished page as a browser would: well nested or an AssertionError."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Table:
    """A table as read: the text of each row's cells, and what its column headers declare as scope."""

    rows: list[list[str]] = field(default_factory=list)
    scopes: set[str | None] = field(default_factory=set)


class Page(HTMLParser):
    """What a browser would see: well nested elements, their attributes, tables, key figures and all visible text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[Table] = []
        self.texts: list[str] = []
        self.keys: dict[str, str] = {}
        self._term = ""
        self.feed(html)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in {"th", "td"}:
            self.tables[-1].rows[-1].append("")
            if tag == "th":
                self.tables[-1].scopes.add(dict(attrs).get("scope"))
        elif tag == "dt":
            self._term = ""
        elif tag == "dd":
            self.keys[self._term] = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        text = " ".join(data.split())
        self.texts.append(text)
        if "td" in self.open or "th" in self.open:
            row = self.tables[-1].rows[-1]
            row[-1] = f"{row[-1]} {text}".strip()
        elif "dt" in self.open:
            self._term += text
        elif "dd" in self.open:
            self.keys[self._term] += text

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.texts))

    def table_with(self, header: str) -> Table:
        return next(table for table in self.tables if header in table.rows[0])
