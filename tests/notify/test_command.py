"""`notify test`: a trial to everybody, and what became of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent import cli
from tests.notify.conftest import Hook, Post


class Command:
    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory, self.capsys = directory, capsys

    def __call__(self, *targets: dict[str, Any], **settings: str) -> tuple[int, list[dict[str, Any]], str]:
        """Run the command with these targets; return its exit code, rows and what it said."""
        notify = {"targets": list(targets)} | settings
        agent = {"roles": ["score"], "central": {"url": "sqlite:///c.db"}, "notify": notify}
        (self.directory / "agent.yaml").write_text(json.dumps(agent))
        path = str(self.directory / "agent.yaml")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["ekinerja-agent", "--config", path, "notify", "test", "--format", "json"])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        captured = self.capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code, json.loads(captured.out or "[]"), captured.err


@pytest.fixture
def notify_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


def test_everybody_gets_a_trial_in_the_language_that_is_set(
    notify_test: Command, tmp_path: Path, hook: Hook, post: Post, certificate: Path
) -> None:
    (tmp_path / "bot").write_text("12:t0ken")
    (tmp_path / "mail").write_text("s3cret")
    mail = {"kind": "email", "to": "it@example.go.id", "sender": "a@example.go.id", "server": f"localhost:{post.port}"}
    code, rows, _ = notify_test(
        {"kind": "webhook", "url": hook.url, "severity": "critical", "quiet": "00:00-23:59"},
        {"kind": "telegram", "to": "-1", "url": hook.url, "secret_file": "bot"},
        mail | {"user": "agent", "secret_file": "mail", "ca_file": str(certificate)},
    )
    assert (code, [row["result"] for row in rows]) == (0, ["sent"] * 3)
    assert [row["kind"] for row in rows] == ["webhook", "telegram", "email"]
    assert hook.posted[0].body["text"].startswith("Ini percobaan.")
    assert "Ini percobaan." in hook.posted[1].body["text"]
    assert len(post.taken) == 1


def test_one_that_fails_is_told_of_and_the_others_get_theirs(notify_test: Command, hook: Hook) -> None:
    code, rows, _ = notify_test(
        {"kind": "webhook", "url": "http://127.0.0.1:9"}, {"kind": "webhook", "url": hook.url}, language="en"
    )
    assert code == 1
    assert "does not answer" in rows[0]["result"]
    assert rows[1]["result"] == "sent"
    assert hook.posted[0].body["text"].startswith("This is a trial.")


def test_a_secret_that_cannot_be_read_is_named(notify_test: Command, tmp_path: Path) -> None:
    code, rows, _ = notify_test({"kind": "telegram", "to": "-1", "secret_file": "bot"})
    assert code == 1
    assert rows[0]["result"].startswith(f"{tmp_path}/bot: secret_file of telegram: the file cannot be read")


def test_nobody_to_tell_is_wrong_usage(notify_test: Command) -> None:
    code, _, said = notify_test()
    assert code == 2
    assert "add notify.targets" in said
