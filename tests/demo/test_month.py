"""The invented month has what the demo wants to show, and is the same for the same seed."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date, timedelta

import pytest

from ekinerja_agent.demo import leaders, month
from ekinerja_agent.demo.county import gates_of, people

WHO = {(gate.id, person.pin): person.name for person in people() for gate in gates_of(person)}


def who(press: month.Press) -> str | None:
    """Whose finger it is; None: the technician's."""
    return WHO.get((press.gate, press.pin))


def there_on(day: date) -> set[str | None]:
    return {who(press) for press in month.presses() if press.moment.date() == day}


def test_the_same_seed_gives_the_same_month_and_another_seed_another_one() -> None:
    assert month.presses(7) == month.presses(7)
    assert month.notes(7) == month.notes(7)
    assert month.presses(7) != month.presses(8)


def test_the_local_holiday_and_weekends_have_no_duty_and_no_fingers() -> None:
    worked = {press.moment.date() for press in month.presses()}
    assert worked == {month.ENROLMENT_DAY, *month.duty_days()}
    assert month.LOCAL_HOLIDAY not in worked
    assert len(month.duty_days()) == 21


def test_most_people_scan_four_times_a_day() -> None:
    day = Counter(who(press) for press in month.presses() if press.moment.date() == month.duty_days()[3])
    assert Counter(day.values()).most_common(1)[0][0] == 4
    assert len(day) >= 36


def test_who_is_away_lays_no_finger_on_any_terminal() -> None:
    for document in month.DOCUMENTS:
        if document.from_time is None:
            assert document.name not in there_on(document.first), document
    for name, days in month.WITHOUT_REASON.items():
        assert all(name not in there_on(day) for day in days)


def test_a_half_day_of_leave_ends_the_day_before_the_hours_it_names() -> None:
    half = next(d for d in month.DOCUMENTS if d.from_time)
    mine = [p for p in month.presses() if who(p) == half.name and p.moment.date() == half.first]
    assert mine
    assert all(press.moment.time() < half.from_time for press in mine if half.from_time)


def test_a_terminal_without_power_records_nobody_and_a_broken_link_stops_no_finger() -> None:
    cut, link = month.POWER_CUT, month.LINK_CUT
    fingers = month.presses()
    assert not [p for p in fingers if p.gate == cut.gate and cut.start <= p.moment < cut.end]
    assert [p for p in fingers if p.gate == link.gate and link.start <= p.moment < link.end]


@pytest.mark.parametrize("failure", month.FAILURES)
def test_a_failed_terminal_is_out_of_reach_exactly_as_long_as_it_fails(failure: month.Failure) -> None:
    second = timedelta(seconds=1)
    assert month.reachable(failure.gate, failure.start - second)
    assert not month.reachable(failure.gate, failure.start)
    assert not month.reachable(failure.gate, failure.end - second)
    assert month.reachable(failure.gate, failure.end)


def test_polls_come_every_ten_minutes_of_duty_and_never_at_night() -> None:
    times = list(month.poll_times())
    assert times == sorted(times)
    assert {t.date() for t in times} == {month.ENROLMENT_DAY, month.NEXT_MONTH, *month.duty_days()}
    steps = Counter(b - a for a, b in itertools.pairwise(times) if a.date() == b.date())
    assert steps == {timedelta(minutes=10): 72 * len(month.duty_days())}


def test_what_people_note_names_plans_that_exist_and_four_notes_wait() -> None:
    assert {note.plan for note in month.notes()} - {""} <= {plan.code for plan in leaders.PLANS}
    assert {note.id for note in month.notes() if note.status == "pending"} == month.WAITING


def test_every_finger_is_laid_between_two_polls_of_its_day() -> None:
    assert all(month.POLLS_OPEN < p.moment.time() < month.POLLS_CLOSE for p in month.presses())


def test_one_note_overlaps_another_of_the_same_person_and_no_other_does() -> None:
    by_day: dict[tuple[str, date], list[month.Note]] = {}
    for note in month.notes():
        by_day.setdefault((note.nip, note.day), []).append(note)
    twins = 0
    for notes in by_day.values():
        ordered = sorted(notes, key=lambda n: n.start)
        twins += sum(b.start < a.end for a, b in itertools.pairwise(ordered))
    assert twins == 1
    assert len({note.id for note in month.notes()}) == len(month.notes())


def test_somebody_forgets_somebody_is_late_and_a_finger_is_laid_twice() -> None:
    by_person_day = Counter((who(p), p.moment.date(), p.gate) for p in month.presses())
    assert any(count == 2 for count in by_person_day.values())
    taps = sorted((p.gate, p.pin, p.moment) for p in month.presses())
    assert any(
        a[:2] == b[:2] and timedelta(0) < b[2] - a[2] <= timedelta(seconds=5) for a, b in itertools.pairwise(taps)
    )
