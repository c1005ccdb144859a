"""NIP: the vectors of example V03, and that any text has parts or doubts."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.nouns.nip import Doubt, is_nip, parse_nip

TODAY = date(2026, 9, 30)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("196608011988031001", "ok"),
        ("198609262015051001", "ok"),
        ("196608011988031000", "bad sequence"),
        ("196613011988031001", "bad birth date"),
        ("198609262015131001", "bad CPNS month"),
        ("198609262015053001", "bad sex digit"),
        ("19860926201505100", "not 18 digits"),
        ("200501012015051001", "CPNS year outside 18 years after birth .. today"),
        ("198609262027051001", "CPNS year outside 18 years after birth .. today"),
    ],
)
def test_a_nip_has_the_verdict_of_v03(text: str, verdict: str) -> None:
    assert ("; ".join(doubt.value for doubt in parse_nip(text, TODAY).doubts) or "ok") == verdict


def test_a_good_nip_tells_birth_appointment_sex_and_sequence() -> None:
    nip = parse_nip("196608011988031001", TODAY)
    assert (nip.birth, nip.tmt_cpns, nip.sex, nip.sequence) == (date(1966, 8, 1), "1988-03", "male", "001")


def test_all_doubts_are_told_in_the_order_of_the_digits() -> None:
    nip = parse_nip("196602302000133000", TODAY)
    assert nip.doubts == (Doubt.BIRTH, Doubt.MONTH, Doubt.SEX, Doubt.SEQUENCE)
    assert (nip.birth, nip.tmt_cpns, nip.sex, nip.sequence) == (None, None, None, None)


@given(st.text() | st.from_regex(r"[0-9]{18}", fullmatch=True))
def test_any_text_is_18_digits_or_doubted_for_its_length(text: str) -> None:
    nip = parse_nip(text, TODAY)
    assert is_nip(text) == (Doubt.LENGTH not in nip.doubts) == (text.isascii() and text.isdigit() and len(text) == 18)
    assert nip.doubts or nip.birth is not None
