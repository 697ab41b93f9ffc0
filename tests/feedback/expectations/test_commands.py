"""Other weights: what they would do, and doing it."""

import pytest
from django.utils import timezone

from config.common.errors import Invalid
from config.common.models import Event
from feedback.defaults.expectations import seed_expectations
from feedback.expectations import commands, refreshing
from feedback.models import ExpectationDue, MemberExpectation, SignWeight
from tests.factories.expectations import cares

pytestmark = [pytest.mark.django_db, pytest.mark.req("F24")]
KEY = ("case_speed", "speed")


@pytest.fixture(autouse=True)
def seeded(db):
    seed_expectations(timezone.now())


def test_a_preview_tells_who_would_change_and_keeps_nothing():
    row = cares(signs={"case_speed": [5, 5, 5.0]})
    found = commands.preview({KEY: "0"})
    assert (found.looked_at, found.before["speed"], found.after[""]) == (1, 1, 1)
    assert [(one.row, one.after.cares_for) for one in found.changes] == [(row, "")]
    assert SignWeight.objects.get(sign="case_speed").weight == 2


def test_other_weights_are_kept_and_everybody_is_reckoned_anew(django_user_model):
    row = cares(signs={"case_speed": [5, 5, 5.0]})
    ExpectationDue.objects.all().delete()
    now = timezone.now()
    actor = django_user_model.objects.create_user("chief")
    given = {KEY: "0", ("case_speed", "service"): "3", ("asked", "service"): ""}
    assert commands.weigh(given=given, actor=actor, at=now) == 1
    kept = {(one.sign, one.cared): float(one.weight) for one in SignWeight.objects.all()}
    assert (kept[KEY], kept["case_speed", "service"], kept["asked", "service"]) == (0, 3, 0)
    assert Event.objects.filter(kind="signweight.changed").count() == 3
    assert ExpectationDue.objects.get().member_id == row.member_id
    assert commands.weigh(given=given, actor=actor, at=now) == 0
    refreshing.refresh_due(at=now)
    assert MemberExpectation.objects.get().votes == 0


@pytest.mark.parametrize(
    "given",
    [
        {("dance", "speed"): "1"}, {("asked", "luck"): "1"}, {KEY: "-1"}, {KEY: "11"}, {KEY: "x"},
        {KEY: "NaN"}, {KEY: "Infinity"}, {KEY: "9" * 400},
    ],
)  # fmt: skip
def test_weights_that_cannot_be_are_refused(given):
    with pytest.raises(Invalid):
        commands.weigh(given=given, actor=None, at=timezone.now())
    assert SignWeight.objects.get(sign="case_speed").weight == 2
