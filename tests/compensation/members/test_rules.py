"""Contacts, codes and tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.members import rules


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_writing_a_contact_normally_twice_changes_nothing(contact: str) -> None:
    normal = rules.normal_contact(contact)
    assert rules.normal_contact(normal) == normal
    assert normal in rules.spellings(contact)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_masked_contact_does_not_give_it_away(contact: str) -> None:
    masked = rules.masked(contact)
    assert "*" in masked
    if rules.plausible_contact(contact):
        assert contact.strip() not in masked


@pytest.mark.parametrize(
    ("contact", "masked"), [("13812345678", "138****5678"), ("li@example.com", "l***@example.com")]
)
def test_masks(contact: str, masked: str) -> None:
    assert rules.masked(contact) == masked


def test_codes_are_six_digits() -> None:
    codes = {rules.new_code() for _ in range(200)}
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert len(codes) > 190


def test_a_digest_depends_on_contact_and_code() -> None:
    digest = rules.code_digest("13800000001", "123456")
    assert rules.same_code(digest, "+86 13800000001", "123456 ")
    assert not rules.same_code(digest, "13800000002", "123456")
    assert not rules.same_code(digest, "13800000001", "123457")
