"""News on its way: it survives restarts, waits its turn, holds nobody up, and has an end."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ekinerja_agent.config import NotifyConfig
from ekinerja_agent.usecases.watching.health.conditions import Condition, Key, Verdicts
from ekinerja_agent.usecases.watching.health.outbox import FILE, GIVEN_UP_AFTER, MOST_WAITING, Outbox
from tests.notify.conftest import Hook

MINUTE = timedelta(minutes=1)
CENTRAL, LOBBY = Key("central_away"), Key("terminal_away", "lobby")
WRONG: Verdicts = {
    CENTRAL: Condition(CENTRAL, "critical", "", {"minutes": 5}),
    LOBBY: Condition(LOBBY, "warning", "DINKES", {"since": "2026-10-05 09:00"}),
}
WELL: Verdicts = dict.fromkeys(WRONG)


class Desk:
    """An agent's outbox, its clock, and starting it again."""

    def __init__(self, directory: Path, *targets: dict[str, str], **changes: str) -> None:
        self.directory = directory
        self.now = datetime(2026, 10, 5, 4, tzinfo=UTC)
        self.config = NotifyConfig.model_validate(
            {"gather": "0s", "language": "en", "targets": list(targets)} | changes
        )
        self.again()

    def again(self) -> None:
        self.outbox = Outbox(self.directory, self.config, now=lambda: self.now, host="kantor")

    def pass_by(self, length: timedelta) -> None:
        self.now += length

    def round(self, verdicts: Verdicts) -> None:
        self.outbox.observe(verdicts)
        self.outbox.deliver()


def texts(hook: Hook) -> list[str]:
    return [posted.body["text"] for posted in hook.posted]


@pytest.fixture
def desk(tmp_path: Path, hook: Hook) -> Desk:
    return Desk(tmp_path, {"kind": "webhook", "url": hook.url})


def test_what_began_and_what_is_over_is_told_once_each(desk: Desk, hook: Hook) -> None:
    for verdicts in (WELL, WRONG, WRONG, WELL, WELL):
        desk.round(verdicts)
        desk.pass_by(MINUTE)
    assert [text.split(":")[0] for text in texts(hook)] == ["New", "Well again"]
    assert hook.posted[0].body["severity"] == "critical"
    assert hook.posted[0].body["subject"] == "[kantor] New: Central database away, Terminal does not answer"


def test_a_restart_tells_nothing_twice_and_does_not_call_unknown_things_well(desk: Desk, hook: Hook) -> None:
    desk.round(WRONG)
    for verdicts in ({}, WRONG, {}):
        desk.again()
        desk.round(verdicts)
    assert len(hook.posted) == 1
    desk.again()
    desk.round(WELL)
    assert texts(hook)[1].startswith("Well again:")


def test_a_message_that_was_not_taken_survives_a_restart_and_keeps_its_id(desk: Desk, hook: Hook) -> None:
    hook.answers.extend([(503, {}), (503, {})])
    desk.round(WRONG)
    desk.outbox.deliver()  # not before the pause is over
    assert len(hook.posted) == 1
    desk.again()
    desk.pass_by(MINUTE)
    desk.round(WRONG)
    desk.pass_by(MINUTE)
    desk.round(WRONG)
    assert len(hook.posted) == 2  # the second pause is twice as long
    desk.pass_by(MINUTE)
    desk.round(WRONG)
    assert len({posted.body["id"] for posted in hook.posted}) == 1
    assert desk.outbox.facts().waiting == 0
    facts = desk.outbox.facts()
    assert (facts.sent, facts.failed, facts.dropped) == (1, 1, 0)  # of this start


def test_a_target_that_fails_holds_up_no_other(tmp_path: Path, hook: Hook) -> None:
    desk = Desk(
        tmp_path,
        {"kind": "webhook", "url": "http://127.0.0.1:9"},
        {"kind": "webhook", "url": hook.url},
    )
    desk.round(WRONG)
    assert len(hook.posted) == 1
    assert desk.outbox.facts().waiting == 1


