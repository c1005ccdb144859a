"""Messages over real sockets: what travels, what is encrypted, and what an error says and hides."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from ekinerja_agent.notify import Letter, Mail, Telegram, Webhook
from ekinerja_agent.nouns.errors import NeedsAttention, TemporarilyUnavailable
from tests.notify.conftest import Hook, Post

MADE_AT = datetime(2026, 10, 5, 1, tzinfo=UTC)
LETTER = Letter("0123abcd", "kantor", "critical", "[kantor] Baru: Disk hampir penuh", "Baru:\n- Ā 1 %", MADE_AT)
PATIENCE_S = 60.0


def mail(port: int, **changes: Any) -> Mail:
    usual = {"server": "localhost", "port": port, "sender": "agent@example.go.id", "to": "it@example.go.id"}
    return Mail(**usual | {"user": "agent", "password": "s3cret"} | changes)


def test_a_webhook_gets_json_and_its_token(hook: Hook) -> None:
    Webhook(f"{hook.url}/in?x=1", token="t0ken").send(LETTER, PATIENCE_S)
    (posted,) = hook.posted
    assert posted.path == "/in?x=1"
    assert posted.headers["Authorization"] == "Bearer t0ken"
    assert posted.body == {
        "id": "0123abcd",
        "host": "kantor",
        "severity": "critical",
        "subject": "[kantor] Baru: Disk hampir penuh",
        "text": "Baru:\n- Ā 1 %",
        "made_at": "2026-10-05T01:00:00+00:00",
    }


def test_a_webhook_without_a_token_sends_none(hook: Hook) -> None:
    Webhook(hook.url).send(LETTER, PATIENCE_S)
    assert "Authorization" not in hook.posted[0].headers


def test_telegram_gets_plain_text_for_its_chat_cut_to_what_it_takes(hook: Hook) -> None:
    bot = Telegram(hook.url, "-100200", "12:t0ken")
    bot.send(LETTER, PATIENCE_S)
    bot.send(Letter("1", "kantor", "info", "s", "x" * 5000, MADE_AT), PATIENCE_S)
    short, long = hook.posted
    assert short.path == "/bot12:t0ken/sendMessage"
    assert (short.body["chat_id"], short.body["text"]) == ("-100200", f"{LETTER.subject}\n\n{LETTER.text}")
    assert len(long.body["text"]) == 4096
    assert long.body["text"].endswith("x…")


def test_https_is_checked_against_the_certificates_that_are_named(tls_hook: Hook, certificate: Path) -> None:
    Webhook(tls_hook.url, ca_file=certificate).send(LETTER, PATIENCE_S)
    assert len(tls_hook.posted) == 1
    with pytest.raises(TemporarilyUnavailable, match="certificate verify failed"):
        Webhook(tls_hook.url, token="t0ken").send(LETTER, PATIENCE_S)
    assert len(tls_hook.posted) == 1


def test_a_mail_goes_encrypted_after_a_login(post: Post, certificate: Path) -> None:
    mail(post.port, ca_file=certificate).send(LETTER, PATIENCE_S)
    ((session, envelope),) = post.taken
    assert session.ssl is not None
    assert session.authenticated
    assert (envelope.mail_from, envelope.rcpt_tos) == ("agent@example.go.id", ["it@example.go.id"])
    sent = message_from_bytes(envelope.content, policy=policy.default)
    assert sent["Subject"] == LETTER.subject
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"] == "<0123abcd@kantor>"
    assert sent.get_content().splitlines() == LETTER.text.splitlines()


def test_a_mail_server_of_this_host_may_be_used_in_clear(plain_post: Post) -> None:
    mail(plain_post.port, user=None, password=None, starttls=False).send(LETTER, PATIENCE_S)
    assert len(plain_post.taken) == 1


def test_a_server_that_offers_no_encryption_gets_nothing(plain_post: Post) -> None:
    with pytest.raises(NeedsAttention, match="offers no STARTTLS"):
        mail(plain_post.port).send(LETTER, PATIENCE_S)
    assert plain_post.taken == []


def test_a_mail_server_with_an_unknown_certificate_gets_no_password(post: Post) -> None:
    with pytest.raises(TemporarilyUnavailable, match="does not answer"):
        mail(post.port).send(LETTER, PATIENCE_S)
    assert post.taken == []


def test_a_wrong_password_is_for_a_person_and_is_not_told(post: Post, certificate: Path) -> None:
    with pytest.raises(NeedsAttention, match="refused the login") as refused:
        mail(post.port, password="wr0ng", ca_file=certificate).send(LETTER, PATIENCE_S)
    assert "wr0ng" not in str(refused.value)


@pytest.mark.parametrize(("reply", "error"), [("451 busy", TemporarilyUnavailable), ("554 never", NeedsAttention)])
def test_a_refusal_for_now_is_told_from_one_for_good(
    post: Post, certificate: Path, reply: str, error: type[Exception]
) -> None:
    post.refusal = reply
    with pytest.raises(error, match=reply[:3]):
        mail(post.port, ca_file=certificate).send(LETTER, PATIENCE_S)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, TemporarilyUnavailable),
        (503, TemporarilyUnavailable),
        (429, TemporarilyUnavailable),
        (401, NeedsAttention),
    ],
)
def test_an_answer_of_http_tells_whether_to_try_again(hook: Hook, status: int, error: type[Exception]) -> None:
    hook.answers.append((status, {}))
    with pytest.raises(error, match=f"HTTP {status}") as refused:
        Telegram(hook.url, "1", "12:t0ken").send(LETTER, PATIENCE_S)
    assert "t0ken" not in str(refused.value)


def test_a_token_does_not_follow_a_redirection(hook: Hook, tls_hook: Hook) -> None:
    hook.answers.append((307, {"Location": tls_hook.url}))
    with pytest.raises(NeedsAttention, match="HTTP 307"):
        Webhook(hook.url, token="t0ken").send(LETTER, PATIENCE_S)
    assert tls_hook.posted == []


def test_nobody_at_the_other_end_is_a_matter_of_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for way in (Webhook(f"http://127.0.0.1:{port}"), Telegram(f"http://127.0.0.1:{port}", "1", "t0ken"), mail(port)):
        with pytest.raises(TemporarilyUnavailable, match="does not answer") as away:
            way.send(LETTER, PATIENCE_S)
        assert "t0ken" not in str(away.value)


def test_an_end_that_is_silent_does_not_hold_us_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for way in (Webhook(f"http://127.0.0.1:{port}"), mail(port)):
            with pytest.raises(TemporarilyUnavailable):
                way.send(LETTER, 0.2)


def test_an_end_that_speaks_nonsense_is_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                connection.sendall(b"\xff\xfe\r\n" * 10)
                connection.close()

        thread = threading.Thread(target=babble)
        thread.start()
        port = server.getsockname()[1]
        for way in (Webhook(f"http://127.0.0.1:{port}"), mail(port)):
            with pytest.raises((TemporarilyUnavailable, NeedsAttention)):
                way.send(LETTER, PATIENCE_S)
        thread.join()


def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(NeedsAttention, match=r"ca\.pem holds no certificates"):
        Webhook("https://localhost", ca_file=tmp_path / "ca.pem").send(LETTER, PATIENCE_S)


def test_secrets_are_not_shown() -> None:
    for way in (Webhook("http://h", token="t0ken"), Telegram("http://h", "1", "t0ken"), mail(25, password="t0ken")):
        assert "t0ken" not in repr(way)
