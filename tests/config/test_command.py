"""`config check`, `config schema` and `config holidays` as a person calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ekinerja_agent.cli.host.config import group
from ekinerja_agent.cli.shell.context import Context
from ekinerja_agent.nouns.errors import ConfigurationError, WrongUsage

Write = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def call(*args: str, config: str | None = None) -> Result:
    return CliRunner().invoke(group, args, obj=Context(config_path=config))


def test_check_has_one_line_for_each_file_that_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = call("check")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "config/agent.yaml: fine, roles collect, score, central on sqlite"
    assert lines[1] == "devices.yaml: fine, terminals 1, enabled 1"
    rule_files = {str(path.relative_to(ROOT)) for path in (ROOT / "config/rules").rglob("*.yaml")}
    assert {line.removesuffix(": fine") for line in lines[2:-1]} == rule_files
    assert lines[-1].startswith("rules sha256:")
    assert ": profiles badung, bali-last, banjarmasin, " in lines[-1]
    assert lines[-1].endswith(", tpp-model, tulang-bawang; units that name none use hsu")


def test_check_warns_where_one_more_punch_may_add_a_deduction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    warnings = [line for line in call("check").stderr.splitlines() if "one more punch" in line]
    assert {line.partition(": one more")[0].rpartition(" ")[2] for line in warnings} == {
        *("badung", "bali-last", "banjarmasin", "banyuwangi", "bulukumba", "jambi", "kemenkeu", "magetan"),
        *("mempawah", "permenaker-15-2024", "tpp-model", "tulang-bawang"),
    }
    assert warnings[0] == (
        "warning: profile badung: one more punch may add a deduction: there is no day_cap, so a day with scans may "
        "cost more than a day without (from 2021-01-01)"
    )


def test_check_warns_which_values_of_the_configured_profile_no_decree_has_adopted(write: Write) -> None:
    shutil.copytree(ROOT / "config/rules", "rules")
    write("devices.yaml", "terminals: []")
    write("agent.yaml", "devices: devices.yaml\nrules: rules\nprofile: kemenkeu\nroles: [score]\n")
    warnings = [line for line in call("check", config="agent.yaml").stderr.splitlines() if "not adopted" in line]
    assert warnings[0] == (
        "warning: rules/profiles/tpp-model.yaml:7: scans of kemenkeu (mark I) is not adopted; name its decree in "
        "rules/adopted.yaml, or no month that uses it can be closed"
    )
    assert ": week of five-day-kemenkeu (mark S) is not" in warnings[-1]
    write(
        "rules/adopted.yaml",
        'adopted: [{value: "*", profile: kemenkeu, decree: PMK 221/2021, date: 2021-12-31, by: Menteri Keuangan}]',
    )
    assert "not adopted" not in call("check", config="agent.yaml").stderr


def test_check_tells_the_problems_of_all_files_at_once(write: Write) -> None:
    shutil.copytree(ROOT / "config/rules", "rules")
    write("rules/ramadan.yaml", "ramadan: [{first: 2026-02-19, last: 2026-03-02, source: x, mark: M}]")
    write("devices.yaml", "terminals: [{id: a, office: D, timezone: Asia/Jakarta, transport: tpc}]")
    write("agent.yaml", "devices: devices.yaml\nrules: rules\nprofile: hsv\nlog: {level: all}\n")
    result = call("check", config="agent.yaml")
    assert isinstance(result.exception, ConfigurationError)
    assert result.exception.exit_code == 3
    assert str(result.exception).splitlines() == [
        (
            "agent.yaml:3:10: profile: there is no profile 'hsv' in "
            "rules; allowed are badung, bali-last, banjarmasin, banyuwangi, bulukumba, four-scan-example, hsu, jambi, "
            "kemenkeu, magetan, mempawah, permenaker-15-2024, tpp-model, tulang-bawang; did you mean hsu?"
        ),
        "agent.yaml:4:14: log.level: 'all' was found; allowed are debug, error, info, warning",
        "devices.yaml:1:13: terminals.1.address: the key is missing; host[:port] is required unless transport is none",
        "devices.yaml:1:67: terminals.1.transport: 'tpc' was found; allowed are none, tcp, udp; did you mean tcp?",
        "rules/ramadan.yaml:1:37: ramadan.1.last: the month would have 12 days; 29 or 30 are allowed",
    ]


def test_check_reads_the_secrets_and_warns_of_exposed_ones(write: Write) -> None:
    terminal = "{id: %s, office: D, address: %s, timezone: Asia/Jakarta, comm_key_file: %s}"
    write("devices.yaml", f"terminals: [{terminal % ('a', 'a', 'key')}, {terminal % ('b', 'b', 'none')}]")
    write("key", "77").chmod(0o644)
    write("agent.yaml", "roles: [collect]\ndevices: devices.yaml\n")
    result = call("check", config="agent.yaml")
    assert str(result.exception) == (
        f"{Path.cwd()}/none: comm_key_file of b: the file cannot be read (No such file or directory); "
        "it must hold the secret"
    )
    write("none", "78").chmod(0o600)
    result = call("check", config="agent.yaml")
    assert "rules: not read, this host does not score" in result.stdout
    assert result.stderr.startswith(f"warning: {Path.cwd()}/key: comm_key_file of a: every user of this host can read")


def test_schema_prints_one_file_or_all() -> None:
    names = {"agent", "devices", "schedules", "ramadan", "holidays", "unexcused", "profile", "adopted"}
    every = json.loads(call("schema").stdout)
    assert set(every) == names
    for name in names:
        assert json.loads(call("schema", name).stdout) == every[name]
        assert every[name]["additionalProperties"] is False


def test_holidays_prints_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call("holidays", "2026")
    assert result.stdout == (ROOT / "config/rules/holidays/2026.yaml").read_text()
    assert result.stderr == ""


def test_holidays_says_what_is_only_estimated() -> None:
    result = call("holidays", "2027")
    assert "(perkiraan)" in result.stdout
    assert result.stderr == "warning: some dates are estimates; wait for the decree before you keep them\n"
    assert isinstance(call("holidays", "1900").exception, WrongUsage)


def test_a_collecting_host_loads_neither_polars_nor_sqlalchemy_to_read_its_configuration() -> None:
    code = (
        "import sys; from pathlib import Path; from ekinerja_agent import config, rulebook; "
        f"config.load(Path({str(ROOT / 'config/agent.yaml')!r}), {{}}); "
        "print(sorted({'polars', 'sqlalchemy', 'holidays', 'zk'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
