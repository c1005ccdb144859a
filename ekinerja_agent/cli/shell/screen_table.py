"""Rows as a table that people read: as wide as the screen, or nothing cut and nothing wrapped where there is none.

Loaded when a table is printed: what draws it takes a tenth of the time of a short command. Does not know what a row
means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

PAGE_COLUMNS = 100_000
"""Width of a table that goes into a pipe or file."""


def print_table(columns: Mapping[str, bool], rows: Iterable[Sequence[str]], out: TextIO) -> None:
    """Given columns, whether each holds numbers, and the cells of each row, print them; numbers stand to the right."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="")
    for name, numeric in columns.items():
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    width = None if out.isatty() else PAGE_COLUMNS
    _Console(file=out, width=width, no_color=True, highlight=False, markup=False, emoji=False).print(table)


class _Console(Console):
    """Rich would end the process by itself when its reader leaves."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
