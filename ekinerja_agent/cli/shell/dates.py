"""Months, days, times and instants as people type them: what is no such thing is told with one that is."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

import click

from ekinerja_agent.cli.shell.translate import wrong_value
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import YEARS


class Month(click.ParamType[date]):
    """`2026-09` becomes the 1st of September 2026."""

    name = "YYYY-MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        with suppress(ValueError):
            month = datetime.strptime(str(value), "%Y-%m").date()  # noqa: DTZ007  # a month has no zone
            if month.year in YEARS:
                return month
        raise wrong_value(Message("{value} is not a month; write it as 2026-09", value=repr(value)), param, ctx)


class Moment(click.ParamType[datetime]):
    """A local day, time or clock reading in one of some forms; the parts that are not typed mean nothing."""

    def __init__(self, name: str, what: Message, example: Message | str, *forms: str) -> None:
        self.name = name
        self._what, self._example, self._forms = what, example, forms

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        for form in self._forms:
            with suppress(ValueError):
                moment = datetime.strptime(str(value), form)  # noqa: DTZ007  # what a clock shows has no zone
                if moment.year in YEARS:
                    return moment
        raise wrong_value(
            Message(
                "{value} is not {what}; write it as {example}",
                value=repr(value),
                what=self._what,
                example=self._example,
            ),
            param,
            ctx,
        )


DAY = Moment("YYYY-MM-DD", Message("a date"), "2026-09-07", "%Y-%m-%d")
TIME_OF_DAY = Moment("HH:MM[:SS]", Message("a time of day"), Message("07:15 or 07:15:30"), "%H:%M", "%H:%M:%S")
CLOCK = Moment(
    "CLOCK",
    Message("a clock reading"),
    '"2026-09-07 07:15:30"',
    *(f"%Y-%m-%d{between}{clock}" for clock in ("%H:%M:%S", "%H:%M") for between in " T"),
)


def refuse_reversed(first: datetime | None, last: datetime | None) -> None:
    """Given what `--from` and `--to` said, return if a day can lie between. Raise WrongUsage if none can."""
    if first is not None and last is not None and first > last:
        raise WrongUsage(
            Message(
                "--from {first} is after --to {last}; name the earlier day first",
                first=f"{first:%Y-%m-%d}",
                last=f"{last:%Y-%m-%d}",
            )
        )


class Instant(click.ParamType[datetime]):
    """An ISO instant with its offset, as `2026-10-01T08:00:00+08:00`."""

    name = "INSTANT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        with suppress(ValueError):
            instant = datetime.fromisoformat(str(value))
            if instant.tzinfo is None:
                raise wrong_value(
                    Message(
                        "{value} has no offset; write it as {example}+08:00 (or +07:00, +09:00)",
                        value=repr(value),
                        example=value,
                    ),
                    param,
                    ctx,
                )
            if instant.year in YEARS:
                return instant
        raise wrong_value(
            Message("{value} is not an instant; write it as 2026-10-01T08:00:00+08:00", value=repr(value)), param, ctx
        )


class PastInstant(Instant):
    """As Instant, for one as of which something is judged: what nobody knows yet is judged by nobody."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        instant = super().convert(value, param, ctx)
        if instant > utc_now():
            raise wrong_value(
                Message("{value} is in the future; name an instant that has been", value=repr(str(value))), param, ctx
            )
        return instant
