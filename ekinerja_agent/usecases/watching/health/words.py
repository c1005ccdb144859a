"""Conditions in words, Indonesian or English: what is wrong, and what to do. No person is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from gettext import NullTranslations
from itertools import groupby

from ekinerja_agent.config import Severity
from ekinerja_agent.locale.language import Language, msgid, translator
from ekinerja_agent.usecases.watching.health.conditions import Condition
from ekinerja_agent.usecases.watching.health.news import Digest, News

SHOWN_SUBJECTS = 12
ORDER: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is sent. `severity` is the gravest of what it tells."""

    severity: Severity
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`one` has the places of a condition's facts; `many` those of the number of subjects, their office and names."""

    title: str
    one: str
    many: str
    what_to_do: str


SENTENCES: dict[str, _Sentence] = {
    "terminal_away": _Sentence(
        msgid("Terminal does not answer"),
        msgid("Terminal %(subject)s (%(office)s) has not answered since %(since)s."),
        msgid("%(count)s terminals of %(office)s do not answer: %(subjects)s."),
        msgid("Check power, network and address; the punches in a terminal are safe."),
    ),
    "terminal_silent": _Sentence(
        msgid("Terminal does not send"),
        msgid(
            "Terminal %(subject)s (%(office)s), which sends its punches itself, has not been heard of since %(since)s."
        ),
        msgid("%(count)s terminals of %(office)s that send their punches themselves are not heard of: %(subjects)s."),
        msgid(
            "Check power, network and the server in the terminal's menu (Comm. > Cloud Server); it keeps its punches "
            "and sends them later."
        ),
    ),
    "log_nearly_full": _Sentence(
        msgid("Terminal log nearly full"),
        msgid("The log of terminal %(subject)s (%(office)s) is %(percent)s %% full; a full one loses punches."),
        msgid("The logs of %(count)s terminals of %(office)s are nearly full: %(subjects)s."),
        msgid("Run: ekinerja-agent terminal clear ID, which verifies first that central has everything."),
    ),
    "terminal_clock": _Sentence(
        msgid("Terminal clock wrong"),
        msgid("The clock of terminal %(subject)s (%(office)s) is off by %(seconds)s seconds."),
        msgid("The clocks of %(count)s terminals of %(office)s are wrong: %(subjects)s."),
        msgid(
            "Run: ekinerja-agent terminal clock ID --set; one that only pushes sets its clock by our answers: look "
            "again tomorrow."
        ),
    ),
    "coverage_hole": _Sentence(
        msgid("Terminal not proven complete"),
        msgid("Terminal %(subject)s (%(office)s) has %(holes)s stretches that are not proven to be complete."),
        msgid("%(count)s terminals of %(office)s have stretches that are not proven to be complete: %(subjects)s."),
        msgid("Bring the USB file (import attlog), or report what happened with import outages."),
    ),
    "uploads_unread": _Sentence(
        msgid("Terminal uploads what is not read"),
        msgid(
            "Terminal %(subject)s (%(office)s) uploads %(upload)s, which this version does not read; its bytes are not "
            "thrown away."
        ),
        msgid("%(count)s terminals of %(office)s upload what this version does not read: %(subjects)s."),
        msgid(
            "Its days stay pending. If its menu says access control, fetch its log, then set T&A PUSH; see: "
            "ekinerja-agent punch quarantine"
        ),
    ),
    "uploads_refused": _Sentence(
        msgid("Uploads of a terminal refused"),
        msgid(
            "Terminal %(subject)s (%(office)s) uploads more of %(upload)s, which this version does not read, than is "
            "kept; the rest stays in it."
        ),
        msgid("%(count)s terminals of %(office)s upload more than is kept of what is not read: %(subjects)s."),
        msgid("Fetch its log before it is full, and set T&A PUSH in its menu; see: ekinerja-agent punch quarantine"),
    ),
    "spool_old": _Sentence(
        msgid("Punches wait for central"),
        msgid("%(punches)s punches wait for central, the oldest for %(minutes)s minutes; nothing is lost."),
        msgid("%(punches)s punches wait for central, the oldest for %(minutes)s minutes; nothing is lost."),
        msgid("See that central answers: ekinerja-agent doctor"),
    ),
    "spool_rejected": _Sentence(
        msgid("Punches refused by central"),
        msgid("Central refused %(punches)s punches; they are kept on this host."),
        msgid("Central refused %(punches)s punches; they are kept on this host."),
        msgid("See the reasons: ekinerja-agent spool status"),
    ),
    "central_away": _Sentence(
        msgid("Central database away"),
        msgid("The central database has not answered for %(minutes)s minutes; what is collected waits here."),
        msgid("The central database has not answered for %(minutes)s minutes; what is collected waits here."),
        msgid("Start the database, or mend the line to it."),
    ),
    "disk_low": _Sentence(
        msgid("Disk nearly full"),
        msgid(
            "Only %(mebibytes)s MiB, or few files, are left for the queue; what cannot be kept stays in the terminals."
        ),
        msgid(
            "Only %(mebibytes)s MiB, or few files, are left for the queue; what cannot be kept stays in the terminals."
        ),
        msgid("Make room on the disk of state_dir."),
    ),
    "backup_old": _Sentence(
        msgid("No new backup"),
        msgid("No backup of this host was made for %(hours)s hours."),
        msgid("No backup of this host was made for %(hours)s hours."),
        msgid("See why: journalctl -u ekinerja-agent-backup; then run: ekinerja-agent backup make"),
    ),
    "clock_doubtful": _Sentence(
        msgid("Host clock in doubt"),
        msgid("No time service keeps the clock of this host, and central does not confirm it."),
        msgid("No time service keeps the clock of this host, and central does not confirm it."),
        msgid("Start chrony or systemd-timesyncd."),
    ),
    "job_failing": _Sentence(
        msgid("Work fails"),
        msgid("The job %(subject)s failed (%(times)s times since the start)."),
        msgid("%(count)s jobs fail: %(subjects)s."),
        msgid("Read the log of the service, then run: ekinerja-agent doctor"),
    ),
}


