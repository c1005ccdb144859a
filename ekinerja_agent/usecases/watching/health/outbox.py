"""News on its way to people: what is known, what waits to be delivered, and trying again.

Promises that a restart neither forgets a message nor tells one twice, that the queue has an end, and that one target
that fails holds up no other. One small file in state_dir. Does not know how a message travels.
"""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from ekinerja_agent import notify
from ekinerja_agent.config import NotifyConfig, TargetConfig
from ekinerja_agent.files.durable import write_whole
from ekinerja_agent.files.plain import read_plain
from ekinerja_agent.host.logs import logger
from ekinerja_agent.notify import Letter, Way
from ekinerja_agent.nouns.errors import EkinerjaError, NeedsAttention
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.usecases.watching.health.conditions import Condition, Key, Verdicts, in_stretch
from ekinerja_agent.usecases.watching.health.facts import NewsFacts
from ekinerja_agent.usecases.watching.health.news import Digest, Memory, News, Pace, advance
from ekinerja_agent.usecases.watching.health.words import Notice, message, trial
from ekinerja_agent.usecases.witnessing import notes

log = logger()

FILE = "notify.json"
MOST_WAITING = 200
GIVEN_UP_AFTER = timedelta(days=3)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
SEND_WITHIN_S = 20.0
ROUND_WITHIN_S = 30.0
"""Longer than one message, and shorter than the watchdog waits for a job."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A letter for one target, by the target's address. `tries` failed, the next is at `next_at`."""

    target: str
    letter: Letter
    tries: int
    next_at: datetime


class Outbox:
    """Given where its file is and who is told, pass news on; `observe` and `deliver` may run in two threads."""

    def __init__(
        self,
        directory: Path,
        config: NotifyConfig,
        *,
        now: Callable[[], datetime] = utc_now,
        host: str | None = None,
    ) -> None:
        self._path = directory / FILE
        self._config = config
        self._now = now
        self._host = host or socket.gethostname()
        self._pace = Pace(config.gather, config.repeat)
        self._lock = threading.Lock()
        self._sent = self._failed = self._dropped = 0
        self._in_trouble: set[str] = set()
        self._memory, self._waiting = self._load()
        self._rounds: dict[int, Future[None]] = {}

    def observe(self, verdicts: Verdicts) -> None:
        """Given verdicts, remember them, and write letters about what is news."""
        with self._lock:
            memory, digest = advance(self._memory, verdicts, self._now(), self._pace)
            changed = _outline(memory) != _outline(self._memory)
            self._memory = memory
            if digest:
                self._write(digest)
            if changed or digest:
                self._save()

    def deliver(self) -> None:
        """Send what is due, to each target for itself. A target that fails is left for a while, and its letters keep
        their order; one that is slow goes on by itself, and is begun again when it is done.
        """
        for number, target in enumerate(self._config.targets, 1):
            last = self._rounds.get(number)
            if last is None or last.done():
                self._rounds[number] = _begun(partial(self._deliver_to, target, number), f"notify-{number}")
        done, _ = wait(self._rounds.values(), ROUND_WITHIN_S)
        for one in done:
            one.result()

    def _deliver_to(self, target: TargetConfig, number: int) -> None:
        while (waiting := self._due(target)) is not None:
            if not self._sent_to(target, number, waiting):
                break

    def facts(self) -> NewsFacts:
        """Return the counts since this was made, and how many letters wait."""
        with self._lock:
            return NewsFacts(self._sent, self._failed, self._dropped, len(self._waiting))

    def _due(self, target: TargetConfig) -> _Waiting | None:
        now = self._now()
        with self._lock:
            mine = [each for each in self._waiting if each.target == _address(target)]
        if any(each.next_at > now for each in mine):
            return None  # the target is left for a while
        quiet = target.quiet is not None and in_stretch(now.astimezone().time(), target.quiet)
        return next((each for each in mine if not quiet or each.letter.severity == "critical"), None)

    def _sent_to(self, target: TargetConfig, number: int, waiting: _Waiting) -> bool:
        where = {"target": number, "kind": target.kind}  # an address may be a person's
        error: EkinerjaError | None = None
        try:
            way_to(target).send(waiting.letter, SEND_WITHIN_S)
        except EkinerjaError as problem:
            error = problem
        with self._lock:
            if error is None:
                self._sent += 1
            else:
                self._failed += 1
            if waiting in self._waiting:  # a queue that overflowed meanwhile may have dropped it
                self._settle(waiting, taken=error is None)
            self._save()
        address = _address(target)
        if error is not None and address not in self._in_trouble:
            self._in_trouble.add(address)
            log.warning("notify.failed", error=str(error), **where)
        elif error is None and address in self._in_trouble:
            self._in_trouble.discard(address)
            log.info("notify.back", **where)
        return error is None

    def _settle(self, waiting: _Waiting, *, taken: bool) -> None:
        """Let go a letter that was taken or is too old; put any other off."""
        now = self._now()
        index = self._waiting.index(waiting)
        given_up = not taken and now - waiting.letter.made_at >= GIVEN_UP_AFTER
        self._dropped += given_up
        if taken or given_up:
            del self._waiting[index]
            return
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(waiting.tries, 10))
        self._waiting[index] = replace(waiting, tries=waiting.tries + 1, next_at=now + pause)

    def _write(self, digest: Digest) -> None:
        now = self._now()
        end = self._audit_end()
        for target in self._config.targets:
            told = message(digest, self._host, self._config.language, target.severity, end)
            if told is not None:
                self._waiting.append(_Waiting(_address(target), _letter(told, self._host, now), 0, now))
        too_many = len(self._waiting) - MOST_WAITING
        if too_many > 0:
            del self._waiting[:too_many]
            self._dropped += too_many

    def _audit_end(self) -> str | None:
        """The end of the audit log that the witness of this host noted last: who gets a message is a witness too."""
        try:
            noted = notes.read(self._path.parent)
        except EkinerjaError:
            return None
        return str(noted[-1].end) if noted else None

    def _save(self) -> None:
        """Write the file in one step. A full disk is news itself; what is in memory is still told."""
        text = json.dumps(
            {
                "known": [_known_row(each) for each in self._memory.known.values()],
                "waiting": [_waiting_row(each) for each in self._waiting],
            }
        )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, text.encode())
        except OSError as error:
            log.warning("notify.not_kept", error=error.strerror)

    def _load(self) -> tuple[Memory, list[_Waiting]]:
        now = self._now()
        known_targets = {_address(target) for target in self._config.targets}
        try:
            kept = json.loads(read_plain(self._path))
            known = [_known_of(row, now) for row in kept["known"]]
            waiting = [_waiting_of(row) for row in kept["waiting"]]
        except FileNotFoundError:
            return Memory(), []
        except (OSError, NeedsAttention, ValueError, KeyError, TypeError) as error:
            log.warning("notify.file_unreadable", file=str(self._path), error=type(error).__name__)
            return Memory(), []
        return Memory({each.condition.key: each for each in known}), [w for w in waiting if w.target in known_targets]


