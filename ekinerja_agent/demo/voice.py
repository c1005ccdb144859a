"""How the demo speaks: chapters, sentences, commands, tables, and progress that never falls silent.

Promises plain lines when nobody watches a terminal, so that a log of it reads well. Does not know the story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ekinerja_agent.locale.language import Translate, translate_to
from ekinerja_agent.nouns.messages import Message

_PLAIN_COLUMNS = 160
"""Width where nobody watches: wide enough that no table is folded."""

_PARAGRAPH_COLUMNS = 100

Report = Callable[[int, str], None]


class Voice:
    """Speaks to `out`. On a terminal with colour and a moving bar, else line by line.

    `translate` takes messages to the listener's language.
    """

    def __init__(self, out: TextIO, translate: Translate | None = None) -> None:
        self.translate = translate or translate_to("en")
        self._console = Console(file=out, highlight=False, emoji=False, width=None if out.isatty() else _PLAIN_COLUMNS)
        self._chapter = 0

    def chapter(self, title: Message) -> None:
        """Begin a part of the story; parts are numbered."""
        self._chapter += 1
        self._console.print(f"\n[bold]{self._chapter}. {escape(self.translate(title))}[/bold]")

    def say(self, text: Message) -> None:
        """Tell a paragraph, wrapped to the width."""
        self._console.print(self.translate(text), markup=False, width=min(self._console.width, _PARAGRAPH_COLUMNS))

    def command(self, words: str) -> None:
        """Show the command that would do, or did, the same."""
        self._console.print(f"  $ {words}", style="cyan", markup=False, soft_wrap=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Show the output of something, indented and never folded."""
        for line in lines:
            self._console.print(f"    {self.translate(line)}", markup=False, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Show rows; columns of numbers stand to the right, what does not exist is `-`."""
        rows = [tuple(self.translate(cell) if isinstance(cell, str) else cell for cell in row) for row in rows]
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for place, name in enumerate(columns):
            numbers = bool(rows) and all(isinstance(row[place], int) for row in rows)
            table.add_column(name, justify="right" if numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(_cell, row))
        self._console.print(table)

    @contextmanager
    def progress(self, what: str, steps: int) -> Iterator[Report]:
        """Yield what to call with the steps done and a word on where we are; equal words are told once."""
        if not self._console.is_terminal:
            yield self._plain_progress(steps)
            return
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[where]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(what, total=steps, where="")
            yield lambda done, where: bar.update(task, completed=done, where=where)

    def _plain_progress(self, steps: int) -> Report:
        told = ""

        def report(done: int, where: str) -> None:
            nonlocal told
            if where != told:
                told = where
                self._console.print(f"    {100 * done // steps:3d} %  {where}", markup=False, soft_wrap=True)

        return report


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}".replace(",", ".") if isinstance(value, int) else escape(str(value))
