import pytest
from django.db import IntegrityError, transaction

from compensation.coupons.commands import Basket, CouponNotUsable, NotGiven, redeem
from compensation.grants import queries
from compensation.grants.commands import (
    AlreadyDecided,
    AlreadyGranted,
    AuthorityTooSmall,
    Content,
    OwnRequest,
    approve,
    refuse,
    request,
    reverse,
)
from compensation.ledger import commands as ledger_commands
from compensation.ledger import queries as ledger
from compensation.ledger.rules import taken
from compensation.models import Coupon, Grant, GrantStatus, Member, Unit
from config.common.errors import Invalid, KeyReused, NotPermitted, WrongState
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory, staff_with
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]


@pytest.fixture
def member():
    return MemberFactory()


@pytest.fixture
def agent():
    return staff_with(5_000)


@pytest.fixture
def supervisor():
    return staff_with(100_000, approves=True)


def ask(member, actor, *, yuan=5, cause="case:1", key=None, template=None, **more):
    return request(
        key=key or f"{cause}:{yuan}",
        cause=cause,
        member=member,
        content=Content(kind="coupon", template=template or CouponTemplateFactory(code=f"sorry-{yuan}")),
        reason="Parcel was late",
        actor=actor,
        **{"at": AT, **more},
    )


def accept(grant, actor, **more):
    return approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=actor, **{"at": AT, **more})


def ask_points(member, actor, points, cause="case:1"):
    PointsRuleFactory()
    return request(
        key=cause,
        cause=cause,
        member=member,
        content=Content(kind="points", points=points),
        reason="Sorry",
        actor=actor,
        at=AT,
    )


def worth(member):
    return ledger.balance(member, Unit.COUPON)


def test_within_authority_is_given_at_once(member, agent):
    grant = ask(member, agent, yuan=50)
    assert (grant.status, grant.cost_fen, grant.decided_by, grant.executed_at) == (
        "confirmed",
        5_000,
        None,
        AT,
    )
    assert grant.coupon.member == member
    assert worth(member) == 5_000
    assert list(Event.objects.filter(subject_type="grant").order_by("id").values_list("kind", flat=True)) == [
        "grant.requested",
        "grant.executed",
    ]


def test_beyond_authority_waits(member, agent, supervisor):
    grant = ask(member, agent, yuan=51)
    assert grant.status == GrantStatus.REQUESTED
    assert worth(member) == 0
    assert list(queries.waiting()) == [grant]
    approved = approve(
        grant_id=grant.pk, content_hash=grant.content_hash, actor=supervisor, note="Fair", at=AT
    )
    assert (approved.status, approved.decided_by, approved.decision_note) == ("confirmed", supervisor, "Fair")
    assert worth(member) == 5_100
    assert not queries.waiting()


def test_points_cost_what_they_are_worth(member, agent):
    assert ask_points(member, agent, 5_000).status == GrantStatus.CONFIRMED
    assert ledger.balance(member) == 5_000
    assert ask_points(member, agent, 5_001, cause="case:2").status == GrantStatus.REQUESTED
    assert ledger.balance(member) == 5_000


def test_a_rule_gives_at_once_whatever_it_costs(member):
    assert ask(member, None, yuan=500).status == GrantStatus.CONFIRMED


def test_without_a_role_everything_waits(member, django_user_model):
    assert ask(member, django_user_model.objects.create(username="x")).status == GrantStatus.REQUESTED


def test_a_repeat_gives_the_same_grant_and_other_content_is_refused(member, agent):
    grant = ask(member, agent, key="k")
    assert ask(member, agent, key="k") == grant
    with pytest.raises(KeyReused):
        ask(member, agent, yuan=10, key="k")
    assert worth(member) == 500


def test_a_second_grant_for_one_cause_names_the_first(member, agent):
    ask(member, agent)
    with pytest.raises(AlreadyGranted, match="5元致歉券"):
        ask(member, None, yuan=10)
    waiting = ask(member, agent, yuan=60, cause="case:2")
    with pytest.raises(AlreadyGranted) as refusal:
        ask(member, agent, yuan=10, cause="case:2")
    assert refusal.value.details == {"grant": waiting.pk}
    assert Grant.objects.count() == 2