def test_each_target_gets_what_is_grave_enough_for_it(tmp_path: Path, hook: Hook) -> None:
    desk = Desk(tmp_path, {"kind": "webhook", "url": hook.url, "severity": "critical"})
    desk.round({LOBBY: WRONG[LOBBY]})
    assert hook.posted == []
    desk.round(WRONG)
    (text,) = texts(hook)
    assert "lobby" not in text
    assert "The central database has not answered for 5 minutes" in text


def test_quiet_hours_hold_back_what_is_not_critical(tmp_path: Path, hook: Hook) -> None:
    desk = Desk(tmp_path, {"kind": "webhook", "url": hook.url})
    local = desk.now.astimezone()
    quiet = f"{local - MINUTE:%H:%M}-{local + 30 * MINUTE:%H:%M}"
    desk = Desk(tmp_path, {"kind": "webhook", "url": hook.url, "quiet": quiet})
    desk.round({LOBBY: WRONG[LOBBY]})
    assert hook.posted == []
    desk.round(WRONG)
    assert [posted.body["severity"] for posted in hook.posted] == ["critical"]
    desk.pass_by(31 * MINUTE)
    desk.round(WRONG)
    assert [posted.body["severity"] for posted in hook.posted] == ["critical", "warning"]


def test_what_lasts_is_told_again_after_a_day(desk: Desk, hook: Hook) -> None:
    for _ in range(48):
        desk.round(WRONG)
        desk.pass_by(60 * MINUTE)
    assert [text.split(":")[0] for text in texts(hook)] == ["New", "Still"]


def test_the_queue_has_an_end_and_drops_the_oldest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"kind": "webhook", "url": "http://127.0.0.1:9"})
    for number in range(MOST_WAITING + 5):
        desk.outbox.observe(WRONG if number % 2 == 0 else WELL)
    facts = desk.outbox.facts()
    assert (facts.waiting, facts.dropped) == (MOST_WAITING, 5)


def test_a_message_is_given_up_after_days(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"kind": "webhook", "url": "http://127.0.0.1:9"})
    desk.round(WRONG)
    desk.pass_by(GIVEN_UP_AFTER - MINUTE)
    desk.outbox.deliver()
    assert desk.outbox.facts().waiting == 1
    desk.pass_by(60 * MINUTE)
    desk.outbox.deliver()
    facts = desk.outbox.facts()
    assert (facts.waiting, facts.dropped, facts.failed) == (0, 1, 3)


def test_what_waits_for_a_target_that_was_taken_out_is_forgotten(tmp_path: Path, hook: Hook) -> None:
    desk = Desk(tmp_path, {"kind": "webhook", "url": "http://127.0.0.1:9"})
    desk.round(WRONG)
    again = Desk(tmp_path, {"kind": "webhook", "url": hook.url})
    again.round(WRONG)
    assert hook.posted == []
    assert again.outbox.facts().waiting == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"known": [{}], "waiting": []}', '{"known": [], "waiting": [7]}', "\0"]
)
def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path, hook: Hook, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    desk = Desk(tmp_path, {"kind": "webhook", "url": hook.url})
    desk.round(WRONG)
    assert len(hook.posted) == 1
    assert json.loads((tmp_path / FILE).read_text())["waiting"] == []


def test_a_disk_that_takes_nothing_does_not_stop_the_news(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    desk = Desk(tmp_path / "state", {"kind": "webhook", "url": hook.url})
    desk.round(WRONG)
    assert len(hook.posted) == 1


def test_the_file_is_for_the_service_alone_and_holds_no_secret(tmp_path: Path, hook: Hook) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    desk = Desk(tmp_path, {"kind": "telegram", "to": "-1", "url": hook.url, "secret_file": str(tmp_path / "token")})
    hook.answers.append((500, {}))
    desk.round(WRONG)
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "t0ken" not in file.read_text()
    assert hook.posted[0].path == "/bott0ken/sendMessage"


def test_a_secret_that_is_not_there_yet_is_tried_again(tmp_path: Path, hook: Hook) -> None:
    desk = Desk(tmp_path, {"kind": "webhook", "url": hook.url, "secret_file": str(tmp_path / "token")})
    desk.round(WRONG)
    assert hook.posted == []
    (tmp_path / "token").write_text("t0ken\n")
    desk.pass_by(MINUTE)
    desk.round(WRONG)
    assert hook.posted[0].headers["Authorization"] == "Bearer t0ken"
