"""Texts: variables in braces are filled in once, and nothing in them is ever carried out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.care import texts
from compensation.models import Trigger
from config.common.errors import Invalid


def test_variables_are_filled_in():
    values = {"name": "王女士", "order": "A1"}
    assert texts.fill("{name}，订单{order}已确认", values) == "王女士，订单A1已确认"


def test_a_line_whose_variable_has_no_value_is_left_out():
    text = "Happy birthday, {name}!\nHere is {coupon}.\nYours"
    assert texts.fill(text, {"name": "Ann", "coupon": ""}) == "Happy birthday, Ann!\nYours"
    assert texts.fill("{name}", {}) == ""


def test_a_value_is_not_looked_into():
    assert texts.fill("{name} {order}", {"name": "{order}", "order": "{name}"}) == "{order} {name}"


@pytest.mark.parametrize(
    "name", ["{0.__class__}", "%(order)s", "a\r\nBcc: x@y", "\u202egnp.exe", "\x00\x1b[31m", "<script>"]
)
def test_a_hostile_name_stays_on_its_line_and_is_only_text(name):
    filled = texts.fill("Hello {name}\nbye", {"name": name, "order": "secret"})
    assert filled.count("\n") == 1
    assert "secret" not in filled
    assert not any(sign in filled for sign in ("\r", "\x00", "\x1b", "\u202e"))


@pytest.mark.parametrize(
    "text",
    [
        "{member}", "{name.__class__}", "{name!r}", "{}", "{0}", "{ name }", "{name", "name}", "{{name}}",
        "{NAME}", "{tracking}",
    ],
)  # fmt: skip
def test_what_is_no_variable_of_the_occasion_is_refused(text):
    with pytest.raises(Invalid):
        texts.check(text, Trigger.BIRTHDAY)


def test_variables_of_the_occasion_are_taken():
    texts.check("{name} {tier} {coupon}", Trigger.BIRTHDAY)
    texts.check("{carrier}: {tracking}", Trigger.SHIPPED)
    texts.check("{festival}", Trigger.FESTIVAL)


@given(st.text(), st.sampled_from(Trigger))
def test_what_passes_the_check_holds_no_brace_when_filled(text, trigger):
    try:
        texts.check(text, trigger)
    except Invalid:
        return
    assert not set("{}") & set(texts.fill(text, dict.fromkeys(texts.VARIABLES, "x")))
