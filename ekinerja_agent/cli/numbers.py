"""The number of something that waits for a decision, as people write it."""

from __future__ import annotations

import click


class Numbered(click.ParamType[int]):
    """`7`, or the name `NOUN/7` that findings and messages show."""

    name = "N"

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._article = "an" if noun[0] in "aeiou" else "a"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).removeprefix(f"{self._noun}/")
        if not text.isascii() or not text.isdecimal():
            a_noun = f"{self._article} {self._noun}"
            self.fail(f"{value!r} is not the number of {a_noun}; write it as 7 or {self._noun}/7", param, ctx)
        return int(text)
