"""`activity`: what people did each day, decided by the superior of that day, and what attendance says of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.cli.facts.deadlines import settle, settled_text
from ekinerja_agent.cli.shell.dates import DAY, TIME_OF_DAY, Month, PastInstant, refuse_reversed
from ekinerja_agent.cli.shell.listing import emit, format_option
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.usecases.deciding import activities as life
from ekinerja_agent.usecases.importing import feed

if TYPE_CHECKING:
    from ekinerja_agent.cli.shell.context import Context

LIST = (
    "id nip date start end description type volume output plan status approved_minutes decided_by reason silent_nip "
    "entered_by entered_at"
).split()
HISTORY = "at step status by minutes reason silent_nip".split()
CHECK = "nip activity date cause minutes counted_minutes".split()

_ID = click.argument("activity_id", metavar="N")
_REASON = click.option("--reason", required=True, help="Why; the people concerned read it.")


@click.group("activity")
def group() -> None:
    """Daily activities: entered by the person, decided by the superior of that day, compared with attendance."""


@group.command("add")
@click.option("--nip", help="Whose activity. Default: the account's own; an operator enters for others.")
@click.option("--date", "day", type=DAY, required=True, help="The day on which it was done.")
@click.option("--start", type=TIME_OF_DAY, required=True, help="When it began, local time.")
@click.option("--end", type=TIME_OF_DAY, required=True, help="When it ended, on the same day.")
@click.option("--description", required=True, help="What was done.")
@click.option("--type", "kind", help="Its type; one with a standard time counts at most that time.")
@click.option("--volume", help="How much of it: a number where the type has a standard time.")
@click.option("--output", help="What came of it.")
@click.option("--plan", help="The code of the plan it belongs to.")
@click.option("--draft", is_flag=True, help="Keep it; `activity submit` asks the superior later.")
@click.option("--replaces", metavar="N", help="Correct this draft or returned activity instead.")
@click.pass_obj
def add_command(
    context: Context,
    *,
    nip: str | None,
    day: datetime,
    start: datetime,
    end: datetime,
    description: str,
    kind: str | None,
    volume: str | None,
    output: str | None,
    plan: str | None,
    draft: bool,
    replaces: str | None,
) -> None:
    """Enter what was done on a day. Overlaps, and what breaks a rule of the profile, are refused."""
    desk = _desk(context)
    whose = nip or desk.account.nip
    if whose is None:
        raise WrongUsage(
            Message("account {account} has no NIP; say --nip, whose activity it is", account=desk.account.name)
        )
    work = life.Work(whose, day.date(), start.time(), end.time(), description, kind, volume, output, plan)
    name = life.add(desk, work, draft=draft, replaces=replaces)
    tell(
        Message("activity {name} is kept as a draft.", name=name)
        if draft
        else Message("activity {name} waits for {superior}.", name=name, superior=_asked(desk, work))
    )
    with reading(desk.engine) as conn:
        pending = life.pending_duty(conn, desk, activities.rows(conn, ids=[name]))
    for sentence in pending.values():
        context.say(sentence)


@group.command("submit")
@_ID
@click.pass_obj
def submit_command(context: Context, activity_id: str) -> None:
    """Ask the superior to decide a draft, or an activity that came back."""
    life.submit(_desk(context), activity_id)
    tell(Message("activity {activity} is submitted.", activity=activity_id))


@group.command("withdraw")
@_ID
@click.pass_obj
def withdraw_command(context: Context, activity_id: str) -> None:
    """Take back an activity that nobody decided yet, or that came back. Its time is free for another one."""
    life.withdraw(_desk(context), activity_id)
    tell(Message("activity {activity} is withdrawn.", activity=activity_id))


@group.command("approve")
@_ID
@click.option("--minutes", type=click.IntRange(0, 1440), help="How many of its minutes count. Default: all.")
@click.pass_obj
def approve_command(context: Context, activity_id: str, minutes: int | None) -> None:
    """Let an activity count. Only by the superior of its day, never by the person or who entered it."""
    one = life.approve(_desk(context), activity_id, minutes=minutes)
    counted = one.minutes if minutes is None else minutes
    tell(
        Message(
            "activity {activity} of {nip} on {day} is approved with {counted} minutes.",
            activity=activity_id,
            nip=one.nip,
            day=one.day,
            counted=counted,
        )
    )


@group.command("return")
@_ID
@_REASON
@click.pass_obj
def return_command(context: Context, activity_id: str, reason: str) -> None:
    """Send an activity back to the person, who may correct and submit it again."""
    one = life.send_back(_desk(context), activity_id, reason=reason)
    tell(Message("activity {activity} of {nip} on {day} is returned.", activity=activity_id, nip=one.nip, day=one.day))


@group.command("reject")
@_ID
@_REASON
@click.pass_obj
def reject_command(context: Context, activity_id: str, reason: str) -> None:
    """Let an activity not count. The person may object."""
    one = life.reject(_desk(context), activity_id, reason=reason)
    tell(Message("activity {activity} of {nip} on {day} is rejected.", activity=activity_id, nip=one.nip, day=one.day))


@group.command("object")
@_ID
@_REASON
@click.pass_obj
def object_command(context: Context, activity_id: str, reason: str) -> None:
    """Dispute what a superior decided; the next superior decides."""
    life.object_to(_desk(context), activity_id, reason=reason)
    tell(Message("activity {activity} waits for the next superior.", activity=activity_id))


@group.command("list")
@click.option("--nip", help="Only this person.")
@click.option("--status", type=click.Choice(list(map(str, EntryStatus))), help="Only these.")
@click.option("--from", "first", type=DAY, help="From this day on.")
@click.option("--to", "last", type=DAY, help="Up to this day.")
@click.option("--by-silence", is_flag=True, help="Only what a superior did not decide in time.")
@format_option
@click.pass_obj
def list_command(
    context: Context,
    *,
    nip: str | None,
    status: str | None,
    first: datetime | None,
    last: datetime | None,
    by_silence: bool,
    fmt: str | None,
) -> None:
    """What was done, by person and day, however it was entered, and what became of it."""
    context.require_known(nip=nip)
    refuse_reversed(first, last)
    with reading(context.engine()) as conn:
        found = activities.rows(
            conn,
            nip=nip,
            status=None if status is None else EntryStatus(status),
            first=_day(first),
            last=_day(last),
            by_silence=by_silence,
        )
    emit(found, LIST, fmt)


@group.command("history")
@_ID
@format_option
@click.pass_obj
def history_command(context: Context, activity_id: str, fmt: str | None) -> None:
    """All that happened to an activity, by whom and when."""
    emit(activities.history(context.engine(), activity_id), HISTORY, fmt)


@group.command("check")
@click.option("--month", type=Month(), required=True, help="The month to look at.")
@click.option("--nip", help="Only this person.")
@click.option("--office", metavar="UNIT", help="Only this unit. Default: all.")
@click.option("--now", type=PastInstant(), help="Judge as of this instant. Default: now.")
@format_option
@click.pass_obj
def check_command(
    context: Context, month: date, nip: str | None, office: str | None, now: datetime | None, fmt: str | None
) -> None:
    """Minutes claimed while absent, on leave, before arriving, after leaving, or twice; decided or not."""
    from ekinerja_agent.usecases.deciding.check_activities import doubtful

    context.require_known(nip=nip, office=office)
    found = doubtful(
        context.engine(),
        context.rulebook(),
        month,
        profile=context.config().agent.profile,
        now=now or context.now(),
        offices=[office] if office else None,
        nips=[nip] if nip else None,
    )
    emit(found, CHECK, fmt)


@group.command("silence")
@click.option("--now", type=PastInstant(), help="As of this instant. Default: now.")
@click.pass_obj
def silence_command(context: Context, now: datetime | None) -> None:
    """Do what the rules say of activities and requests that nobody decided in time. The service does it every day."""
    tell(settled_text(settle(context, now, context.actor().name)))


@group.command("feed")
@click.pass_obj
def feed_command(context: Context) -> None:
    """Take what another application left in feed_activities (docs/feed.md). The service does it every five minutes."""
    context.actor()
    done = feed.drain(context.engine(), context.rulebook(), profile=context.config().agent.profile, now=context.now())
    tell(
        Message(
            "{stored} stored, {rejected} rejected by a rule, {refused} refused; see feed_answers.",
            stored=done.stored,
            rejected=done.rejected,
            refused=done.refused,
        )
    )


def _desk(context: Context) -> life.Desk:
    agent = context.config().agent
    return life.Desk(context.engine(), context.rulebook(), agent.profile, context.actor(), context.now())


def _asked(desk: life.Desk, work: life.Work) -> Message:
    with reading(desk.engine) as conn:
        chain = desk.superiors(conn, work.nip, work.day)
    return (
        Message("the superior of that day, {superior}", superior=chain[0])
        if chain
        else Message("a superior, and none is known for that day")
    )


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
