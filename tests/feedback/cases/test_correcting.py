"""What a case is about, set right: the clocks follow, what was late stays late."""

from datetime import timedelta

import pytest
from django.db import transaction

from config.common.errors import Invalid, MoveNotAllowed, NotFound, Stale
from config.common.models import Event
from feedback.cases import commands
from feedback.cases.timeline import timeline_of
from feedback.models import CaseKind, Channel, Clock, Milestone, Policy
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.orders import OrderFactory, OrderLineFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2"), pytest.mark.req("F1")]
SOON = T0 + timedelta(minutes=5)


@pytest.fixture
def case():
    make_policy()
    department = DepartmentFactory()
    AgentFactory(departments=[department])
    member = MemberFactory()
    return commands.open_case(
        member=member, kind=CaseKind.ENQUIRY, channel=Channel.PHONE, subject="138****1234 来电",
        department=department, actor=member, at=T0,
    )  # fmt: skip


def correct(case, *, at=SOON, **options):
    given = {"subject": case.subject, "kind": case.kind, "order_id": case.order_id, **options}
    actor = case.department.memberships.get().agent.user
    return commands.correct(case_id=case.pk, **given, actor=actor, at=at)


def test_subject_kind_and_order_with_the_story(case):
    line = OrderLineFactory(order=OrderFactory(member=case.member), product__category="餐具")
    done = correct(case, subject="  杯子碎了 ", kind=CaseKind.COMPLAINT, order_id=line.order_id)
    assert (done.subject, done.kind, done.order, done.category) == (
        "杯子碎了",
        "complaint",
        line.order,
        "餐具",
    )
    assert done.version == case.version + 1
    note = done.messages.get()
    assert (note.is_public, note.author) == (False, "system")
    assert "138****1234 来电" in note.body
    told = [one.text for one in timeline_of(done) if one.kind == "case.corrected"]
    assert len(told) == 1
    assert "→" in told[0]


def test_the_same_again_changes_nothing(case):
    before = Event.objects.count()
    assert correct(case).version == case.version
    assert Event.objects.count() == before


def test_clocks_go_on_under_the_policy_for_it_from_where_they_began(case):
    make_policy(code="complaints", position=0, kinds=[CaseKind.COMPLAINT], targets={"first_reply": 9})
    correct(case, kind=CaseKind.COMPLAINT)
    clock = Clock.objects.get(case=case, milestone=Milestone.FIRST_REPLY)
    assert (clock.started_at, clock.due_at) == (T0, T0 + timedelta(minutes=9))
    assert clock.policy_version.policy == Policy.objects.get(code="complaints")
    assert clock.facts["kind"] == "complaint"


def test_what_was_late_stays_late(case):
    first = Clock.objects.get(case=case, milestone=Milestone.FIRST_REPLY)
    late = first.due_at + timedelta(seconds=1)
    make_policy(code="easy", position=0, kinds=[CaseKind.COMPLAINT], targets={"first_reply": 9999})
    correct(case, kind=CaseKind.COMPLAINT, at=late)
    first.refresh_from_db()
    assert (first.breached_at, first.due_at) == (first.due_at, late - timedelta(seconds=1))


def test_a_refund_is_promised_from_then_on_and_no_longer_when_it_is_none(case):
    make_policy(code="refunds", position=0, kinds=[CaseKind.REFUND], targets={"refund": 1})
    correct(case, kind=CaseKind.REFUND)
    clock = Clock.objects.get(case=case, milestone=Milestone.REFUND)
    assert (clock.started_at, clock.due_at) == (SOON, SOON + timedelta(minutes=1))
    case.refresh_from_db()
    correct(case, kind=CaseKind.ENQUIRY, at=SOON + timedelta(seconds=30))
    clock.refresh_from_db()
    assert (clock.stopped_at, clock.breached_at) == (SOON + timedelta(seconds=30), None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"subject": ""}, Invalid),
        ({"kind": "nothing"}, Invalid),
        ({"kind": CaseKind.REVIEW}, Invalid),
        ({"order_id": 10**9}, NotFound),
        ({"version": 99, "subject": "x"}, Stale),
    ],
)
def test_what_is_refused(case, options, error):
    with pytest.raises(error), transaction.atomic():
        correct(case, **options)


def test_the_order_of_somebody_else_and_a_case_that_has_ended(case):
    with pytest.raises(Invalid), transaction.atomic():
        correct(case, order_id=OrderFactory().pk)
    actor = case.department.memberships.get().agent.user
    commands.resolve(case_id=case.pk, resolution="solved", message="好了", actor=actor, at=SOON)
    with pytest.raises(MoveNotAllowed):
        correct(case, subject="x", at=SOON + timedelta(minutes=1))
