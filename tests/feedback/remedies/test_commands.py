from datetime import UTC, datetime

import pytest
from django.utils import translation

from compensation.grants.commands import AlreadyDecided, AlreadyGranted, AuthorityTooSmall, OwnRequest
from compensation.ledger import queries as ledger
from compensation.models import Coupon, Grant, GrantStatus, Notice
from config.common.errors import Invalid, KeyReused, NotFound, WrongState
from config.common.events import timeline
from config.common.models import OutboxMessage, User
from feedback.cases.commands import merge
from feedback.defaults.authority import seed_authority
from feedback.models import Alert, Case
from feedback.remedies import queries
from feedback.remedies.commands import approve, grant_for_case, refuse, reverse, withdraw
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory, group
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]


def somebody(role, department, **kwargs):
    group(role)
    seed_authority(AT)
    agent = AgentFactory(user=StaffFactory(role=role), **kwargs or {"departments": [department]})
    return User.objects.get(pk=agent.user_id)


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def case(department):
    return CaseFactory(department=department)


@pytest.fixture
def agent(department):
    return somebody("agent", department)


@pytest.fixture
def supervisor(department):
    return somebody("supervisor", department, leads=[department])


def give(case, actor, yuan=5, key="k", **kwargs):
    template = CouponTemplateFactory(code=f"sorry-{yuan}")
    return grant_for_case(
        case_id=case.pk,
        kind="coupon",
        template_id=template.pk,
        reason="Late",
        key=key,
        actor=actor,
        at=AT,
        **kwargs,
    )


def accept(grant, actor, **more):
    return approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=actor, **more)


def kinds(case):
    return list(timeline([case]).values_list("kind", flat=True))


def test_within_authority_the_member_has_it_and_is_told(case, agent):
    with translation.override("en"):  # the agent's language, not the member's
        remedy = give(case, agent)
    assert remedy.grant.status == GrantStatus.CONFIRMED
    assert remedy.grant.coupon.member == case.member
    assert kinds(case) == ["remedy.granted"]
    notice = Notice.objects.get(member=case.member)
    assert notice.title == "我们送您一张 ¥5.00 优惠券"
    assert remedy.grant.coupon.code not in notice.body + notice.title
    assert OutboxMessage.objects.filter(kind="member").count() == 1
    assert list(queries.remedies_of(case)) == [remedy]
    assert Case.objects.get(pk=case.pk).version == case.version + 1


def test_points_are_given_too(case, agent):
    PointsRuleFactory()
    grant_for_case(case_id=case.pk, kind="points", points=500, reason="Late", key="k", actor=agent, at=AT)
    assert ledger.balance(case.member) == 500
    assert Notice.objects.get().title == "我们送您 500 积分"


def test_a_member_is_told_in_their_language(agent, department):
    case = CaseFactory(department=department, member=MemberFactory(language="en"))
    give(case, agent)
    assert Notice.objects.get().title == "We have given you a coupon of ¥5.00"


def test_beyond_authority_waits_and_the_lead_is_alerted(case, agent, supervisor):
    remedy = give(case, agent, yuan=60)
    assert remedy.grant.status == GrantStatus.REQUESTED
    assert kinds(case) == ["remedy.requested"]
    assert not Notice.objects.exists()
    assert list(Alert.objects.values_list("user", "kind")) == [(supervisor.pk, "remedy.requested")]
    assert list(queries.waiting_approvals(supervisor)) == [remedy.grant]
    approve(
        grant_id=remedy.grant_id, content_hash=remedy.grant.content_hash, actor=supervisor, note="Fair", at=AT
    )
    assert kinds(case) == ["remedy.requested", "remedy.granted"]
    assert Notice.objects.count() == 1
    assert Alert.objects.get(user=agent).kind == "remedy.approved"
    assert not queries.waiting_approvals(supervisor)


