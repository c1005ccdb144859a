"""The whole demo, once, as a newcomer runs it; then what it left is compared with what the terminals know."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO

import pytest
from sqlalchemy import Engine

from ekinerja_agent import config as configuration
from ekinerja_agent.central.access import audit
from ekinerja_agent.central.collected import punch_list
from ekinerja_agent.central.imported import activities
from ekinerja_agent.central.scored import results
from ekinerja_agent.central.store.engine import connect, reading
from ekinerja_agent.demo import files, leaders, month
from ekinerja_agent.demo.county import GATES, people
from ekinerja_agent.demo.month_end import ACCEPTED, EXPLAINED
from ekinerja_agent.demo.play import Stage
from ekinerja_agent.demo.story import COUNTED_MINUTES, HEAD, tell
from ekinerja_agent.demo.voice import Voice
from ekinerja_agent.nouns.scorecard import Scorecard
from ekinerja_agent.scoring import percent_text

pytestmark = pytest.mark.long

# One process plays the month once for all tests here (pytest-xdist, --dist loadfile).


@dataclass(frozen=True)
class Told:
    place: files.Place
    stage: Stage
    text: str
    engine: Engine

    def scores(self) -> list[Scorecard]:
        with reading(self.engine) as conn:
            return results.scores(conn, month.MONTH)

    def score(self, name: str) -> Scorecard:
        return next(card for card in self.scores() if card.name == name)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    directory = tmp_path_factory.mktemp("county") / "demo"
    out = StringIO()
    stage = tell(directory, Voice(out))
    place = files.Place(directory, directory)
    engine = connect(configuration.load(place.agent).agent.central.url)
    yield Told(place, stage, out.getvalue(), engine)
    engine.dispose()


def test_every_finger_on_a_terminal_is_in_central_exactly_as_often(told: Told) -> None:
    fast_s = {gate.id: gate.fast_s for gate in GATES}
    uid = {
        (name, user.pin): f"uid:{user.uid}"
        for name, terminal in told.stage.terminals.items()
        for user in terminal.device.users.values()
        if terminal.gate.layout == 8
    }
    laid = Counter(
        (
            press.gate,
            uid.get((press.gate, press.pin), press.pin),
            datetime.fromtimestamp(press.moment.timestamp() + fast_s[press.gate], month.ZONE).replace(tzinfo=None),
        )
        for press in month.presses()
    )
    central = Counter((row["terminal"], row["pin"], row["clock"]) for row in punch_list.punch_rows(told.engine))
    assert central == laid
    assert told.stage.delivered == told.stage.new == laid.total()


def test_asking_every_terminal_once_more_brought_nothing_new(told: Told) -> None:
    assert "read once more, from their first record: 0 new punches" in " ".join(told.text.split())
    assert told.stage.quarantined == 0


def test_both_failures_were_met_and_no_other_poll_failed(told: Told) -> None:
    assert set(told.stage.away) == {failure.gate for failure in month.FAILURES}
    assert told.stage.polls + told.stage.away.total() == 5 * (sum(1 for _ in month.poll_times()) + 1)


def test_nobody_of_the_dead_terminal_is_deducted_on_its_day(told: Told) -> None:
    day = date(2026, 9, 16)
    served = {person.nip for person in people() if person.terminal == month.POWER_CUT.gate}
    assert len(served) == 7
    cards = [card for card in told.scores() if card.nip in served]
    assert len(cards) == len(served)
    for card in cards:
        assert [finding for finding in card.findings if finding.day == day] == []


def test_nobody_is_deducted_because_a_link_was_broken(told: Told) -> None:
    assert not told.score("H. Abdul Gafur, S.Sos.").findings


def test_absence_without_reason_is_counted_and_absence_with_a_document_is_not(told: Told) -> None:
    absent = told.score("Supiani")
    assert [finding.day for finding in absent.findings if finding.code == "TK"] == [
        date(2026, 9, 10),
        date(2026, 9, 11),
    ]
    assert absent.unexcused.days == 2
    for document in month.DOCUMENTS:
        if document.status == "approved" and document.from_time is None:
            scored = told.score(document.name)
            days = (document.last - document.first).days + 1
            assert scored.days_excused == days, document
            assert [finding for finding in scored.findings if document.first <= finding.day <= document.last] == []


def test_the_forgotten_enrolment_found_its_old_punches_and_the_stranger_stays_listed(told: Told) -> None:
    assert {row["pin"] for row in punch_list.unmatched(told.engine)} == {month.STRANGER_PIN}
    assert told.score(month.FORGOTTEN).days_present == len(month.duty_days())


def test_the_month_was_refused_first_and_then_published_with_the_reason(told: Told) -> None:
    refused, accepted = told.text.index("cannot be closed"), told.text.index("people published, revision 1")
    assert refused < accepted
    assert "exit code 7" in " ".join(told.text.split())
    assert {card.status for card in told.scores()} == {"published"}
    states = list(results.period_status(told.engine, month.MONTH))
    assert {row.state for row in states} == {"closed"}
    assert ACCEPTED in {row.accepted_pending for row in states}


def test_payroll_reads_what_score_show_says(told: Told) -> None:
    database = told.place.directory / "state" / "central.db"
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        paid = connection.execute(
            "SELECT nip, discipline_pct, performance_pct, allowance_base_rp, discipline_rp, performance_rp, "
            "payable_rp FROM payroll_scores_v1 WHERE period = '2026-09' ORDER BY nip"
        ).fetchall()
    finally:
        connection.close()
    shown = sorted(
        (
            card.nip,
            percent_text(card.discipline.score_ppm),
            percent_text(card.performance.score_ppm),
            card.allowance.base_rp,
            card.allowance.discipline_rp,
            card.allowance.performance_rp,
            card.allowance.payable_rp,
        )
        for card in told.scores()
    )
    assert len(shown) == 40
    assert paid == shown


def test_a_deduction_was_led_back_to_the_bytes_of_the_terminal(told: Told) -> None:
    late = told.score(EXPLAINED).findings
    assert late
    assert late[0].code.startswith("TL")
    row = next(r for r in punch_list.punch_rows(told.engine) if r["punch_id"] == late[0].punch_ids[0])
    raw = next(line.split()[-1] for line in told.text.splitlines() if line.strip().startswith("raw "))
    assert bytes.fromhex(raw)[2:].startswith(row["pin"].encode() + b"\0")  # behind the slot number


def test_the_report_exists_and_names_everybody(told: Told) -> None:
    page = told.place.report.read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert all(person.name in page for person in people())


def test_only_who_came_after_the_apel_had_closed_missed_it_and_a_missed_krida_costs_nothing(told: Told) -> None:
    came = {(event.code, nip) for event, nip, _ in leaders.attendance()}
    missed = {card.nip for card in told.scores() for finding in card.findings if finding.code == "APEL"}
    excused = {person.nip for person in people() if month.is_away(person.name, leaders.APEL.day)}
    assert missed == {person.nip for person in people() if (leaders.APEL.code, person.nip) not in came} - excused
    assert len(missed) == 2


def test_notes_that_waited_are_settled_as_the_story_says(told: Told) -> None:
    with reading(told.engine) as conn:
        settled = {row["id"]: row for row in activities.rows(conn) if row["id"] in month.WAITING}
    head = next(person.nip for person in people() if person.name == HEAD)
    assert {name: (row["status"], row["decided_by"]) for name, row in settled.items()} == {
        month.APPROVED_NOTE: ("approved", head),
        month.SHORTENED_NOTE: ("approved", head),
        month.RETURNED_NOTE: ("returned", head),
        month.SILENT_NOTE: ("approved", "system"),
    }
    assert settled[month.SHORTENED_NOTE]["approved_minutes"] == COUNTED_MINUTES
    assert settled[month.SILENT_NOTE]["silent_nip"] == head


def test_every_report_that_the_story_names_is_there_and_has_something_to_show(told: Told) -> None:
    written = {path.name: path for path in told.place.reports.iterdir()}
    assert set(written) <= set(re.findall(r"[a-z-]+\.(?:html|xlsx)", told.text))
    assert {"daily", "unit", "evaluation", "workload", "events", "sakip"} <= {path.stem for path in written.values()}
    pages = {name: path.read_text(encoding="utf-8") for name, path in written.items() if path.suffix == ".html"}
    assert all("<svg" in page and "<td" in page for page in pages.values())
    assert all(plan.code in pages["sakip.html"] and plan.code in pages["evaluation.html"] for plan in leaders.PLANS)
    assert all(event.code in pages["events.html"] for event in leaders.EVENTS)


def test_the_public_edition_names_nobody(told: Told) -> None:
    page = (told.place.reports / "evaluation-public.html").read_text(encoding="utf-8")
    assert not [person.name for person in people() if person.name in page or person.nip in page]


def test_what_was_done_is_in_an_unbroken_audit_log(told: Told) -> None:
    audit.verify(told.engine)
    actions = {row["action"] for row in audit.rows(told.engine)}
    assert len(actions) >= 3


def test_the_same_month_gives_the_same_scores_on_every_machine(told: Told) -> None:
    scores = told.scores()
    found = Counter(finding.code for card in scores for finding in card.findings)
    assert found == {
        "TL1": 56,
        "TL2": 11,
        "TL3": 7,
        "TL4": 8,
        "PSW1": 12,
        "PSW2": 5,
        "IST1": 19,
        "TAK": 13,
        "TAI": 13,
        "TK": 2,
        "APEL": 2,
    }
    assert sum(card.allowance.base_rp for card in scores) == sum(p.rank.allowance_rp for p in people())
    assert sum(card.allowance.payable_rp for card in scores) == 166_907_651
