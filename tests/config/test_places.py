"""Which agent.yaml is used, and that closed folders are told in a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekinerja_agent import config
from ekinerja_agent.config import places
from ekinerja_agent.nouns.errors import ConfigurationError
from ekinerja_agent.rulebook.load import LAYOUT, survey_rules

Write = Callable[..., Path]
NOBODY = 65_534


def test_the_file_is_searched_where_the_contract_says(write: Write) -> None:
    assert config.find_config("a.yaml", {"EKINERJA_CONFIG": "b.yaml"}) == Path("a.yaml")
    assert config.find_config(None, {"EKINERJA_CONFIG": "b.yaml"}) == Path("b.yaml")
    write("empty", "")
    with pytest.raises(ConfigurationError, match=r"/etc/ekinerja-agent/agent\.yaml, config/agent\.yaml"):
        config.find_config(None, {})
    write("config/agent.yaml", "")
    assert config.find_config(None, {}) == Path("config/agent.yaml")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The agent.yaml of a host, in place of the one in /etc."""
    path = tmp_path / "etc" / "ekinerja-agent" / "agent.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("")
    monkeypatch.setattr(places, "SEARCHED", (path, Path("config/agent.yaml")))
    return path


@contextmanager
def kept_out(*folders: Path) -> Iterator[None]:
    """Be somebody who may not look into these folders."""
    for folder in folders:
        folder.chmod(0)
    before = os.geteuid()
    os.seteuid(NOBODY if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)
        for folder in folders:
            folder.chmod(0o755)


def test_where_a_user_may_not_look_a_sentence_says_so_and_no_other_configuration_is_taken(
    write: Write, host: Path
) -> None:
    write("config/agent.yaml", "")
    with kept_out(host.parent), pytest.raises(ConfigurationError, match=r"may not look there \(Permission denied\)"):
        config.find_config(None, {})


def test_a_folder_of_files_that_agent_yaml_names_may_be_closed_to_a_user(write: Write, tmp_path: Path) -> None:
    for name in ("shut/devices.yaml", "shut/rules/x.yaml", "shut/ca.pem"):
        write(name, "")
    text = "roles: [collect, score]\ndevices: shut/devices.yaml\nrules: shut/rules\n"
    central = "central: {url: 'postgresql+psycopg2://u@db/x', sslmode: verify-ca, sslrootcert: shut/ca.pem}\n"
    agent = write("agent.yaml", text + central)
    tmp_path.chmod(0o755)
    with kept_out(tmp_path / "shut"):
        survey = config.survey_config(agent, {})
        rules = survey_rules(survey.rules)
    assert [str(each) for each in survey.problems] == ["shut/devices.yaml: the file cannot be read (Permission denied)"]
    assert [each.message for each in rules.problems] == [
        f"the directory cannot be read (Permission denied); the rules directory holds {LAYOUT}"
    ]
