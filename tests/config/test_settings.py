"""agent.yaml and devices.yaml: what is right is typed and absolute, what is wrong is told all at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import pytest

from ekinerja_agent import config
from ekinerja_agent.nouns.errors import ConfigurationError, WrongUsage
from ekinerja_agent.yamlfile.scalars import HostPort
from tests.config.conftest import AGENT, TERMINAL

Problems = Callable[..., list[str]]
Write = Callable[..., Path]

ROOT = Path(__file__).parents[2]


def test_the_shipped_files_mean_what_the_contract_shows() -> None:
    found = config.load(ROOT / "config/agent.yaml", {})
    agent = found.agent
    assert agent.roles == ("collect", "score")
    assert (agent.state_dir, agent.spool_path) == (ROOT / "state", ROOT / "state/spool.db")
    assert (agent.rules, agent.profile) == (ROOT / "config/rules", "hsu")
    assert agent.central.url == f"sqlite:///{ROOT}/state/central.db"
    assert (agent.poll.every, agent.poll.timeout_s, agent.poll.workers) == (timedelta(minutes=1), 20, 64)
    assert (agent.clock.tolerance_s, agent.clock.sync) == (120, False)
    assert agent.score.at == time(1)
    assert agent.web.listen == HostPort("127.0.0.1", 8460)
    (terminal,) = found.terminals
    assert terminal.address == HostPort("10.20.3.15", 4370)
    assert (terminal.serial, terminal.office) == ("CKJN204860123", "DINKES")
    assert (terminal.timezone, terminal.every) == (ZoneInfo("Asia/Makassar"), timedelta(minutes=1))
    assert (terminal.transport, terminal.mode, terminal.push, terminal.enabled) == (
        "tcp",
        "poll",
        False,
        True,
    )


def test_defaults_are_those_of_the_shipped_file(write: Write) -> None:
    write("devices.yaml", "terminals: [{id: a, office: D, address: a, timezone: Asia/Jakarta}]")
    bare = config.load(write("config/agent.yaml", "state_dir: ../state\n"), {}).agent
    full = config.load(ROOT / "config/agent.yaml", {}).agent
    for section in ("poll", "clock", "score", "web", "log"):
        assert getattr(bare, section) == getattr(full, section)
    assert bare.rules == full.rules == config.shipped_rules()
    assert bare.profile == "tpp-model"
    assert bare.central.url == f"sqlite:///{Path.cwd()}/state/central.db"


def test_every_problem_of_both_files_is_told_at_once(problems: Problems) -> None:
    found = problems(
        """\
        roles: [colect, score, score]
        devices: devices.yaml
        profil: hsu
        central: {url: mysql://root@db/x}
        poll: {every: 60, timeout: 0s, workers: 0, tail_read: yes}
        clock:
        score: {at: "1:00"}
        web: [127.0.0.1]
        log: {format: jsn, level: {a: b}}
        """,
        """\
        terminals:
          - id: a/b
            office: "DIN KES"
            address: 10.20.3.256
            timezone: WITA
            enabled: 1
          - id: lobby
            adress: 10.0.0.1
            timezone: Asia/Makassar
            every: soon
            push: true
          - lobby
        """,
    )
    zone = "Asia/Jakarta, Asia/Pontianak, Asia/Makassar, Asia/Jayapura or another IANA time zone is allowed"
    duration = "a duration from 1s to 1d, such as 60s, 5m, 1h or 2d, is allowed"
    group = "a group of `key: value` lines is allowed"
    an_id = "an id of up to 64 letters, digits and - _ . that starts with a letter or digit is allowed"
    address = (
        "a host name or IP address, then optionally : and a port (IPv6 in brackets), "
        "such as 10.20.3.15:4370, is allowed"
    )
    agent_keys = (
        "central, clock, devices, health, log, metrics, notify, poll, profile, retention, roles, rules, score, "
        "state_dir, web"
    )
    keys = "address, comm_key_file, enabled, every, id, mode, office, push, push_from, serial, timezone, transport"
    assert found == [
        "agent.yaml:1:9: roles.1: 'colect' was found; allowed are collect, score, web; did you mean collect?",
        f"agent.yaml:3:1: profil: unknown key; allowed are {agent_keys}; did you mean profile?",
        (
            "agent.yaml:4:16: central.url: 'mysql' does not begin a URL that is allowed: sqlite:///PATH or "
            "postgresql+psycopg2://USER@HOST/DATABASE"
        ),
        f"agent.yaml:5:15: poll.every: '60' was found; {duration}",
        f"agent.yaml:5:28: poll.timeout: '0s' was found; {duration.replace('1d', '10m')}",
        "agent.yaml:5:41: poll.workers: '0' was found; a whole number from 1 to 1024 is allowed",
        "agent.yaml:5:55: poll.tail_read: 'yes' was found; true or false is allowed",
        f"agent.yaml:6:1: clock: nothing was found; {group}",
        "agent.yaml:7:13: score.at: '1:00' was found; a time from 00:00 to 23:59 is allowed",
        f"agent.yaml:8:6: web: a list was found; {group}",
        "agent.yaml:9:15: log.format: 'jsn' was found; allowed are console, json; did you mean json?",
        "agent.yaml:9:27: log.level: a group of keys was found; allowed are debug, error, info, warning",
        f"devices.yaml:2:9: terminals.1.id: 'a/b' was found; {an_id}",
        "devices.yaml:3:13: terminals.1.office: 'DIN KES' was found; up to 64 characters without blanks is allowed",
        f"devices.yaml:4:14: terminals.1.address: '10.20.3.256' was found; {address}",
        f"devices.yaml:5:15: terminals.1.timezone: 'WITA' was found; {zone}",
        "devices.yaml:6:14: terminals.1.enabled: '1' was found; true or false is allowed",
        "devices.yaml:7:5: terminals.2.address: the key is missing; host[:port] is required unless transport is none",
        "devices.yaml:7:5: terminals.2.office: the key is missing; it is required here",
        f"devices.yaml:8:5: terminals.2.adress: unknown key; allowed are {keys}; did you mean address?",
        f"devices.yaml:10:12: terminals.2.every: 'soon' was found; {duration}",
        (
            "devices.yaml:11:11: terminals.2.push: true was found without a serial; uploads are recognised by it, "
            "so push requires it"
        ),
        f"devices.yaml:12:5: terminals.3: 'lobby' was found; {group}",
    ]


def test_what_must_be_unique_is_told_with_the_line_of_the_first(problems: Problems) -> None:
    found = problems(
        devices="""\
        terminals:
          - {id: a, office: D, address: 10.0.0.1, timezone: Asia/Jakarta, serial: S1}
          - {id: b, office: D, address: "10.0.0.1:4370", timezone: Asia/Jakarta, serial: S2}
          - {id: a, office: D, address: "10.0.0.1:4371", timezone: Asia/Jakarta, serial: S1}
        """
    )
    assert found == [
        (
            "devices.yaml:3:33: terminals.2.address: '10.0.0.1:4370' stands on line 2 too; two enabled "
            "terminals cannot "
            "share one address"
        ),
        (
            "devices.yaml:4:10: terminals.3.id: 'a' stands on line 2 too; an id is unique for ever, for "
            "it is part of the "
            "identity of every punch"
        ),
        "devices.yaml:4:82: terminals.3.serial: 'S1' stands on line 2 too; one serial has one id",
    ]


def test_a_replacement_may_have_the_address_of_the_terminal_it_replaced(problems: Problems) -> None:
    assert not problems(
        devices="""\
        terminals:
          - {id: old, office: D, address: 10.0.0.1, timezone: Asia/Jakarta, enabled: false}
          - {id: new, office: D, address: 10.0.0.1, timezone: Asia/Jakarta}
          - {id: usb, office: D, transport: none, timezone: Asia/Jakarta}
          - {id: pushes, office: D, transport: none, push: true, serial: "0123", timezone: Asia/Jakarta}
        """
    )


def test_a_terminal_without_transport_cannot_be_live(problems: Problems) -> None:
    assert problems(
        devices="terminals: [{id: a, office: D, transport: none, mode: live, timezone: Asia/Jakarta}]\n"
    ) == [
        (
            "devices.yaml:1:55: terminals.1.mode: live was found with transport none; without a transport only poll is "
            "allowed"
        )
    ]


@pytest.mark.parametrize(
    ("agent", "devices", "expected"),
    [
        (
            "roles: []\n",
            "terminals: []",
            "agent.yaml:1:8: roles: an empty list was found; at least one entry is required",
        ),
        (
            "roles: collect\n",
            "terminals: []",
            "agent.yaml:1:8: roles: 'collect' was found; a list such as [one, two]",
        ),
        (
            "roles: [score, score]\n",
            "terminals: []",
            "agent.yaml:1:16: roles.2: score stands twice; once is enough",
        ),
        (
            "roles: [collect]\n",
            "terminals:\n",
            "devices.yaml:1:1: terminals: nothing was found; a list such as",
        ),
        ("roles: [score]\n", "x: y", "devices.yaml:1:1: terminals: the key is missing; it is required here"),
        (
            "rules: null\n",
            "terminals: []",
            "agent.yaml:1:1: rules: nothing was found; a path, relative to this file",
        ),
        (
            "central: {url: 'sqlite://'}\n",
            "terminals: []",
            "agent.yaml:1:16: central.url: no file that stays is named",
        ),
        (
            "central: {url: 'sqlite:///:memory:'}\n",
            "terminals: []",
            "agent.yaml:1:16: central.url: no file that stays",
        ),
        (
            "central: {url: 'postgresql://db'}\n",
            "terminals: []",
            "agent.yaml:1:16: central.url: the URL names no database",
        ),
        (
            "central: {sslmode: require}\n",
            "terminals: []",
            "agent.yaml:1:20: central.sslmode: 'require' was found with a database file; it is allowed with",
        ),
        (
            "central: {url: 'postgresql://db/x', sslmode: verify-full}\n",
            "terminals: []",
            "agent.yaml:1:46: central.sslmode: verify-full was found without sslrootcert; name the file",
        ),
        (
            "central: {url: 'postgresql://db/x?sslmode=require', sslmode: require}\n",
            "terminals: []",
            "agent.yaml:1:62: central.sslmode: 'require' was found, and the URL has sslmode too; it is allowed in one",
        ),
        (
            "central: {url: 'postgresql://db/x', sslmode: verify-ca, sslrootcert: nowhere.pem}\n",
            "terminals: []",
            "agent.yaml:1:70: central.sslrootcert: nowhere.pem is not there; name the file",
        ),
        (
            "central: {url: 'postgresql://db/x', sslmode: always}\n",
            "terminals: []",
            "agent.yaml:1:46: central.sslmode: 'always' was found; allowed are allow",
        ),
        (
            "central: {url: 'postgresql://db:x/y'}\n",
            "terminals: []",
            "agent.yaml:1:16: central.url: this is not a URL",
        ),
    ],
)
def test_each_wrong_setting_is_told(problems: Problems, agent: str, devices: str, expected: str) -> None:
    assert [found for found in problems(agent + "devices: devices.yaml\n", devices) if found.startswith(expected)]


def test_a_password_in_the_url_is_refused_unless_it_comes_from_the_environment(problems: Problems) -> None:
    text = "devices: devices.yaml\ncentral:\n  url: postgresql://u:%s@db/x\n"
    (problem,) = problems(text % "hunter2")
    assert problem.startswith("agent.yaml:3:8: central.url: a password stands in the URL")
    assert "hunter2" not in problem
    assert problems(text % "${PW}", PW="hunter2") == []


def test_a_scoring_server_needs_no_devices_file_unless_it_names_one(write: Write) -> None:
    assert config.load(write("config/agent.yaml", "roles: [score]\n"), {}).terminals == ()
    named = config.survey_config(write("config/agent.yaml", "roles: [score]\ndevices: d.yaml\n"), {})
    assert [str(problem) for problem in named.problems] == ["config/d.yaml: there is no such file"]


def test_paths_are_relative_to_the_file_that_names_them(write: Write) -> None:
    write(
        "etc/devices.yaml",
        "terminals: [{id: a, office: D, address: a, timezone: Asia/Jakarta, comm_key_file: keys/a}]",
    )
    write("etc/keys/a", "1234\n")
    agent = "devices: devices.yaml\nstate_dir: /var/lib/x\ncentral: {url: 'sqlite:///c.db', password_file: pw}\n"
    found = config.load(write("etc/agent.yaml", agent), {})
    here = Path.cwd() / "etc"
    assert found.agent.state_dir == Path("/var/lib/x")
    assert found.agent.central.url == f"sqlite:///{here}/c.db"
    assert found.agent.central.password_file == here / "pw"
    assert found.terminals[0].comm_key_file == here / "keys/a"
    assert found.terminals[0].comm_key() == 1234


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the file cannot be read (No such file or directory); it must hold the secret"),
        (b"", "one line of text is allowed, and it must not be empty"),
        (b"12\n34\n", "one line of text is allowed, and it must not be empty"),
        (b"\xff", "the file is not UTF-8 text; one line is allowed"),
        (
            b"secret",
            "this is not a communication key; a number from 0 to 4294967295 is allowed, nothing else",
        ),
        (
            b"4294967296",
            "this is not a communication key; a number from 0 to 4294967295 is allowed, nothing else",
        ),
    ],
)
def test_a_wrong_key_file_is_told_without_its_content(write: Write, content: bytes | None, message: str) -> None:
    terminal = config.TerminalConfig.model_validate(
        {"id": "lobby", "office": "D", "timezone": "Asia/Jakarta", "comm_key_file": "key"},
        context={"base": Path.cwd()},
    )
    if content is not None:
        write("key", content)
    with pytest.raises(ConfigurationError) as error:
        terminal.comm_key()
    assert str(error.value) == f"{Path.cwd()}/key: comm_key_file of lobby: {message}"


def test_a_terminal_without_key_file_has_key_zero() -> None:
    terminal = config.TerminalConfig.model_validate({"id": "a", "office": "D", "timezone": "Asia/Jakarta"})
    assert terminal.comm_key() == 0


def test_a_password_keeps_every_character_but_the_line_end(write: Write) -> None:
    write("pw", b"  p@ss word \r\n")
    write("devices.yaml", "terminals: []")
    found = config.load(write("agent.yaml", "roles: [score]\ncentral: {password_file: pw}\n"), {})
    assert found.agent.central.password() == "  p@ss word "


def test_secrets_that_every_user_can_read_are_warned_about(write: Write) -> None:
    write("pw", "x").chmod(0o644)
    found = config.load(write("agent.yaml", "roles: [score]\ncentral: {password_file: pw}\n"), {})
    (warning,) = config.secret_warnings(found)
    assert str(warning).startswith(f"{Path.cwd()}/pw: central.password_file: every user of this host can read it")
    Path("pw").chmod(0o640)
    assert config.secret_warnings(found) == []


def test_an_unknown_terminal_is_told_with_those_there_are() -> None:
    found = config.load(ROOT / "config/agent.yaml", {})
    assert found.terminal("dinkes-lobby").office == "DINKES"
    with pytest.raises(WrongUsage, match=r"'x'.*dinkes-lobby"):
        found.terminal("x")


@pytest.mark.parametrize(
    ("written", "address", "unprotected"),
    [
        ("url: 'postgresql://u@db/x'", "postgresql://u@db/x", "db"),
        ("url: 'postgresql://u@localhost/x'", "postgresql://u@localhost/x", None),
        ("url: 'postgresql:///x?host=/run/postgresql'", "postgresql:///x?host=/run/postgresql", None),
        ("url: 'postgresql:///x?host=db'", "postgresql:///x?host=db", "db"),
        ("url: 'postgresql://u@db/x', sslmode: prefer", "postgresql://u@db/x?sslmode=prefer", "db"),
        ("url: 'postgresql://u@db/x?sslmode=require'", "postgresql://u@db/x?sslmode=require", None),
        (
            "url: 'postgresql://u@db/x?port=5', sslmode: verify-full, sslrootcert: ca.pem",
            "postgresql://u@db/x?port=5&sslmode=verify-full&sslrootcert={ca}",
            None,
        ),
        ("url: 'sqlite:////tmp/x.db'", "sqlite:////tmp/x.db", None),
    ],
)
def test_how_the_database_is_reached(write: Write, written: str, address: str, unprotected: str | None) -> None:
    ca = write("ca.pem", "a certificate")
    write("devices.yaml", "terminals: []")
    central = config.load(write("agent.yaml", f"devices: devices.yaml\ncentral: {{{written}}}\n"), {}).agent.central
    assert central.address == address.format(ca=quote_plus(str(ca.absolute())))
    assert central.unprotected_host == unprotected


def test_networks_of_a_pushing_terminal_are_cidr_and_need_push(problems: Problems) -> None:
    pushing = TERMINAL + "    push: true\n    serial: S1\n"
    assert problems(devices=pushing + "    push_from: [10.20.0.0/16, 10.21.0.7, 'fd00::/8']\n") == []
    (host_bits,) = problems(devices=pushing + "    push_from: [10.20.0.1/16]\n")
    assert "a network such as" in host_bits
    (alone,) = problems(devices=TERMINAL + "    push_from: [10.20.0.0/16]\n")
    assert "push: true" in alone
    (proxy,) = problems(agent=AGENT + "web: {proxies: [nginx]}\n")
    assert "a network such as" in proxy
