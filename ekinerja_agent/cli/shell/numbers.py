"""The number of a row, and of something that waits for a decision, as people write them."""

from __future__ import annotations

import click

from ekinerja_agent.cli.shell.translate import wrong_value
from ekinerja_agent.nouns.messages import Message

_MOST = 2**63 - 1
"""No database gives a row a larger number."""
ROW_NUMBER = click.IntRange(1, _MOST)


class RowNumber(click.ParamType[int]):
    """`7`, or the name `NOUN/7` that findings and messages show."""

    name = "N"

    def __init__(self, noun: str, with_article: Message) -> None:
        self._noun = noun
        self._with_article = with_article

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).removeprefix(f"{self._noun}/")
        if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _MOST:
            raise wrong_value(
                Message(
                    "{value} is not the number of {what}; write it as 7 or {noun}/7",
                    value=repr(value),
                    what=self._with_article,
                    noun=self._noun,
                ),
                param,
                ctx,
            )
        return int(text)
