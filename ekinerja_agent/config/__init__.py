"""What agent.yaml and devices.yaml say: one frozen configuration, every default filled in.

Promises that a configuration is either right as a whole or refused with every problem of both files at once.
Does not know how anything configured here is done, and opens no secret before somebody asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekinerja_agent.config.doubts import agent_doubts, terminal_doubts
from ekinerja_agent.config.places import find_config, is_missing, other_configs
from ekinerja_agent.config.secret_places import agent_secrets, misplaced, terminal_secrets
from ekinerja_agent.config.secrets import is_exposed
from ekinerja_agent.config.settings import (
    DEFAULT_DEVICES,
    AgentConfig,
    DevicesFile,
    NotifyConfig,
    Severity,
    TargetConfig,
    TerminalConfig,
    shipped_rules,
)
from ekinerja_agent.nouns.errors import ConfigurationError, Problem, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.yamlfile import Document, fit, read_document
from ekinerja_agent.yamlfile.scalars import absolute

__all__ = [
    "AgentConfig",
    "Config",
    "DevicesFile",
    "NotifyConfig",
    "Severity",
    "Survey",
    "TargetConfig",
    "TerminalConfig",
    "find_config",
    "load",
    "other_configs",
    "read_devices",
    "secret_problems",
    "secret_warnings",
    "shipped_rules",
    "survey_config",
]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration of one agent. `path` is agent.yaml."""

    path: Path
    agent: AgentConfig
    terminals: tuple[TerminalConfig, ...]

    @property
    def polled(self) -> tuple[TerminalConfig, ...]:
        """The terminals that this host reads: none without the role collect."""
        if "collect" not in self.agent.roles:
            return ()
        return tuple(each for each in self.terminals if each.enabled and each.transport != "none")

    @property
    def pushing(self) -> tuple[TerminalConfig, ...]:
        """The terminals whose uploads this host takes: none without the role web."""
        return tuple(each for each in self.terminals if each.push and each.enabled and "web" in self.agent.roles)

    @property
    def only_heard(self) -> tuple[TerminalConfig, ...]:
        """Those of them that this host does not read as well."""
        polled = {each.id for each in self.polled}
        return tuple(each for each in self.pushing if each.id not in polled)

    @property
    def fills_a_spool(self) -> bool:
        """Whether punches come to this host from terminals."""
        return "collect" in self.agent.roles or bool(self.pushing)

    def terminal(self, terminal_id: str) -> TerminalConfig:
        """Given an id, return its terminal. Raise WrongUsage if devices.yaml has none of that id."""
        for terminal in self.terminals:
            if terminal.id == terminal_id:
                return terminal
        known = ", ".join(sorted(terminal.id for terminal in self.terminals)) or "none"
        raise WrongUsage(
            Message(
                "no terminal is called {terminal}; {file} has {known}",
                terminal=repr(terminal_id),
                file=self.agent.devices,
                known=known,
            )
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """What can be said of a configuration, right or wrong. `config` is None if there are problems.

    `rules` is the directory of the rule files, `document` agent.yaml itself, as far as they can be read.
    """

    config: Config | None
    problems: tuple[Problem, ...]
    rules: Path
    document: Document | None


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Given agent.yaml, return the configuration. Raise ConfigurationError: every problem of both files."""
    survey = survey_config(path, environ)
    if survey.config is None:
        raise ConfigurationError(survey.problems)
    return survey.config


def survey_config(path: Path, environ: Mapping[str, str] = os.environ) -> Survey:
    """Given agent.yaml, return all that is wrong with it and devices.yaml, or the configuration."""
    problems: list[Problem] = []
    document, found = read_document(path, environ=environ)
    problems.extend(found)
    if document is None:
        return Survey(None, tuple(problems), shipped_rules(), None)
    loaded = fit(document, AgentConfig, problems)
    problems.extend(agent_doubts(document))
    state_dir = loaded.value.state_dir if loaded else document.path.parent
    problems.extend(misplaced(document, agent_secrets(document), state_dir))
    terminals = _terminals(document, problems, environ, state_dir)
    rules = document.get(("rules",))
    rules_path = absolute(path.parent, rules) if isinstance(rules, str) and rules else shipped_rules()
    rules_path = _as_given(rules_path, path)
    if problems or loaded is None:
        return Survey(None, tuple(sorted(set(problems))), rules_path, document)
    return Survey(Config(path, loaded.value, terminals), (), rules_path, document)


def _terminals(
    agent: Document, problems: list[Problem], environ: Mapping[str, str], state_dir: Path
) -> tuple[TerminalConfig, ...]:
    """Given agent.yaml, return the terminals of its devices file; what is wrong goes to `problems`."""
    roles = agent.get(("roles",))
    collects = "roles" not in agent.tree or (isinstance(roles, list) and "collect" in roles)
    named = agent.get(("devices",))
    if ("devices",) in agent.told or isinstance(named, dict | list):
        return ()
    path = absolute(agent.path.parent, named or DEFAULT_DEVICES)
    if not collects and "devices" not in agent.tree and is_missing(path):
        return ()
    return read_devices(_as_given(path, agent.path), problems, environ, state_dir)


def read_devices(
    path: Path, problems: list[Problem], environ: Mapping[str, str], state_dir: Path
) -> tuple[TerminalConfig, ...]:
    """Given a devices file, return its terminals; what is wrong goes to `problems`."""
    document, found = read_document(path, environ=environ)
    problems.extend(found)
    if document is None:
        return ()
    loaded = fit(document, DevicesFile, problems)
    problems.extend(terminal_doubts(document))
    problems.extend(misplaced(document, terminal_secrets(document), state_dir))
    return loaded.value.terminals if loaded else ()


def _as_given(path: Path, agent: Path) -> Path:
    """Given an absolute path, return it as short as agent.yaml was named, so that problems read alike."""
    return path if agent.is_absolute() else Path(os.path.relpath(path))


def secret_files(config: Config) -> dict[Path, str]:
    """Given a configuration, return the files of its secrets, each with the key that names it."""
    named = [(terminal.comm_key_file, f"comm_key_file of {terminal.id}") for terminal in config.terminals]
    named += [(target.secret_file, f"secret_file of {target.kind}") for target in config.agent.notify.targets]
    named.append((config.agent.central.password_file, "central.password_file"))
    return {path: key for path, key in named if path is not None}


def secret_problems(config: Config) -> list[Problem]:
    """Given a configuration, return what is wrong with the files of its secrets."""
    problems: list[Problem] = []
    comm_keys = (terminal.comm_key for terminal in config.terminals)
    tokens = (target.secret for target in config.agent.notify.targets)
    for read in (config.agent.central.password, *comm_keys, *tokens):
        try:
            read()
        except ConfigurationError as error:
            problems.extend(error.problems)
    return problems


def secret_warnings(config: Config) -> list[Problem]:
    """Given a configuration, return the secrets that every user of this host can read."""
    return [
        Problem(
            str(path), 0, 0, key, Message("every user of this host can read it; run: chmod o-rwx {path}", path=path)
        )
        for path, key in secret_files(config).items()
        if is_exposed(path)
    ]