def _begun(work: Callable[[], None], name: str) -> Future[None]:
    """Given work, begin it in a thread that no end of the program waits for; return what becomes of it."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told to whoever asks for the result
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def send_trials(config: NotifyConfig, now: datetime) -> list[tuple[TargetConfig, EkinerjaError | None]]:
    """Given who is told, send everybody a trial at once; return each with what went wrong, None if nothing did."""
    host = socket.gethostname()
    letter = _letter(trial(host, config.language), host, now)
    return [(target, _trial_of(target, letter)) for target in config.targets]


def _trial_of(target: TargetConfig, letter: Letter) -> EkinerjaError | None:
    try:
        way_to(target).send(letter, SEND_WITHIN_S)
    except EkinerjaError as error:
        return error
    return None


def way_to(target: TargetConfig) -> Way:
    """Given a target, return how letters get there. Raise ConfigurationError if its secret cannot be read."""
    secret = target.secret()
    match target.kind:
        case "webhook":
            return notify.Webhook(target.url or "", secret, target.ca_file)
        case "telegram":
            return notify.Telegram(target.url or notify.TELEGRAM, target.to or "", secret or "", target.ca_file)
        case "email":
            server = target.server
            return notify.Mail(
                server=server.host if server else "",
                port=server.port if server else 0,
                sender=target.sender or "",
                to=target.to or "",
                user=target.user,
                password=secret,
                starttls=target.starttls,
                ca_file=target.ca_file,
            )


def _address(target: TargetConfig) -> str:
    return f"{target.kind}:{target.url or ''}:{target.to or ''}"


def _letter(told: Notice, host: str, now: datetime) -> Letter:
    return Letter(uuid.uuid4().hex, host, told.severity, told.subject, told.text, now)


def _outline(memory: Memory) -> Sequence[object]:
    """What of it is worth writing to disk: that something was judged again is not."""
    return [(key, each.since, each.told_at, each.over_at) for key, each in sorted(memory.known.items())]


def _known_row(known: News) -> dict[str, Any]:
    condition = known.condition
    return {
        "code": condition.key.code,
        "subject": condition.key.subject,
        "severity": condition.severity,
        "office": condition.office,
        "facts": dict(condition.facts),
        "since": known.since.isoformat(),
        "told_at": known.told_at and known.told_at.isoformat(),
        "over_at": known.over_at and known.over_at.isoformat(),
    }


def _known_of(row: dict[str, Any], now: datetime) -> News:
    condition = Condition(Key(row["code"], row["subject"]), row["severity"], row["office"], row["facts"])
    return News(
        condition,
        since=datetime.fromisoformat(row["since"]),
        judged_at=now,
        told_at=_instant(row["told_at"]),
        over_at=_instant(row["over_at"]),
    )


def _waiting_row(waiting: _Waiting) -> dict[str, Any]:
    letter = waiting.letter
    return {
        "target": waiting.target,
        "tries": waiting.tries,
        "next_at": waiting.next_at.isoformat(),
        "id": letter.id,
        "host": letter.host,
        "severity": letter.severity,
        "subject": letter.subject,
        "text": letter.text,
        "made_at": letter.made_at.isoformat(),
    }


def _waiting_of(row: dict[str, Any]) -> _Waiting:
    letter = Letter(
        row["id"], row["host"], row["severity"], row["subject"], row["text"], datetime.fromisoformat(row["made_at"])
    )
    return _Waiting(row["target"], letter, int(row["tries"]), datetime.fromisoformat(row["next_at"]))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
