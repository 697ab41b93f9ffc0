"""Many alerts, few letters."""

from copy import copy
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.common import outbox
from config.common.models import OutboxMessage
from feedback.clocks import commands
from feedback.ladders.sweep import sweep
from feedback.models import Alert, Case, Clock, DigestLine, TeamRule
from feedback.org.alerts import alert
from feedback.org.digests import gather
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import CaseFactory, StaffFactory
from tests.factories.sop import (
    START,
    SopCaseFactory,
    SopDepartmentFactory,
    make_agent,
    make_ladder,
    make_policy,
)
from tests.threads import at_once, refused

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DUE = START + 30 * MINUTE
TITLE = _("Case %(number)s was reopened")


def tell(case, *users, key="k", at=T0):
    alert(users=users, case=case, kind="case.reopened", key=f"{case.pk}:{key}", title=TITLE, at=at)


def letters():
    return OutboxMessage.objects.filter(kind="alerts").order_by("pk")


@pytest.mark.django_db
@pytest.mark.req("F3")
def test_first_at_once_and_the_rest_when_the_window_is_over():
    case, other, user = CaseFactory(), CaseFactory(), StaffFactory()
    tell(case, user)
    assert gather(T0) == 1
    tell(case, user, key="k2", at=T0 + SECOND)
    tell(other, user, at=T0 + 2 * SECOND)
    assert gather(T0 + 5 * MINUTE - SECOND) == 0
    assert gather(T0 + 5 * MINUTE) == 1
    assert [len(one.payload["alerts"]) for one in letters()] == [1, 2]
    assert gather(T0 + 20 * MINUTE) == 0


@pytest.mark.django_db
def test_the_window_is_data():
    TeamRule.objects.create(pk=1, alert_window=MINUTE, bounce_limit=3)
    case, user = CaseFactory(), StaffFactory()
    tell(case, user)
    gather(T0)
    tell(case, user, key="again", at=T0 + SECOND)
    assert [gather(T0 + 59 * SECOND), gather(T0 + MINUTE)] == [0, 1]


@pytest.mark.django_db
def test_letter_names_the_one_thing_that_happened():
    case, user = CaseFactory(), StaffFactory(email="li@example.com", name="小李")
    tell(case, user)
    gather(T0)
    with translation.override("en"):  # the house writes its own language
        assert outbox.relay(T0).sent == 1
    assert mail.outbox[0].subject == f"工单 {case.number} 被重新打开"
    assert "小李，您好" in mail.outbox[0].body
    assert f"/admin/case/{case.pk}/" in mail.outbox[0].body


@pytest.mark.django_db
def test_letter_groups_and_counts():
    user = StaffFactory(email="li@example.com")
    member, department = MemberFactory(), SopDepartmentFactory()
    for case in [SopCaseFactory(member=member, department=department) for _n in range(13)]:
        with transaction.atomic():
            alert(users=[user], case=case, kind="note", key=f"k{case.pk}", title=_("Late"), at=T0)
            alert(users=[user], case=case, kind="note", key=f"l{case.pk}", title=_("Late"), at=T0)
    gather(T0)
    outbox.relay(T0)
    assert mail.outbox[0].subject == "有 13 件工单需要您处理"
    assert "(13)" in mail.outbox[0].body
    assert mail.outbox[0].body.count("/admin/case/") == 10
    assert "3" in mail.outbox[0].body.rpartition("/admin/case/")[2]


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["read", "closed", "no address"])
def test_letter_that_nobody_needs_is_dropped(reason):
    case, user = CaseFactory(), StaffFactory(email="li@example.com")
    tell(case, user)
    gather(T0)
    if reason == "read":
        Alert.objects.update(read_at=T0)
    else:
        user.is_active, user.email = reason != "closed", "" if reason == "no address" else user.email
        user.save()
    assert outbox.relay(T0).dropped == 1
    assert not mail.outbox


@pytest.mark.django_db
@pytest.mark.req("F3")
def test_a_storm_of_a_thousand_breaches_is_one_letter_a_window():
    make_policy(ladder=make_ladder({"percent": 100, "action": "notify_lead"}), targets={"first_reply": 30})
    department, member = SopDepartmentFactory(), MemberFactory()
    lead = make_agent(department, is_lead=True)
    first = SopCaseFactory(department=department, member=member)
    commands.start_for_case(first, actor=None, at=START)
    like = {name: getattr(first, name) for name in ("kind", "channel", "subject", "opened_at")}
    cases = Case.objects.bulk_create(
        Case(department=department, member=member, **like) for _number in range(999)
    )
    clock, clocks = first.clocks.get(), []
    for number, case in enumerate(cases, 1):  # one falls due each second
        clock.pk, clock.case_id, clock._state.adding = None, case.pk, True
        clock.started_at, clock.due_at = START + number * SECOND, DUE + number * SECOND
        clock.next_fire_at = clock.due_at
        clocks.append(copy(clock))
    Clock.objects.bulk_create(clocks)
    for passes in range(0, 1_000 + 600, 20):
        sweep(DUE + passes * SECOND)
    assert Alert.objects.filter(user=lead.user).count() == 1_000
    told = [message.payload["alerts"] for message in letters()]
    assert len(told) == 5  # at once, then after 5, 10, 15 and 20 minutes
    everything = [case for some in told for case, _kind, _data in some]
    assert sorted(everything) == sorted(one.pk for one in [first, *cases])


@pytest.mark.django_db(transaction=True)
def test_two_that_gather_at_once_make_one_letter():
    case, user = CaseFactory(), StaffFactory()
    with transaction.atomic():
        tell(case, user)
    results = at_once(lambda: gather(T0), lambda: gather(T0))
    assert not refused(results)
    assert sum(results) == letters().count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_told_while_a_letter_is_made_up_comes_with_the_next():
    case, user = CaseFactory(), StaffFactory()
    with transaction.atomic():
        tell(case, user)
    at_once(
        lambda: gather(T0),
        lambda: [transaction.atomic(tell)(case, user, key=f"k{n}") for n in range(5)],
    )
    gather(T0 + 5 * MINUTE)
    assert sum(len(one.payload["alerts"]) for one in letters()) == 6
    assert not DigestLine.objects.exists()