def test_bad_content_is_refused(member, agent):
    template = CouponTemplateFactory()
    PointsRuleFactory()
    good = {"key": "k", "cause": "c", "member": member, "reason": "x", "actor": agent, "at": AT}
    for bad in (
        {"kind": "coupon"},
        {"kind": "coupon", "template": template, "points": 5},
        {"kind": "points", "points": 0},
        {"kind": "points", "points": -5},
        {"kind": "points", "points": 10**9},
        {"kind": "points", "template": template},
        {"kind": "gold", "points": 5},
        {"kind": "points", "points": 5, "reason": "  "},
        {"kind": "points", "points": 5, "reason": "x" * 501},
    ):
        reason = bad.pop("reason", "x")
        with pytest.raises(Invalid):
            request(**good | {"reason": reason, "content": Content(**bad)})
    member.erased_at = AT
    member.save()
    with pytest.raises(WrongState):
        ask(member, agent)
    assert not Grant.objects.exists()


def test_a_template_that_is_off_is_not_given(member, agent, supervisor):
    template = CouponTemplateFactory(code="sorry-60")
    grant = ask(member, agent, template=template)
    template.is_active = False
    template.save()
    with pytest.raises(NotGiven):
        accept(grant, supervisor)
    with pytest.raises(NotGiven):
        ask(member, agent, cause="case:2", template=template)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.REQUESTED


def test_an_erased_member_gets_nothing_that_waited(member, agent, supervisor):
    grant = ask(member, agent, yuan=60)
    Member.objects.filter(pk=member.pk).update(erased_at=AT)
    with pytest.raises(WrongState):
        accept(grant, supervisor)
    with pytest.raises(WrongState):
        ask(member, agent, cause="case:2")
    assert (Grant.objects.get().status, Coupon.objects.count()) == ("requested", 0)
    assert refuse(grant_id=grant.pk, actor=supervisor, note="Erased", at=AT).status == "refused"


def test_approving_takes_permission_authority_and_another_person(member, agent, supervisor):
    grant = ask(member, supervisor, yuan=1_001)
    with pytest.raises(OwnRequest):
        accept(grant, supervisor)
    with pytest.raises(OwnRequest):
        refuse(grant_id=grant.pk, actor=supervisor, note="x", at=AT)
    with pytest.raises(NotPermitted):
        accept(grant, staff_with(10**9))
    with pytest.raises(NotPermitted):
        refuse(grant_id=grant.pk, actor=agent, note="x", at=AT)
    with pytest.raises(AuthorityTooSmall):
        approve(
            grant_id=grant.pk,
            content_hash=grant.content_hash,
            actor=staff_with(100_000, approves=True),
            at=AT,
        )
    assert worth(member) == 0
    approve(
        grant_id=grant.pk, content_hash=grant.content_hash, actor=staff_with(1_000_000, approves=True), at=AT
    )
    assert worth(member) == 100_100


def test_the_database_refuses_an_own_approval(member, agent):
    grant = ask(member, agent)
    with pytest.raises(IntegrityError, match="grant_not_own_approval"), transaction.atomic():
        Grant.objects.filter(pk=grant.pk).update(decided_by=agent)


def test_refusing_says_why_and_frees_the_cause(member, agent, supervisor):
    grant = ask(member, agent, yuan=60)
    with pytest.raises(Invalid):
        refuse(grant_id=grant.pk, actor=supervisor, note=" ", at=AT)
    refused_grant = refuse(grant_id=grant.pk, actor=supervisor, note="Too much", at=AT)
    assert (refused_grant.status, refused_grant.decision_note) == ("refused", "Too much")
    assert worth(member) == 0
    with pytest.raises(AlreadyDecided):
        accept(grant, supervisor)
    assert ask(member, agent, yuan=5).status == GrantStatus.CONFIRMED


def test_reversing_takes_back_what_is_unused(member, agent, supervisor):
    coupon, points = ask(member, agent), ask_points(member, agent, 100, cause="case:2")
    for grant in (coupon, points):
        with pytest.raises(NotPermitted):
            reverse(grant_id=grant.pk, actor=agent, note="Mistake", at=AT)
        reverse(grant_id=grant.pk, actor=supervisor, note="Mistake", at=AT)
        with pytest.raises(WrongState):
            reverse(grant_id=grant.pk, actor=supervisor, note="Mistake", at=AT)
    assert (worth(member), ledger.balance(member)) == (0, 0)
    assert ask(member, agent, yuan=10).status == GrantStatus.CONFIRMED