def condition_text(condition: Condition, lang: Language) -> str:
    """Given a condition, return its sentence."""
    return _one(condition, translator(lang))


def message(digest: Digest, host: str, lang: Language, least: Severity, audit_end: str | None = None) -> Notice | None:
    """Given news and the host's name, return the message for somebody who wants to know of `least` and above.

    The end of the audit log stands at its end: `audit verify --head` compares it later.

    None if nothing of it is that grave.
    """
    words = translator(lang)
    parts = [
        (words.gettext("New"), _wanted(digest.began, least), True),
        (words.gettext("Well again"), _wanted(digest.over, least), False),
        (words.gettext("Still"), _wanted(digest.lasting, least), True),
    ]
    told = [each.condition for _, part, _ in parts for each in part]
    if not told:
        return None
    titles = dict.fromkeys(words.gettext(SENTENCES[each.key.code].title) for each in told)
    head = next(title for title, part, _ in parts if part)
    lines = [line for title, part, wrong in parts for line in _part(title, part, wrong, words)]
    if audit_end is not None:
        lines.append(words.gettext("Audit log: %(end)s") % {"end": audit_end})
    gravest = max((each.severity for each in told), key=ORDER.index)
    return Notice(gravest, f"[{host}] {head}: {', '.join(titles)}", "\n".join(lines))


def trial(host: str, lang: Language) -> Notice:
    """Given the host's name, return the message of `notify test`."""
    words = translator(lang)
    text = words.gettext("This is a trial. If you read it, news of ekinerja-agent on this host reaches you.")
    return Notice("info", f"[{host}] {words.gettext('Trial message')}", text)


def _wanted(known: Iterable[News], least: Severity) -> list[News]:
    return [each for each in known if ORDER.index(each.condition.severity) >= ORDER.index(least)]


def _part(title: str, known: list[News], wrong: bool, words: NullTranslations) -> Iterator[str]:
    if not known:
        return
    yield f"{title}:"
    conditions = [each.condition for each in known]
    for code, same in groupby(sorted(conditions, key=_office), key=lambda each: each.key.code):
        sentence = SENTENCES[code]
        groups = [list(group) for _, group in groupby(same, key=lambda each: each.office)]
        for group in groups:
            yield f"- {_several(group, words) if wrong else _over(group, words)}"
        if wrong:
            yield f"  {words.gettext(sentence.what_to_do)}"


def _office(condition: Condition) -> tuple[int, str, str, str]:
    return -ORDER.index(condition.severity), condition.key.code, condition.office, condition.key.subject


def _over(group: list[Condition], words: NullTranslations) -> str:
    title = words.gettext(SENTENCES[group[0].key.code].title)
    subjects = _subjects(group)
    place = f" ({group[0].office})" if group[0].office else ""
    return f"{title}: {subjects}{place}" if subjects else title


def _several(group: list[Condition], words: NullTranslations) -> str:
    if len(group) == 1:
        return _one(group[0], words)
    places = {"count": len(group), "office": group[0].office, "subjects": _subjects(group)}
    return words.gettext(SENTENCES[group[0].key.code].many) % (dict(group[0].facts) | places)


def _one(condition: Condition, words: NullTranslations) -> str:
    places = dict(condition.facts) | {"subject": condition.key.subject, "office": condition.office}
    return words.gettext(SENTENCES[condition.key.code].one) % places


def _subjects(group: list[Condition]) -> str:
    names = [each.key.subject for each in group if each.key.subject]
    more = f" + {len(names) - SHOWN_SUBJECTS}" if len(names) > SHOWN_SUBJECTS else ""
    return ", ".join(names[:SHOWN_SUBJECTS]) + more
