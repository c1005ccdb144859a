"""Metrics as Prometheus' own parser reads them, and the files that use them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ekinerja_agent.usecases.watching.health.conditions import JUDGES, judge
from ekinerja_agent.usecases.watching.health.facts import (
    CentralFacts,
    JobFacts,
    NewsFacts,
    ScoringFacts,
    Snapshot,
    SpoolFacts,
)
from ekinerja_agent.usecases.watching.health.metrics import METRICS, metrics_text
from ekinerja_agent.usecases.watching.health.text import Family, render
from ekinerja_agent.usecases.watching.health.words import SENTENCES
from tests.health.conftest import Well

ROOT = Path(__file__).parents[2]
NAMES = {metric.name for metric in METRICS}
USED = re.compile(r"\bekinerja_[a-z_]+")
UNITS = re.compile(r"_(seconds|bytes|files|ratio|total|info|up|records|punches|people|entries|holes|waiting)$")


@pytest.fixture
def full(well: Well) -> Snapshot:
    """Everything there is to measure."""
    return well.snapshot(
        well.terminal(
            last_contact=well.at,
            records=40,
            capacity=80,
            clock_offset_s=-5,
            complete_until=well.at - timedelta(hours=1),
            holes=0,
        ),
        well.terminal("gate", pushes=True),
        host=well.host(backup_at=well.at),
        spool=SpoolFacts(2, 1, well.at - timedelta(seconds=90), 8192),
        central=CentralFacts(reachable=False, away_since=well.at, delivered_at=well.at),
        jobs=(JobFacts("score", 3, 1, well.at, well.at, 2.5),),
        scoring=ScoringFacts(well.at, 120, 4, 7),
        news=NewsFacts(1, 2, 3, 4),
    )


def read(snapshot: Snapshot) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(metrics_text(snapshot)):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_every_metric_of_a_full_house_has_a_sample_a_help_and_a_type(full: Snapshot) -> None:
    assert read(full).keys() == NAMES
    families = list(text_string_to_metric_families(metrics_text(full)))
    assert all(family.documentation and family.type in {"gauge", "counter"} for family in families)


def test_values_are_those_of_the_facts(full: Snapshot) -> None:
    found = read(full)
    lobby = (("office", "DINKES"), ("terminal", "lobby"))
    gate = (("office", "DINKES"), ("terminal", "gate"))
    assert found["ekinerja_terminal_up"] == {lobby: 1, gate: 1}
    assert found["ekinerja_terminal_away_in_duty"] == {lobby: 0}
    assert found["ekinerja_terminal_silent_in_duty"] == {gate: 0}
    assert found["ekinerja_terminal_log_ratio"] == {lobby: 0.5}
    assert found["ekinerja_terminal_clock_offset_seconds"] == {lobby: -5}
    assert found["ekinerja_spool_oldest_age_seconds"] == {(): 90}
    assert found["ekinerja_central_up"] == {(): 0}
    assert found["ekinerja_job_failures_total"] == {(("job_name", "score"),): 3}
    assert found["ekinerja_measured_timestamp_seconds"] == {(): full.at.timestamp()}
    assert found["ekinerja_conditions"][("condition", "spool_rejected"),] == 1


def test_what_is_not_known_has_no_sample(well: Well) -> None:
    found = read(well.snapshot(well.terminal(up=None)))
    assert not [name for name in found if name.startswith(("ekinerja_terminal", "ekinerja_spool", "ekinerja_central"))]


def test_names_are_unique_and_end_in_a_unit() -> None:
    assert len(NAMES) == len(METRICS)
    assert {name for name in NAMES if not UNITS.search(name)} == {
        *("ekinerja_conditions", "ekinerja_job_failing", "ekinerja_terminal_away_in_duty"),
        "ekinerja_terminal_silent_in_duty",
        *("ekinerja_host_clock_synchronised", "ekinerja_host_clock_vouches"),
    }
    assert {m.name for m in METRICS if m.kind == "counter"} == {n for n in NAMES if n.endswith("_total")}


def test_labels_name_no_person(full: Snapshot) -> None:
    labels = {name for samples in read(full).values() for labels in samples for name, _ in labels}
    assert labels == {"terminal", "office", "job_name", "condition", "version"}


@pytest.mark.parametrize("file", ["config/alerts.yml", "config/grafana-dashboard.json", "docs/monitoring.md"])
def test_every_metric_that_a_file_names_exists(file: str) -> None:
    used = set(USED.findall((ROOT / file).read_text()))
    assert len(used) > 15
    assert used - NAMES == set()


def test_the_page_tells_of_every_metric_and_every_condition() -> None:
    for page in ("docs/monitoring.md", "docs/operators/id/pemantauan.md"):
        text = (ROOT / page).read_text()
        assert [code for code in SENTENCES if f"`{code}`" not in text] == []
    assert NAMES - set(USED.findall((ROOT / "docs/monitoring.md").read_text())) == set()


def test_every_alert_has_a_severity_and_says_what_to_do() -> None:
    rules = [r for g in yaml.safe_load((ROOT / "config/alerts.yml").read_text())["groups"] for r in g["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert {"summary", "description"} <= rule["annotations"].keys()


def test_every_panel_of_the_dashboard_has_a_place_of_its_own() -> None:
    panels = json.loads((ROOT / "config/grafana-dashboard.json").read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        assert panel["targets"]
        taken |= cells


def test_every_condition_that_is_judged_has_a_sentence_and_the_other_way_round(full: Snapshot, well: Well) -> None:
    assert len(JUDGES) >= 6
    full_of_trouble = well.snapshot(
        well.terminal(records=1, capacity=1, clock_offset_s=0, holes=0),
        well.terminal("gate", pushes=True, unread="rtlog"),
        host=full.host,
        spool=full.spool,
        central=CentralFacts(reachable=True),
        jobs=full.jobs,
    )
    assert {key.code for key in judge(full_of_trouble)} == SENTENCES.keys()


@given(
    st.dictionaries(st.sampled_from(["terminal", "office"]), st.text(st.characters(exclude_categories=["Cs"]))),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_label_and_number_is_read_back_as_it_was(labels: dict[str, str], number: float) -> None:
    text = render([Family("ekinerja_x", "gauge", "a \\ help\nin two lines", ((labels, number),))])
    (family,) = text_string_to_metric_families(text)
    assert family.documentation == "a \\ help\nin two lines"
    (sample,) = family.samples
    assert (sample.labels, sample.value) == (labels, number)
