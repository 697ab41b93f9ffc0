"""The periodic search, with the rules that follow."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command

from compensation.models import Coupon, Rule, RuleVersion
from config.common import registry
from feedback import tasks
from feedback.gaps import commands
from feedback.models import Case, Gap, GapThreshold
from tests.feedback.gaps.test_detect import DUE, NOW, make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seeded():
    for seed in registry.DEFAULTS:
        seed(NOW)


@pytest.mark.req("F11")
def test_a_severe_gap_opens_a_case_and_a_slight_one_does_not(seeded):
    severe = make(DUE + timedelta(days=4), due=DUE)
    make(DUE + timedelta(hours=1))
    make(DUE - timedelta(days=400) + timedelta(days=9), due=DUE - timedelta(days=400))
    with time_machine.travel(NOW, tick=False):
        tasks.detect_gaps()
        tasks.detect_gaps()
    assert Gap.objects.count() == 3
    case = Case.objects.get()
    assert case.order_id == severe.order_id
    assert Gap.objects.get(case=case).severity == 3
    assert set(Coupon.objects.values_list("template__code", "grant__rule__code")) == {
        ("sorry-5", "late-severe"),
        ("sorry-5", "late"),  # the slight one
    }
    assert not Gap.objects.filter(rules_due=True).exists()


def test_a_gap_that_grows_severe_opens_its_case_then(seeded):
    make(due=DUE)
    for hours, cases in ((1, 0), (47, 0), (49, 1), (80, 1)):
        with time_machine.travel(DUE + timedelta(hours=hours), tick=False):
            tasks.detect_gaps()
        assert Case.objects.count() == cases


def test_a_gap_whose_rule_failed_is_tried_again(seeded, monkeypatch):
    make(DUE + timedelta(days=4))
    with time_machine.travel(NOW, tick=False):
        monkeypatch.setattr("feedback.automatic.applying.cases.open_case", lambda **_given: 1 / 0)
        tasks.detect_gaps()
        assert Gap.objects.get().rules_due
        monkeypatch.undo()
        tasks.detect_gaps()
    assert Case.objects.count() == 1


def test_a_gap_that_changes_while_the_rules_look_stays_due():
    make(DUE + timedelta(days=4))
    commands.detect(at=NOW)
    gap_id, changed_at = commands.due_for_rules()[0]
    Gap.objects.update(changed_at=NOW + timedelta(seconds=1))
    commands.rules_applied(gap_id=gap_id, changed_at=changed_at)
    assert Gap.objects.get().rules_due


def test_defaults_do_not_overwrite_edits(seeded):
    GapThreshold.objects.filter(aspect="delivery").update(slight=1)
    Rule.objects.filter(code="late").update(is_active=False, name="x")
    for seed in registry.DEFAULTS:
        seed(NOW)
    assert GapThreshold.objects.get(aspect="delivery").slight == 1
    assert Rule.objects.get(code="late").name == "x"
    assert Rule.objects.count() == RuleVersion.objects.exclude(published_at=None).count() == 5


def test_the_commands_print_what_they_found():
    make(DUE + timedelta(days=4))
    out = StringIO()
    call_command("detect_gaps", stdout=out)
    call_command("gap_report", stdout=out)
    call_command("detect_gaps", stdout=out)
    assert "gap.found" in out.getvalue()
    assert "| delivery | severe | 1 | 0 | – |" in out.getvalue()
    assert "nothing new" in out.getvalue()
