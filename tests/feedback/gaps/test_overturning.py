"""Gaps that turned out to be none, and what rested on them."""

from datetime import timedelta

import pytest

from compensation.models import Coupon, Grant, Shipment
from config.common.errors import DomainError, Invalid, NotFound, NotPermitted, WrongState
from config.common.models import Event
from feedback.automatic.applying import apply_to_gaps
from feedback.gaps import commands, overturning
from feedback.models import Alert, Gap, Message, Overturned
from feedback.remedies import commands as remedies
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.money import AT, CouponTemplateFactory, staff_with
from tests.factories.rules import rule_of
from tests.feedback.gaps.test_detect import make
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F12")]
DAY = timedelta(days=1)


def made_good():
    """A severe gap with its case and coupon; the facts are corrected afterwards."""
    CouponTemplateFactory(code="sorry-5")
    service = DepartmentFactory(code="service")
    lead = AgentFactory(user=StaffFactory(role="team_lead"), leads=[service])
    rule_of("late", 5, trigger="gap", opens_case=True, department="service")
    line = make(AT, due=AT - 9 * DAY)
    commands.detect(at=AT, order_ids=[line.order_id])
    gap = Gap.objects.get()
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    gap.refresh_from_db()
    assert gap.case_id
    return line, gap, lead


def correct(line, delivered, at=AT):
    Shipment.objects.filter(order=line.order).update(delivered_at=delivered)
    commands.detect(at=at, order_ids=[line.order_id])


def test_facts_that_change_take_case_and_coupon_into_review_and_take_nothing_back():
    line, gap, lead = made_good()
    correct(line, AT - 9 * DAY)
    row = Overturned.objects.get()
    assert (row.gap, row.case, row.state, row.told_at) == (gap, gap.case, "open", None)
    assert overturning.tell(at=AT) == 1
    assert overturning.tell(at=AT) == 0
    note = Message.objects.get(case=gap.case, is_public=False)
    assert note.author == "system"
    assert Alert.objects.get(kind="gap.overturned").user == lead.user
    assert Coupon.objects.get().grant.status == "confirmed"
    assert [row.pk for row in overturning.to_decide()] == [row.pk]


def test_a_gap_that_nothing_rests_on_goes_without_a_word():
    line = make(AT, due=AT - 9 * DAY)
    commands.detect(at=AT, order_ids=[line.order_id])
    correct(line, AT - 9 * DAY)
    assert not Overturned.objects.exists()


def test_if_it_is_one_after_all_there_is_nothing_to_decide():
    line, _gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    correct(line, AT)
    assert Overturned.objects.get().state == "stands"
    correct(line, AT - 9 * DAY)
    assert Overturned.objects.filter(state="open").count() == 1


def test_a_person_may_say_that_it_is_none_until_the_facts_are_others():
    line, gap, lead = made_good()
    commands.dismiss(gap_id=gap.pk, why="会员要求晚送", actor=lead.user, at=AT)
    assert Overturned.objects.get().why == "会员要求晚送"
    commands.detect(at=AT, order_ids=[line.order_id])
    gap.refresh_from_db()
    assert gap.dismissed_at == AT
    correct(line, AT + DAY, AT + 2 * DAY)
    gap.refresh_from_db()
    assert (gap.dismissed_at, gap.withdrawn_at) == (None, None)
    with pytest.raises(NotFound):
        commands.dismiss(gap_id=0, why="x", actor=lead.user, at=AT)
    with pytest.raises(Invalid):
        commands.dismiss(gap_id=gap.pk, why=" ", actor=lead.user, at=AT)
    commands.dismiss(gap_id=gap.pk, why="x", actor=lead.user, at=AT)
    with pytest.raises(WrongState):
        commands.dismiss(gap_id=gap.pk, why="x", actor=lead.user, at=AT)


def decide(state, *, role="administrator", note="x", pk=None):
    return overturning.decide(
        overturned_id=pk if pk is not None else Overturned.objects.get().pk,
        state=state,
        note=note,
        actor=StaffFactory(role=role),
        at=AT,
    )


def test_a_supervisor_leaves_it():
    line, _gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    for role in ("agent", "team_lead", "analyst"):
        with pytest.raises(NotPermitted):
            decide("stands", role=role)
    for wrong in (
        {"state": "open"},
        {"state": "stands", "note": " "},
        {"state": "stands", "note": "x" * 401},
    ):
        with pytest.raises(Invalid):
            decide(**wrong)
    with pytest.raises(NotFound):
        decide("stands", pk=0)
    row = decide("stands", role="supervisor")
    assert (row.state, row.note) == ("stands", "x")
    assert Grant.objects.get().status == "confirmed"
    with pytest.raises(WrongState):
        decide("taken_back", pk=row.pk)
    assert Event.objects.filter(kind="gap.overturned_decided").count() == 1


def test_or_takes_back_what_was_given():
    line, _gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    decide("taken_back")
    assert Grant.objects.get().status == "reversed"


def test_what_was_used_cannot_be_taken_back_and_then_nothing_is_decided():
    line, _gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    Coupon.objects.update(redeemed_at=AT, status="redeemed")
    with pytest.raises(DomainError):
        decide("taken_back")
    assert Overturned.objects.get().state == "open"


def test_what_is_left_unused_is_taken_back_and_what_was_used_stays():
    line, gap, _lead = made_good()
    giver, other = staff_with(100_000), CouponTemplateFactory(code="later-5")
    given = remedies.grant_for_case(
        case_id=gap.case_id, kind="coupon", template_id=other.pk, reason="x", key="k", actor=giver, at=AT
    )
    assert given.grant.status == "confirmed"
    correct(line, AT - 9 * DAY)
    row = Overturned.objects.get()
    assert len(overturning.given_for(row)) == 2  # the other was given in the case that was opened for it
    Coupon.objects.filter(grant__template__code="sorry-5").update(redeemed_at=AT, status="redeemed")
    decide("taken_back")
    assert set(Grant.objects.values_list("template__code", "status")) == {
        ("sorry-5", "confirmed"),
        ("later-5", "reversed"),
    }
    event = Event.objects.get(kind="gap.overturned_decided")
    assert (event.data["back"], len(event.data["kept"])) == ([given.grant_id], 1)
    assert [grant.template.code for grant in overturning.given_for(row)] == ["sorry-5"]


def test_what_was_asked_for_and_waits_is_refused():
    line, gap, _lead = made_good()
    asker = StaffFactory(role="agent")
    dear = CouponTemplateFactory(code="dear", value_fen=90_000)
    asked = remedies.grant_for_case(
        case_id=gap.case_id, kind="coupon", template_id=dear.pk, reason="x", key="k", actor=asker, at=AT
    )
    assert asked.grant.status == "requested"
    correct(line, AT - 9 * DAY)
    decide("taken_back")
    assert set(Grant.objects.values_list("status", flat=True)) == {"refused", "reversed"}


@pytest.mark.django_db(transaction=True)
def test_two_who_tell_at_once_tell_once():
    line, gap, _lead = made_good()
    correct(line, AT - 9 * DAY)
    results = at_once(*[lambda: overturning.tell(at=AT) for _ in range(3)])
    assert not [one for one in results if isinstance(one, Exception)]
    assert Message.objects.filter(case=gap.case, is_public=False).count() == 1
