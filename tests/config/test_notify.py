"""Who is told: what each kind needs, what it does not use, and secrets that stand in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from ekinerja_agent import config

Problems = Callable[..., list[str]]
Write = Callable[..., Path]

BASE = "roles: [collect, score]\ndevices: devices.yaml\n"


def test_what_is_right_is_typed(write: Write) -> None:
    write("devices.yaml", "terminals: []")
    text = """\
    health: {away_after: 1h, duty_days: [mon, sat], duty_hours: "07:30-13:00"}
    metrics: {textfile: out/agent.prom}
    notify:
      language: en
      targets:
        - {kind: email, to: a@b, sender: c@d, server: mail.b, user: u, secret_file: k, quiet: "21:00-06:00"}
        - {kind: telegram, to: "-100", secret_file: t, severity: critical}
    """
    found = config.load(write("agent.yaml", BASE + "\n".join(line[4:] for line in text.splitlines())), {}).agent
    assert found.health.away_after == timedelta(hours=1)
    assert found.health.duty_hours == (time(7, 30), time(13))
    assert found.metrics.textfile == Path.cwd() / "out/agent.prom"
    mail, telegram = found.notify.targets
    assert str(mail.server) == "mail.b:587"
    assert (mail.secret_file, mail.quiet) == (Path.cwd() / "k", (time(21), time(6)))
    assert (telegram.to, telegram.severity) == ("-100", "critical")


def test_nobody_is_told_unless_somebody_is_named(write: Write) -> None:
    write("devices.yaml", "terminals: []")
    found = config.load(write("agent.yaml", BASE), {}).agent
    assert found.notify.targets == ()
    assert found.notify.language == "id"
    assert found.metrics.textfile is None


def test_every_problem_of_every_target_is_told_at_once(problems: Problems) -> None:
    found = problems(
        BASE
        + """\
notify:
  targets:
    - {kind: webhook, to: x}
    - {kind: email, to: a@b, user: u, starttls: false, url: "http://h"}
    - {kind: telegram, url: "ftp://h"}
    - {kind: pager}
    - {kind: webhook, url: "https://me:pw@h/x", token: abc}
health: {duty_days: [mon, mon], duty_hours: 7-14}
"""
    )
    assert found == [
        "agent.yaml:5:7: notify.targets.1.url: the key is missing; webhook requires it",
        (
            "agent.yaml:5:23: notify.targets.1.to: webhook does not use this key; allowed are ca_file, kind, quiet, "
            "secret_file, severity, url"
        ),
        "agent.yaml:6:7: notify.targets.2.secret_file: the key is missing; email requires it",
        "agent.yaml:6:7: notify.targets.2.sender: the key is missing; email requires it",
        "agent.yaml:6:7: notify.targets.2.server: the key is missing; email requires it",
        (
            "agent.yaml:6:49: notify.targets.2.starttls: false was found with a user; a password may travel only "
            "encrypted"
        ),
        (
            "agent.yaml:6:56: notify.targets.2.url: email does not use this key; allowed are ca_file, kind, quiet, "
            "secret_file, sender, server, severity, starttls, to, user"
        ),
        "agent.yaml:7:7: notify.targets.3.secret_file: the key is missing; telegram requires it",
        "agent.yaml:7:7: notify.targets.3.to: the key is missing; telegram requires it",
        (
            "agent.yaml:7:29: notify.targets.3.url: this is not the address of a web service; https://HOST/PATH is "
            "allowed"
        ),
        "agent.yaml:8:14: notify.targets.4.kind: 'pager' was found; allowed are email, telegram, webhook",
        (
            "agent.yaml:9:28: notify.targets.5.url: a login stands in the address; name a file that holds it in "
            "secret_file"
        ),
        (
            "agent.yaml:9:49: notify.targets.5.token: unknown key; allowed are ca_file, kind, quiet, secret_file, "
            "sender, server, severity, starttls, to, url, user"
        ),
        "agent.yaml:10:27: health.duty_days.2: mon stands twice; once is enough",
        ("agent.yaml:10:45: health.duty_hours: '7-14' was found; a stretch of time such as 07:30-16:00 is allowed"),
    ]


def test_secrets_that_cannot_be_read_are_problems_of_the_configuration(write: Write) -> None:
    write("devices.yaml", "terminals: []")
    write("agent.yaml", BASE + "notify: {targets: [{kind: telegram, to: x, secret_file: bot}]}\n")
    loaded = config.load(Path("agent.yaml"), {})
    (problem,) = config.secret_problems(loaded)
    assert "secret_file of telegram: the file cannot be read" in str(problem)
    write("bot", "t0ken").chmod(0o644)
    assert config.secret_problems(loaded) == []
    (warning,) = config.secret_warnings(loaded)
    assert warning.key == "secret_file of telegram"


@pytest.mark.parametrize("host", ["h", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.9:8080"])
@pytest.mark.parametrize("target", ["kind: webhook", "kind: telegram, to: '1'"])
def test_a_token_travels_in_clear_to_no_other_host(problems: Problems, target: str, host: str) -> None:
    (found,) = problems(BASE + f'notify: {{targets: [{{{target}, secret_file: t, url: "http://{host}/x"}}]}}\n')
    assert "http:// was found with a secret_file; a token may travel only encrypted" in found


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "http://localhost:99/x", "http://[::1]/x", "https://h/x"])
def test_a_token_may_travel_encrypted_or_on_this_host(write: Write, url: str) -> None:
    write("devices.yaml", "terminals: []")
    write("t", "t0ken")
    text = f'notify: {{targets: [{{kind: webhook, secret_file: t, url: "{url}"}}]}}\n'
    (target,) = config.load(write("agent.yaml", BASE + text), {}).agent.notify.targets
    assert target.url == url
