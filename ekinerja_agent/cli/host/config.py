"""`config check`, `config schema`, `config holidays`: what a person needs to write the files.

Promises that `check` tells every problem of every file at once and reads nothing but files. Does not know
what the settings do.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Final

import click
from pydantic import BaseModel

from ekinerja_agent.cli.shell.context import Context
from ekinerja_agent.cli.shell.translate import tell
from ekinerja_agent.config import (
    AgentConfig,
    Config,
    DevicesFile,
    Survey,
    find_config,
    secret_problems,
    secret_warnings,
    survey_config,
)
from ekinerja_agent.nouns.errors import ConfigurationError, Problem
from ekinerja_agent.nouns.instants import utc_now
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.rulebook import (
    ADOPTED,
    RULE_FILES,
    Rules,
    fairness_doubts,
    short_lived,
    short_lived_sentence,
    survey_rules,
    unadopted,
    unadopted_schedules,
)
from ekinerja_agent.yamlfile import allowed_words, schema_of

MAY_USE_ENVIRONMENT: Final[dict[str, type[BaseModel]]] = {"agent": AgentConfig, "devices": DevicesFile}
MODELS: Final[dict[str, type[BaseModel]]] = {**MAY_USE_ENVIRONMENT, **RULE_FILES}


@click.group()
def group() -> None:
    """Check the configuration, print its schema, propose holidays."""


@group.command()
@click.pass_obj
def check(context: Context) -> None:
    """Tell all that is wrong in agent.yaml, devices.yaml and the rule files; exit 3 if anything is.

    Warnings name what the rules cannot promise, and the values of the configured profile that no decree has adopted.
    """
    path = find_config(context.config_path)
    survey = survey_config(path)
    config = survey.config
    problems = list(survey.problems)
    rules = survey_rules(survey.rules) if config is None or "score" in config.agent.roles else None
    problems += rules.problems if rules else ()
    if config is not None:
        problems += secret_problems(config)
    if rules:
        problems += _profile_problems(survey, rules)
    if problems:
        raise ConfigurationError(problems)
    assert config is not None  # noqa: S101  # a survey without problems has a configuration
    _say_what_is_fine(config, rules)
    _warn(config, rules)


def _profile_problems(survey: Survey, rules: Rules) -> list[Problem]:
    """Given both surveys, return what is wrong with the profile that agent.yaml names."""
    profile = survey.document.get(("profile",)) if survey.document else None
    if survey.document is None or not isinstance(profile, str) or not rules.profiles or profile in rules.profiles:
        return []
    message = Message(
        "there is no profile {profile} in {rules}; {allowed}",
        profile=repr(profile),
        rules=survey.rules,
        allowed=allowed_words(profile, rules.profiles),
    )
    return [survey.document.problem(("profile",), message)]


def _say_what_is_fine(config: Config, rules: Rules | None) -> None:
    agent = config.agent
    # The URL may hold a password that came from the environment.
    database = agent.central.url.partition(":")[0]
    tell(
        Message(
            "{path}: fine, roles {roles}, central on {database}",
            path=config.path,
            roles=", ".join(agent.roles),
            database=database,
        )
    )
    if config.terminals:
        enabled = sum(terminal.enabled for terminal in config.terminals)
        tell(
            Message(
                "{devices}: fine, terminals {terminals}, enabled {enabled}",
                devices=_short(agent.devices),
                terminals=len(config.terminals),
                enabled=enabled,
            )
        )
    if rules is None or rules.book is None:
        tell(Message("rules: not read, this host does not score"))
        return
    for path in rules.files:
        tell(Message("{path}: fine", path=_short(path)))
    profiles = ", ".join(sorted(rules.book.profiles))
    tell(
        Message(
            "rules {digest}: profiles {profiles}; units that name none use {profile}",
            digest=rules.book.digest,
            profiles=profiles,
            profile=agent.profile,
        )
    )


def _warn(config: Config, rules: Rules | None) -> None:
    for warning in secret_warnings(config):
        tell(Message("warning: {warning}", warning=warning), err=True)
    book = rules.book if rules else None
    if book is None:
        return
    for name, profile in sorted(book.profiles.items()):
        for doubt in fairness_doubts(profile):
            tell(
                Message("warning: profile {name}: one more punch may add a deduction: {doubt}", name=name, doubt=doubt),
                err=True,
            )
    profile = book.profile(config.agent.profile)
    days = (utc_now().date(), date.max)
    found = [
        (Message("{value} of {profile}", value=value, profile=profile.name), citation)
        for value, citation in unadopted(book, profile.name, *days)
    ]
    for value, citation in (*found, *unadopted_schedules(book, [profile.schedule], *days)):
        tell(
            Message(
                "warning: {place}: {value} (mark {mark}) is not adopted; name its decree in {file}, or no month "
                "that uses it can be closed",
                place=_short(config.agent.rules / citation.place),
                value=value,
                mark=citation.mark,
                file=_short(config.agent.rules / ADOPTED),
            ),
            err=True,
        )
    for one in short_lived(book, [profile.name], [profile.schedule], date.min, date.max):
        tell(Message("warning: {doubt}", doubt=short_lived_sentence(one)), err=True)


def _short(path: Path) -> str:
    return os.path.relpath(path)


@group.command()
@click.argument("file", type=click.Choice(sorted(MODELS)), required=False)
def schema(file: str | None) -> None:
    """Print the JSON Schema of FILE for an editor; without FILE, of all files by name."""
    schemas = {name: schema_of(MODELS[name], variables=name in MAY_USE_ENVIRONMENT) for name in MODELS}
    click.echo(json.dumps(schemas[file] if file else schemas, indent=2, ensure_ascii=False))


@group.command()
@click.argument("year", type=int)
def holidays(year: int) -> None:
    """Propose national holidays and cuti bersama of YEAR as YAML, to compare with the decree and keep."""
    # The package is large and only this command needs it.
    from ekinerja_agent.rulebook.proposal import propose_holidays

    text = propose_holidays(year)
    click.echo(text, nl=False)
    if "mark: I" in text:
        tell(Message("warning: some dates are estimates; wait for the decree before you keep them"), err=True)
