"""Money back, goods again and gifts in a case: pictures, causes, changes, ends, merges."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from compensation.authority.queries import limits_of
from compensation.grants import parcels, shipping
from compensation.grants.commands import (
    AlreadyDecided,
    AlreadyGranted,
    AuthorityTooSmall,
    EvidenceMissing,
    approve,
)
from compensation.models import Grant, Notice
from compensation.refunds import commands as refunds
from compensation.refunds.commands import TooMuch
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import timeline
from config.common.models import User
from feedback.cases import commands as cases
from feedback.defaults.authority import seed_authority
from feedback.models import Alert, Case, Clock, Milestone, Remedy
from feedback.remedies import following
from feedback.remedies.commands import Chosen, Wanted, amend, grant_for_case, withdraw
from feedback.remedies.queries import left_fen
from tests.factories.feedback import (
    AgentFactory,
    CaseFactory,
    DepartmentFactory,
    StaffFactory,
    group,
    picture,
)
from tests.factories.kpis import make_clock
from tests.factories.refunds import make_order
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]


def somebody(role, department, **kwargs):
    group(role)
    seed_authority(timezone.now())
    agent = AgentFactory(user=StaffFactory(role=role), **kwargs or {"departments": [department]})
    return User.objects.get(pk=agent.user_id)


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def order():
    return make_order(20_000, 5_000, freight_fen=800)


@pytest.fixture
def case(department, order):
    return CaseFactory(department=department, member=order.member, order=order)


@pytest.fixture
def agent(department):
    return somebody("agent", department)


@pytest.fixture
def supervisor(department):
    return somebody("supervisor", department, leads=[department])


def lines(case, *amounts):
    if not amounts:
        return []
    return [
        Chosen(line.pk, amount_fen=fen)
        for line, fen in zip(case.order.lines.order_by("pk"), amounts, strict=False)
        if fen
    ]


def give(case, actor, *amounts, kind="refund", key=None, **more):
    how = {"lines": lines(case, *amounts)} | more
    return grant_for_case(
        case_id=case.pk, kind=kind, reason="Broken", key=key or f"{kind}{amounts}", actor=actor,
        at=timezone.now(), **how,
    ).grant  # fmt: skip


def kinds(case):
    return list(timeline([case]).values_list("kind", flat=True))


def test_within_authority_it_is_on_its_way_and_refunds_tell_the_member(case, agent):
    grant = give(case, agent, 3_000)
    assert (grant.status, kinds(case)) == ("approved", ["remedy.granted"])
    assert not Notice.objects.exists()
    refunds.begin_try(refund_id=grant.refunds.get().pk, at=timezone.now())
    assert [one.kind for one in Notice.objects.all()] == ["refund.sent"]


def test_beyond_authority_it_waits_and_is_decided(case, agent, supervisor):
    grant = give(case, agent, 6_000)
    assert (grant.status, kinds(case)) == ("requested", ["remedy.requested"])
    assert Alert.objects.filter(user=supervisor, kind="remedy.requested").exists()
    approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=supervisor, at=timezone.now())
    assert Grant.objects.get().status == "approved"


def test_the_members_pictures_prove_what_is_large(case, agent):
    cases.reply(
        case_id=case.pk, body="x", attachments=[picture()], actor=agent, at=timezone.now()
    )  # our own picture proves nothing
    with pytest.raises(EvidenceMissing):
        give(case, agent, 10_001)
    cases.member_message(
        case_id=case.pk, body="x", attachments=[picture(), picture("b.jpg")], actor=case.member,
        at=timezone.now(),
    )  # fmt: skip
    assert give(case, agent, 10_001).evidence == 2


def test_the_same_lines_once_others_later(case, agent):
    give(case, agent, 1_000)
    with pytest.raises(AlreadyGranted):
        give(case, agent, 500)
    assert give(case, agent, 0, 500).status == "approved"
    assert give(case, agent, 100, kind="price_difference").status == "approved"
    with pytest.raises(TooMuch):
        give(case, agent, 19_000, 1_000)


def test_what_is_not_of_the_cases_order_is_refused(case, agent, department):
    other = make_order(500)
    with pytest.raises(NotFound):
        give(case, agent, lines=[Chosen(other.lines.get().pk, amount_fen=5)], key="1")
    for wanted in ({"lines": []}, {"lines": lines(case, -5)}, {"lines": lines(case, 5) * 2}):
        with pytest.raises(Invalid):
            give(case, agent, key="2", **wanted)
    without = CaseFactory(department=department)
    for kind in ("refund", "price_difference", "reshipment"):
        with pytest.raises(Invalid):
            give(without, agent, kind=kind, lines=[], key="3")
    ended = dict.fromkeys(("resolved_at", "closed_at"), timezone.now())
    Case.objects.filter(pk=case.pk).update(status="closed", resolution="solved", **ended)
    with pytest.raises(WrongState):
        give(case, agent, 5, key="4")
    assert not Grant.objects.exists()


def test_changed_the_approvers_are_asked_anew_and_withdrawn_it_is_gone(case, agent, supervisor):
    grant = give(case, agent, 6_000)
    wanted = Wanted(kind="refund", lines=lines(case, 7_000))
    with pytest.raises(NotPermitted):
        amend(grant_id=grant.pk, wanted=wanted, reason="x", actor=supervisor, at=timezone.now())
    changed = amend(grant_id=grant.pk, wanted=wanted, reason="x", actor=agent, at=timezone.now())
    assert (changed.status, changed.cost_fen, changed.lines.get().amount_fen) == ("requested", 7_000, 7_000)
    assert Alert.objects.filter(user=supervisor, kind="remedy.requested").count() == 2
    small = Wanted(kind="refund", lines=lines(case, 1_000))
    assert amend(
        grant_id=grant.pk, wanted=small, reason="x", actor=agent, at=timezone.now()
    ).status == "approved"  # fmt: skip
    with pytest.raises(AlreadyDecided):
        withdraw(grant_id=grant.pk, actor=agent, at=timezone.now())
    other = give(case, agent, 0, 5_000, amount_fen=5_800)
    with pytest.raises(NotPermitted):
        withdraw(grant_id=other.pk, actor=supervisor, at=timezone.now())
    assert withdraw(grant_id=other.pk, actor=agent, at=timezone.now()).status == "withdrawn"
    assert kinds(case)[-1] == "remedy.withdrawn"
    with pytest.raises(NotFound):
        withdraw(grant_id=0, actor=agent, at=timezone.now())


def test_a_grant_of_no_case_is_not_changed_here(case, agent):
    grant = give(case, agent, 6_000)
    Remedy.objects.all().delete()
    with pytest.raises(NotFound):
        withdraw(grant_id=grant.pk, actor=agent, at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_what_became_of_them_is_written_to_the_case_once_and_the_promise_is_kept():
    department, order = DepartmentFactory(), make_order(20_000, 5_000)
    case = CaseFactory(department=department, member=order.member, order=order, kind="refund")
    agent = somebody("agent", department)
    clock = make_clock(department, due_at=timezone.now() + timedelta(hours=9))
    Clock.objects.filter(pk=clock.pk).update(case=case, milestone=Milestone.REFUND)
    paid, failed = give(case, agent, 1_000).refunds.get(), give(case, agent, 0, 500).refunds.get()
    following.catch_up(at=timezone.now())
    refunds.confirm(refund_id=paid.pk, reference="x", actor=None, at=timezone.now())
    refunds.fail(refund_id=failed.pk, reason="closed", actor=None, at=timezone.now())
    results = at_once(*[lambda: following.catch_up(at=timezone.now()) for _ in range(3)])
    assert not refused(results)
    told = kinds(case)
    for kind in ("remedy.confirmed", "case.refunded", "remedy.failed"):
        assert told.count(kind) == 1, told
    assert Clock.objects.get(pk=clock.pk).met_at is not None
    (alert,) = Alert.objects.filter(kind="remedy.failed")
    assert (alert.user, alert.data["why"]) == (agent, "closed")
    assert Notice.objects.filter(kind="refund.paid").count() == 1


def test_goods_again_and_a_gift(case, agent):
    small = give(case, agent, kind="reshipment", lines=[Chosen(case.order.lines.order_by("pk")[1].pk)])
    assert (small.status, small.cost_fen) == ("approved", 5_000)
    with pytest.raises(AlreadyGranted):
        give(case, agent, kind="reshipment", key="2", lines=[Chosen(case.order.lines.order_by("pk")[1].pk)])
    gift = give(case, agent, kind="gift", lines=[], gift="a cup", amount_fen=3_000)
    assert gift.status == "requested"  # with the goods it is more than the agent may give for a problem
    shipping.told(grant=small, what="sent", reference="SF1", actor=None, at=timezone.now())
    assert parcels.by_number(parcels.number_of(small)).status == "confirmed"


def test_merged_the_sums_are_taken_over_both_cases(case, agent, supervisor, department):
    other, third = CaseFactory.create_batch(2, department=department, member=case.member)
    cup = {"kind": "gift", "lines": [], "gift": "cup"}
    give(case, agent, amount_fen=3_000, **cup)
    waiting = give(other, agent, amount_fen=4_000, **cup)
    assert waiting.status == "requested"
    days = timedelta(days=2)  # only the problem counts
    Grant.objects.update(order=None, requested_at=F("requested_at") - days, decided_at=F("decided_at") - days)

    def left(one):
        return left_fen(limits_of(agent), one, timezone.now())

    assert (left(other), left(third)) == (1_000, 5_000)
    cases.merge(case_id=case.pk, into_id=other.pk, actor=agent, at=timezone.now())
    assert (left(other), left(third)) == (0, 5_000)
    cases.merge(case_id=other.pk, into_id=third.pk, actor=agent, at=timezone.now())
    assert left(third) == 0
    assert set(Grant.objects.values_list("problem", flat=True)) == {third.problem}
    approve(grant_id=waiting.pk, content_hash=waiting.content_hash, actor=supervisor, at=timezone.now())
    lead = somebody("team_lead", department, leads=[department])
    beyond = give(third, agent, amount_fen=limits_of(lead).problem - 6_999, **cup)
    Grant.objects.update(order=None, requested_at=F("requested_at") - days, decided_at=F("decided_at") - days)
    with pytest.raises(AuthorityTooSmall):
        approve(grant_id=beyond.pk, content_hash=beyond.content_hash, actor=lead, at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_merged_while_something_is_given_both_count():
    department, order = DepartmentFactory(), make_order(20_000, 5_000)
    agent = somebody("agent", department)
    for number in range(3):
        one = CaseFactory(department=department, member=order.member, order=order)
        other = CaseFactory(department=department, member=order.member, order=order)
        results = at_once(
            lambda one=one, n=number: give(one, agent, 100 + n),
            lambda one=one, other=other: cases.merge(
                case_id=one.pk, into_id=other.pk, actor=agent, at=timezone.now()
            ),
        )
        assert all("merged" in type(error).__name__.lower() for error in refused(results)), results
        assert set(Grant.objects.values_list("problem", flat=True)) <= {
            case.problem for case in Case.objects.filter(merged_into=None)
        }
