"""The predicate of a rating, worked out of result and behaviour to the last hundredth."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.measures.ratings import (
    LEVELS,
    MODES,
    PREDICATES,
    RatingError,
    check_value,
    predicate_of,
    schemes_of,
    squares_of,
)

hundredths = st.integers(0, 12_000)


def written(value: int) -> str:
    return f"{value // 100}.{value % 100:02}"


@pytest.mark.parametrize(
    ("result", "behaviour", "predicate"),
    [
        ("di_atas", "di_atas", "sangat_baik"),
        ("di_atas", "sesuai", "baik"),
        ("sesuai", "di_atas", "baik"),
        ("sesuai", "sesuai", "baik"),
        ("di_atas", "di_bawah", "kurang"),
        ("sesuai", "di_bawah", "kurang"),
        ("di_bawah", "di_atas", "butuh_perbaikan"),
        ("di_bawah", "sesuai", "butuh_perbaikan"),
        ("di_bawah", "di_bawah", "sangat_kurang"),
    ],
)
def test_the_nine_squares_of_permenpanrb_6_2022(result: str, behaviour: str, predicate: str) -> None:
    assert predicate_of("panrb6", result, behaviour) == predicate


@pytest.mark.parametrize(
    ("points", "new_idea", "predicate"),
    [
        ("120", True, "sangat_baik"),
        ("110", True, "sangat_baik"),
        ("110", False, "baik"),
        ("120", False, "baik"),
        ("109.99", True, "baik"),
        ("90", False, "baik"),
        ("89.99", False, "cukup"),
        ("70", False, "cukup"),
        ("69.99", False, "kurang"),
        ("50", False, "kurang"),
        ("49.99", False, "sangat_kurang"),
        ("0", False, "sangat_kurang"),
    ],
)
def test_the_edges_of_pp_30_2019(points: str, new_idea: bool, predicate: str) -> None:
    assert predicate_of("pp30", points, points, new_idea=new_idea) == predicate


@given(hundredths, hundredths, st.sampled_from(sorted(MODES)), st.booleans())
def test_the_weighted_sum_decides_exactly(result: int, behaviour: int, mode: str, new_idea: bool) -> None:
    skp, conduct = (Fraction(int(part), 100) for part in mode.split("/"))
    points = Fraction(result, 100) * skp + Fraction(behaviour, 100) * conduct
    if points >= 90:
        expected = "sangat_baik" if points >= 110 and new_idea else "baik"
    else:
        expected = "cukup" if points >= 70 else "kurang" if points >= 50 else "sangat_kurang"
    assert predicate_of("pp30", written(result), written(behaviour), mode=mode, new_idea=new_idea) == expected


@given(hundredths, hundredths, hundredths, st.booleans())
def test_a_better_result_never_makes_a_worse_predicate(low: int, high: int, behaviour: int, new_idea: bool) -> None:
    order = ("sangat_kurang", "kurang", "cukup", "baik", "sangat_baik")
    one, other = (
        predicate_of("pp30", written(value), written(behaviour), new_idea=new_idea) for value in sorted((low, high))
    )
    assert order.index(one) <= order.index(other)


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_every_square_has_a_known_predicate(result: str, behaviour: str) -> None:
    assert predicate_of("panrb6", result, behaviour) in PREDICATES


@pytest.mark.parametrize("text", ["", "120.01", "121", "1.234", "-1", "90,5", "1e2", "nan", " 90", "٩٠", "sesuai"])
def test_a_number_that_is_none_is_named_with_its_column(text: str) -> None:
    with pytest.raises(RatingError, match="from 0 to 120 with at most two decimals") as caught:
        predicate_of("pp30", "90", text)
    assert caught.value.column == "behaviour"


def test_a_word_that_is_none_is_named_with_those_allowed() -> None:
    with pytest.raises(RatingError, match="'90'; allowed with panrb6: di_atas, sesuai, di_bawah") as caught:
        predicate_of("panrb6", "90", "sesuai")
    assert caught.value.column == "result"


def test_the_matrix_read_backwards_gives_each_square_once() -> None:
    assert squares_of("sangat_baik") == (("di_atas", "di_atas"),)
    assert squares_of("baik") == (("di_atas", "sesuai"), ("sesuai", "di_atas"), ("sesuai", "sesuai"))
    assert squares_of("butuh_perbaikan") == (("di_bawah", "di_atas"), ("di_bawah", "sesuai"))
    assert squares_of("kurang") == (("di_atas", "di_bawah"), ("sesuai", "di_bawah"))
    assert squares_of("sangat_kurang") == (("di_bawah", "di_bawah"),)
    assert squares_of("cukup") == ()
    assert sum(len(squares_of(predicate)) for predicate in PREDICATES) == 9


def test_both_schemes_share_all_predicates_but_one_each() -> None:
    assert {predicate: schemes_of(predicate) for predicate in PREDICATES} == {
        **dict.fromkeys(("sangat_baik", "baik", "kurang", "sangat_kurang"), ("panrb6", "pp30")),
        "butuh_perbaikan": ("panrb6",),
        "cukup": ("pp30",),
    }


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize(
    ("limit", "better"), [(11_000, "sangat_baik"), (9_000, "baik"), (7_000, "cukup"), (5_000, "kurang")]
)
def test_each_limit_of_a_weighted_sum_is_met_to_the_last_ten_thousandth(mode: str, limit: int, better: str) -> None:
    skp, conduct = MODES[mode]
    # Results and behaviour apart, so that the sum is the limit exactly, and then a hundredth of behaviour less.
    result, behaviour = limit - 3 * conduct, limit + 3 * skp
    assert predicate_of("pp30", written(result), written(behaviour), mode=mode, new_idea=True) == better
    assert predicate_of("pp30", written(result), written(behaviour - 1), mode=mode, new_idea=True) != better


def test_one_value_alone_is_still_checked() -> None:
    check_value("panrb6", "result", "sesuai")
    check_value("pp30", "behaviour", "119.99")
    for scheme, text in (("panrb6", "90"), ("pp30", "sesuai")):
        with pytest.raises(RatingError) as caught:
            check_value(scheme, "result", text)
        assert caught.value.column == "result"