def test_what_was_used_is_not_taken_back(member, agent, supervisor):
    coupon, points = ask(member, agent), ask_points(member, agent, 100, cause="case:2")
    redeem(code=coupon.coupon.code, order_ref="A", basket=Basket.of(9_900), key="k", at=AT)
    with pytest.raises(CouponNotUsable):
        reverse(grant_id=coupon.pk, actor=supervisor, note="Mistake", at=AT)
    moves = taken(Unit.POINTS, 1, member_id=member.pk, into="spent")
    ledger_commands.post(key="s", kind="spend", moves=moves, actor=None, at=AT)
    with pytest.raises(ledger_commands.InsufficientBalance):
        reverse(grant_id=points.pk, actor=supervisor, note="Mistake", at=AT)
    assert Grant.objects.filter(status=GrantStatus.CONFIRMED).count() == 2


def test_of_member_sees_their_own(member, agent, supervisor):
    given, waiting = ask(member, agent), ask(member, agent, yuan=60, cause="case:2")
    ask(MemberFactory(), supervisor, cause="case:3")
    assert list(queries.of_member(member)) == [waiting, given]


def test_lists_take_a_constant_number_of_queries(member, agent, django_assert_num_queries):
    for number in range(3):
        with django_assert_num_queries(2 if number else 1):
            [(g.member.name, str(g.template), str(g.requested_by)) for g in queries.waiting()]
        ask(member, agent, yuan=60, cause=f"case:{number}")


@pytest.mark.django_db(transaction=True)
def test_one_key_from_thirty_two_threads_gives_once():
    member, agent = MemberFactory(), staff_with(5_000)
    template = CouponTemplateFactory()
    results = at_once(*[lambda: ask(member, agent, template=template) for _ in range(32)])
    assert {result.pk for result in results} == {results[0].pk}
    assert Coupon.objects.count() == 1
    assert worth(member) == 500


@pytest.mark.django_db(transaction=True)
def test_two_approvers_at_once_give_once():
    member, first = MemberFactory(), staff_with(10_000, approves=True)
    second = staff_with(10_000, approves=True)
    grant = ask(member, staff_with(5_000), yuan=60)
    results = at_once(
        lambda: accept(grant, first),
        lambda: accept(grant, second),
    )
    assert [type(error) for error in refused(results)] == [AlreadyDecided]
    assert Coupon.objects.count() == 1
    assert worth(member) == 6_000


@pytest.mark.django_db(transaction=True)
def test_approve_against_refuse_ends_one_way():
    member, first = MemberFactory(), staff_with(10_000, approves=True)
    second = staff_with(10_000, approves=True)
    grant = ask(member, staff_with(5_000), yuan=60)
    results = at_once(
        lambda: accept(grant, first),
        lambda: refuse(grant_id=grant.pk, actor=second, note="No", at=AT),
    )
    assert [type(error) for error in refused(results)] == [AlreadyDecided]
    grant.refresh_from_db()
    assert Coupon.objects.count() == (1 if grant.status == GrantStatus.CONFIRMED else 0)


@pytest.mark.django_db(transaction=True)
def test_rule_and_agent_on_one_cause_give_once():
    member, agent = MemberFactory(), staff_with(5_000)
    small, large = CouponTemplateFactory(code="sorry-5"), CouponTemplateFactory(code="sorry-10")
    results = at_once(
        lambda: ask(member, None, cause="gap:1", key="rule", template=small),
        lambda: ask(member, agent, cause="gap:1", key="agent", template=large),
    )
    assert [type(error) for error in refused(results)] == [AlreadyGranted]
    assert Grant.objects.count() == Coupon.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_forty_grants_of_ten_points_all_count():
    member = MemberFactory()
    results = at_once(*[lambda n=n: ask_points(member, None, 10, cause=f"rule:{n}") for n in range(16)])
    assert not refused(results)
    assert ledger.balance(member) == 160