def test_refusing_tells_the_requester_why_and_the_member_nothing(case, agent, supervisor):
    remedy = give(case, agent, yuan=60)
    with pytest.raises(Invalid):
        refuse(grant_id=remedy.grant_id, actor=supervisor, note="", at=AT)
    refuse(grant_id=remedy.grant_id, actor=supervisor, note="Too much", at=AT)
    assert kinds(case) == ["remedy.requested", "remedy.refused"]
    alert = Alert.objects.get(user=agent)
    assert (alert.kind, alert.data["note"]) == ("remedy.refused", "Too much")
    assert not Notice.objects.exists()


def test_taking_back_is_on_the_timeline(case, agent, supervisor):
    remedy = give(case, agent)
    reverse(grant_id=remedy.grant_id, actor=supervisor, note="Mistake", at=AT)
    assert kinds(case) == ["remedy.granted", "remedy.reversed"]


def test_what_is_given_in_one_case_adds_up(case, agent, department, supervisor):
    assert give(case, agent, 20, "a").grant.status == GrantStatus.CONFIRMED
    assert give(case, agent, 30, "b").grant.status == GrantStatus.CONFIRMED
    third = give(case, agent, 1, "c")
    assert third.grant.status == GrantStatus.REQUESTED
    other = CaseFactory(department=department)
    assert give(other, agent, 50, "d").grant.status == GrantStatus.CONFIRMED
    lead = somebody("team_lead", department)
    assert give(case, lead, 149, "e").grant.status == GrantStatus.CONFIRMED  # beside the 51 of the agent
    assert give(case, lead, 10, "f").grant.status == GrantStatus.REQUESTED


def test_the_sum_counts_against_the_approvers_authority_too(case, agent, supervisor):
    waiting = [give(case, agent, yuan, f"k{yuan}").grant for yuan in (600, 500)]
    with pytest.raises(AuthorityTooSmall):
        accept(waiting[0], supervisor, at=AT)
    refuse(grant_id=waiting[1].pk, actor=supervisor, note="No", at=AT)
    assert (
        approve(
            grant_id=waiting[0].pk, content_hash=waiting[0].content_hash, actor=supervisor, at=AT
        ).executed_at
        == AT
    )


def test_a_repeat_changes_nothing(case, agent):
    first = give(case, agent)
    assert give(case, agent) == first
    assert kinds(case) == ["remedy.granted"]
    with pytest.raises(KeyReused):
        give(case, agent, yuan=10)
    with pytest.raises(AlreadyGranted):
        give(case, agent, key="k2")
    assert Grant.objects.count() == Notice.objects.count() == 1


def test_a_repeat_is_answered_whatever_became_of_the_case(case, agent, department):
    first = give(case, agent)
    Case.objects.filter(pk=case.pk).update(status="closed", resolution="solved", resolved_at=AT, closed_at=AT)
    assert give(case, agent) == first
    with pytest.raises(WrongState):
        give(case, agent, key="k2", yuan=10)
    other, into = CaseFactory.create_batch(2, department=department, member=case.member)
    second = give(other, agent, yuan=10)
    merge(case_id=other.pk, into_id=into.pk, actor=agent, at=AT)
    assert give(other, agent, yuan=10) == second
    with pytest.raises(KeyReused):
        give(other, agent, yuan=20)
    withdrawn = give(into, agent, yuan=60, key="3")
    withdraw(grant_id=withdrawn.grant_id, actor=agent, at=AT)
    assert give(into, agent, yuan=60, key="3") == withdrawn
    assert Grant.objects.count() == 3


def test_bad_requests_are_refused(case, agent, department):
    with pytest.raises(NotFound):
        grant_for_case(case_id=0, kind="points", points=1, reason="x", key="k", actor=agent, at=AT)
    with pytest.raises(NotFound):
        grant_for_case(case_id=case.pk, kind="coupon", template_id=0, reason="x", key="k", actor=agent, at=AT)
    for kind, more in (("coupon", {"points": 5}), ("points", {"template_id": 1}), ("gold", {"points": 5})):
        with pytest.raises(Invalid):
            grant_for_case(case_id=case.pk, kind=kind, reason="x", key="k", actor=agent, at=AT, **more)
    with pytest.raises(WrongState):
        give(CaseFactory(closed=True, department=department), agent)
    for command, more in ((approve, {"content_hash": ""}), (refuse, {}), (reverse, {})):
        with pytest.raises(NotFound):
            command(grant_id=0, actor=agent, note="x", at=AT, **more)
    assert not Grant.objects.exists()


