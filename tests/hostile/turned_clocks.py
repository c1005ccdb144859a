"""A day at a terminal whose clock somebody turns: as it is polled, listened to, or pushes, into a spool."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from ekinerja_agent.config import TerminalConfig
from ekinerja_agent.nouns.punch import Contradicts
from ekinerja_agent.simulator import Device, Endpoint, serve
from ekinerja_agent.spool import Spool
from ekinerja_agent.usecases.collecting import collect, watch
from ekinerja_agent.usecases.collecting.push import Receiver
from tests.proof.box import PATIENCE_S, until

ZONE = ZoneInfo("Asia/Jakarta")
DAY = date(2026, 10, 5)
Way = Literal["polled", "live", "pushing", "by word"]
WAYS: tuple[Way, ...] = ("polled", "live", "pushing", "by word")
Step = tuple[str, str]
"""When, and what: `read`, a PIN that scans, or `turn MINUTES` of the clock."""


def wall(clock: str) -> datetime:
    """The instant at which the clock on the wall shows this; hours from 24 on are those of the next day."""
    hours, minutes, seconds = map(int, clock.split(":"))
    after = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return (datetime.combine(DAY, time(), ZONE) + after).astimezone(UTC)


def reads(start: str, end: str, every_min: int = 5) -> list[Step]:
    """The terminal is read, or heard of, so often."""
    at_s, last_s = (int((wall(clock) - wall("00:00:00")).total_seconds()) for clock in (start, end))
    return [
        (f"{second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}", "read")
        for second in range(at_s, last_s + 1, 60 * every_min)
    ]


class Terminal:
    """A terminal called lobby, what the clock on the wall shows, and the spool to which its records come."""

    def __init__(self, directory: Path, way: Way, *, trusted: bool = True) -> None:
        self.directory, self.way, self.trusted = directory, way, trusted
        self.clock = wall("05:00:00")
        self.device = Device(now=lambda: self.clock, zone=ZONE)
        self.spool = Spool(directory / "spool.db")

    def live_through(self, steps: Iterable[Step]) -> None:
        """Let these things happen, in their order."""
        pushes = self.way in ("pushing", "by word")
        with self._uploading() if pushes else self._reading() as (read, told):
            for clock, what in sorted(steps):
                self.clock = wall(clock)
                if what == "read":
                    read()
                elif what.startswith("turn "):
                    self.device.jump_clock(60 * int(what.removeprefix("turn ")))
                else:
                    self.device.punch(what)
                    told()

    def doubts(self) -> list[tuple[str, str, Contradicts]]:
        """What waits in the spool as doubtful: PIN, clock, why."""
        delivery = self.spool.waiting(100_000)
        return [
            (delivery.named[name].pin, delivery.named[name].clock_text[11:], doubt.kind)
            for name, doubt in delivery.doubts.items()
        ]

    def config(self, endpoint: Endpoint | None = None) -> TerminalConfig:
        place = {"address": f"{endpoint.host}:{endpoint.port}"} if endpoint else {"transport": "none", "push": "true"}
        serial = {} if endpoint else {"serial": "S1"}
        fields = {"id": "lobby", "office": "DINKES", "timezone": ZONE.key, **place, **serial}
        return TerminalConfig.model_validate(fields, context={"base": self.directory})

    def poll(self, endpoint: Endpoint, *, full: bool | None = None) -> collect.PollResult:
        return collect.poll(
            self.config(endpoint),
            self.spool,
            state_dir=self.directory,
            tolerance_s=120,
            reply_timeout_s=5.0,
            host_clock_trusted=self.trusted,
            full=full,
            now=lambda: self.clock,
        )

    def _count(self, question: str) -> int:
        """How many records of its log the terminal counts between the two clocks of a question."""
        first, last = re.findall(r"Time=([-0-9]+ [:0-9]+)", question)
        return sum(first <= f"{each.clock:%Y-%m-%d %H:%M:%S}" <= last for each in self.device.log)

    @contextmanager
    def _reading(self) -> Iterator[tuple[Callable[[], object], Callable[[], None]]]:
        with serve(self.device) as endpoint:

            def listened_to() -> None:
                if self.way == "live":
                    self._hear(endpoint)

            yield lambda: self.poll(endpoint), listened_to

    def _hear(self, endpoint: Endpoint) -> None:
        """Somebody listens, and what the terminal has recorded shows at once."""
        over = threading.Event()
        place = collect.place_of(self.config(endpoint), 5.0)
        known = len(self.spool.known_counts("lobby"))

        def read() -> bool:
            self.poll(endpoint)
            return True

        watcher = watch.Watch(place, state_dir=self.directory, read=read, over=over)
        thread = threading.Thread(target=watcher.run)
        thread.start()
        until(lambda: len(self.spool.known_counts("lobby")) > known, "the record that a terminal told of")
        over.set()
        thread.join(PATIENCE_S)

    @contextmanager
    def _uploading(self) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
        terminal, sent = self.config(), 0
        receiver = Receiver(
            self.spool,
            [terminal],
            tolerance_s=120,
            host_clock_trusted=lambda: self.trusted,
            most_body_bytes=1 << 20,
        )
        receiver.options(terminal, self.clock)

        def heard_of() -> None:
            receiver.contact(terminal, self.clock)
            if (asked := receiver.next_command(terminal, self.clock)) is not None:
                answer = f"&AttLogSum={self._count(asked.text)}" if self.way == "pushing" else ""
                returned = "0" if answer else "-1"
                body = f"ID={asked.number}&Return={returned}&CMD=VERIFY SUM{answer}"
                receiver.results(terminal, body.encode(), self.clock)

        def uploaded() -> None:
            nonlocal sent
            lines = "".join(f"{each.pin}\t{each.clock:%Y-%m-%d %H:%M:%S}\t0\t1\n" for each in self.device.log[sent:])
            sent = len(self.device.log)
            receiver.receive(terminal, lines.encode(), complete=True, arrived_at=self.clock)

        try:
            yield heard_of, uploaded
        finally:
            receiver.close()
