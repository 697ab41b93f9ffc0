"""Every column of text is known to hold, or not to hold, what belongs to a member."""

import pytest
from django.apps import apps
from django.db import models

from compensation.models import Member
from config.common import personal

OURS = ("common", "compensation", "feedback", "surveys", "kpis")
MODELS = [model for model in apps.get_models() if model._meta.app_label in OURS]

pytestmark = pytest.mark.req("F23")


def test_every_column_of_text_is_classified():
    assert list(personal.unclassified(MODELS)) == []


@pytest.mark.parametrize("label", ["feedback.Message", "compensation.Member", "feedback.Department"])
def test_a_table_that_nobody_classified_is_noticed(monkeypatch, label):
    monkeypatch.delitem(personal.PERSONAL, label, raising=False)
    monkeypatch.setattr(personal, "FREE", personal.FREE - {label})
    assert any(one.startswith(f"{label}.") for one in personal.unclassified(MODELS))


def test_what_is_named_exists():
    known = {model._meta.label: model for model in MODELS}
    for label, one in personal.PERSONAL.items():
        assert set(one.fields) <= {field.name for field in known[label]._meta.local_concrete_fields}, label
    for name in personal.FREE:
        app, model, *column = name.split(".")
        assert f"{app}.{model}" in known, name
        assert not column or known[f"{app}.{model}"]._meta.get_field(column[0]), name


def test_nothing_is_both_personal_and_free():
    columns = {f"{label}.{name}" for label, one in personal.PERSONAL.items() for name in one.fields}
    assert not columns & personal.FREE
    assert not personal.PERSONAL.keys() & personal.FREE


@pytest.mark.django_db
def test_the_way_from_a_row_to_its_member_can_be_walked():
    """For every table that names one the rows of a member are one query away."""
    known = {model._meta.label: model for model in MODELS}
    nobody = Member(pk=0)
    for label, one in personal.PERSONAL.items():
        if one.whose:
            rows: models.QuerySet = known[label]._default_manager.filter(
                **{one.whose: nobody.pk if one.whose == "pk" else nobody}
            )
            assert not rows.exists(), label


UNTOLD = {
    "compensation.Account", "compensation.CouponCount", "compensation.BatchItem", "feedback.Dedication",
    "feedback.ReplyTurn", "feedback.LegalHold",
}  # fmt: skip
"""Sums of what is told, who is meant to look after whom, what colleagues put down."""


def test_a_member_is_told_of_every_table_that_names_them():
    for model in MODELS:
        label = model._meta.label
        names = [one for one in model._meta.concrete_fields if one.related_model is Member]
        known = personal.PERSONAL.get(label)
        is_told = label in personal.ALSO or (known is not None and known.is_told)
        if names and not label.endswith("History"):
            assert is_told is not (label in UNTOLD), label