@pytest.mark.req("P1")
def test_approvals_stay_in_the_department(case, agent, supervisor):
    grant = give(case, agent, yuan=60).grant
    elsewhere = DepartmentFactory()
    stranger = somebody("supervisor", elsewhere, leads=[elsewhere])
    assert not queries.waiting_approvals(stranger)
    with pytest.raises(NotFound):
        queries.get_for(stranger, grant.pk)
    assert queries.get_for(supervisor, grant.pk) == grant
    assert not queries.waiting_approvals(agent)
    assert list(queries.waiting_approvals(somebody("finance", elsewhere))) == [grant]


def test_own_requests_are_not_offered(case, supervisor):
    grant = give(case, supervisor, yuan=2_000).grant
    assert grant.status == GrantStatus.REQUESTED
    assert not queries.waiting_approvals(supervisor)
    with pytest.raises(OwnRequest):
        accept(grant, supervisor, at=AT)


def test_lists_take_a_constant_number_of_queries(
    department, agent, supervisor, django_assert_max_num_queries
):
    counts = []
    for number in range(3):
        give(CaseFactory(department=department), agent, yuan=60, key=f"k{number}")
        fresh = User.objects.get(pk=supervisor.pk)
        with django_assert_max_num_queries(10) as queries_made:
            for grant in queries.waiting_approvals(fresh):
                str(grant.remedy.case.department), str(grant.member.tier), str(grant.requested_by)
        counts.append(len(queries_made))
    assert len(set(counts)) == 1


@pytest.mark.django_db(transaction=True)
def test_one_agent_in_two_windows_stays_under_the_limit():
    department = DepartmentFactory()
    case, agent = CaseFactory(department=department), somebody("agent", department)
    templates = [CouponTemplateFactory(code=f"sorry-{yuan}") for yuan in (30, 40)]
    results = at_once(
        *[
            lambda template=template: grant_for_case(
                case_id=case.pk,
                kind="coupon",
                template_id=template.pk,
                reason="Late",
                key=template.code,
                actor=agent,
                at=AT,
            )
            for template in templates
        ]
    )
    assert not refused(results)
    assert sorted(Grant.objects.values_list("status", flat=True)) == ["confirmed", "requested"]


@pytest.mark.django_db(transaction=True)
def test_approve_against_refuse_tells_one_story():
    department = DepartmentFactory()
    case, agent = CaseFactory(department=department), somebody("agent", department)
    one, two = (somebody("supervisor", department) for _ in range(2))
    grant = give(case, agent, yuan=60).grant
    results = at_once(
        lambda: accept(grant, one, at=AT),
        lambda: refuse(grant_id=grant.pk, actor=two, note="No", at=AT),
    )
    assert [type(error) for error in refused(results)] == [AlreadyDecided]
    assert len(kinds(case)) == 2
    assert Alert.objects.filter(user=agent).count() == 1
    assert Coupon.objects.count() == Notice.objects.count() == (kinds(case)[1] == "remedy.granted")


def test_what_a_coupon_is_worth_and_its_last_day_are_told(department, agent):
    ends = datetime(2026, 12, 31, 16, tzinfo=UTC)  # midnight in Shanghai
    CouponTemplateFactory(code="sorry-9", kind="shipping", value_fen=900, valid_from=AT, valid_until=ends)
    give(CaseFactory(department=department, member=MemberFactory(language="en")), agent, 9)
    notice = Notice.objects.get()
    assert notice.title == "We have given you a coupon: Free shipping"
    assert "valid until 2026-12-31." in notice.body
