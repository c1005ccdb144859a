"""A month as a command's argument: `YYYY-MM`, kept as its first day."""

from __future__ import annotations

from datetime import date, datetime

import click


class Month(click.ParamType[date]):
    """`2026-09` becomes the 1st of September 2026."""

    name = "YYYY-MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value), "%Y-%m").date()  # noqa: DTZ007  # a month has no zone
        except ValueError:
            self.fail(f"{value!r} is not a month; write it as 2026-09", param, ctx)


class Instant(click.ParamType[datetime]):
    """An ISO instant with its offset, as `2026-10-01T08:00:00+08:00`."""

    name = "INSTANT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an instant; write it as 2026-10-01T08:00:00+08:00", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} has no offset; write it as {value}+08:00 (or +07:00, +09:00)", param, ctx)
        return instant
