from datetime import timedelta

import pytest

from compensation.models import Cap, Grant
from feedback.automatic.applying import apply_to_gaps
from feedback.automatic.dry_run import dry_run
from feedback.models import Playbook, PlaybookVersion, Severity
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import CaseFactory
from tests.factories.money import AT, PointsRuleFactory
from tests.factories.rules import rule_of
from tests.feedback.automatic.test_applying import late

pytestmark = [pytest.mark.django_db, pytest.mark.req("C8")]
DAY = timedelta(days=1)


def test_a_draft_says_what_it_would_have_given_and_writes_nothing():
    PointsRuleFactory()
    draft = rule_of(
        "late", 5, {"kind": "points", "points": 100}, trigger="gap", department="service", publish=False
    )
    late(), late(Severity.SLIGHT)
    late(withdrawn_at=AT)
    late(days=40)  # too old for the rule
    before = late()
    before.detected_at = AT - 8 * DAY
    before.save()
    report = dry_run(draft, days=7, at=AT)
    assert (report.looked, report.occurrences, report.is_cut) == (3, 2, False)
    assert (report.given.times, report.given.fen) == (4, 2 * 500 + 2 * 100)
    assert {code: (one.times, one.fen) for code, one in report.by_department.items()} == {
        "service": (4, 1_200)
    }
    assert dry_run(draft, days=30, at=AT).occurrences == 3
    assert not Grant.objects.exists()


def test_caps_rules_before_it_and_what_was_made_good_are_counted():
    rule_of("first", 10, trigger="gap", severity_from=3, position=1)
    draft = rule_of("late", 5, trigger="gap", position=2, publish=False)
    member = MemberFactory()
    gaps = [late(Severity.SLIGHT, member=member) for _gap in range(4)]
    late()
    Cap.objects.create(scope="member", period="day", limit_count=3)
    Cap.objects.create(scope="rule", rule_code="other", period="day", limit_count=0)
    Cap.objects.create(scope="agent", period="day", limit_count=0)
    report = dry_run(draft, days=7, at=AT)
    assert (report.looked, report.occurrences, report.taken) == (5, 4, 1)
    assert (report.given.times, report.refused.times, report.refused.fen) == (3, 1, 500)
    rule_of("late", 5, trigger="gap", position=2)
    apply_to_gaps(gap_ids=[gaps[0].pk], at=AT)
    assert dry_run(draft, days=7, at=AT).made_good == 1


def test_cases_are_looked_at_by_their_problem():
    playbook = Playbook.objects.create(code="wrong", name="错发", problem="wrong_item", words=["发错"])
    PlaybookVersion.objects.create(playbook=playbook, number=1, content={}, published_at=AT)
    draft = rule_of(
        "wrong", 10, {"kind": "reshipment"}, trigger="case", problems=["wrong_item"], publish=False
    )
    order = OrderLineFactory(order=OrderFactory(), paid_fen=7_000).order
    CaseFactory(member=order.member, order=order, subject="发错了", opened_at=AT - DAY)
    CaseFactory(subject="问一下", opened_at=AT - DAY)
    CaseFactory(subject="发错了", opened_at=AT - DAY, channel="gap")
    report = dry_run(draft, days=7, at=AT)
    assert (report.looked, report.occurrences) == (2, 1)
    assert (report.given.times, report.given.fen) == (2, 8_000)


def test_gaps_cost_the_same_number_of_queries_however_many(django_assert_num_queries):
    draft = rule_of("late", 5, trigger="gap", publish=False)
    late()
    with django_assert_num_queries(9):
        dry_run(draft, days=7, at=AT)
    late(), late()
    with django_assert_num_queries(9):
        dry_run(draft, days=7, at=AT)
