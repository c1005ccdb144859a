"""The number of a row, and of something that waits for a decision, as people write them."""

from __future__ import annotations

import click

_MOST = 2**63 - 1
"""No database gives a row a larger number."""
ROW_NUMBER = click.IntRange(1, _MOST)


class RowNumber(click.ParamType[int]):
    """`7`, or the name `NOUN/7` that findings and messages show."""

    name = "N"

    def __init__(self, noun: str, with_article: str) -> None:
        self._noun = noun
        self._with_article = with_article

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).removeprefix(f"{self._noun}/")
        if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _MOST:
            self.fail(
                f"{value!r} is not the number of {self._with_article}; write it as 7 or {self._noun}/7", param, ctx
            )
        return int(text)
