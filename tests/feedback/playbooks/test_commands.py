from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from compensation.grants.commands import AlreadyGranted
from compensation.grants.handlers import MOST_POINTS
from compensation.models import Coupon, Grant
from config.common.errors import Invalid, MoveNotAllowed, NotFound, WrongState
from config.common.events import timeline
from config.common.models import User
from feedback.cases import commands as cases
from feedback.cases.timeline import timeline_of
from feedback.defaults.authority import seed_authority
from feedback.models import (
    Aspect,
    Case,
    Gap,
    Playbook,
    PlaybookStep,
    PlaybookUse,
    PlaybookVersion,
    Promise,
    Severity,
)
from feedback.playbooks import commands, queries, report
from feedback.remedies.commands import grant_for_case
from tests.factories.compensation import T0, OrderFactory, OrderLineFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, MessageFactory, group
from tests.factories.knowledge import make_playbook, request_of
from tests.factories.money import CouponTemplateFactory, PointsRuleFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F6")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def agent(department):
    group("agent")
    seed_authority(T0)
    return User.objects.get(pk=AgentFactory(departments=[department]).user_id)


@pytest.fixture
def case(department):
    return CaseFactory(department=department)


def apply(case, playbook, actor):
    return commands.apply(case_id=case.pk, playbook_id=playbook.pk, actor=actor, at=T0)


def kinds(case):
    return list(timeline([case]).values_list("kind", flat=True))


def test_applying_gives_and_begins(case, agent):
    PointsRuleFactory()
    playbook = make_playbook(remedies=[CouponTemplateFactory(code="sorry-10"), 500])
    used = apply(case, playbook, agent)
    assert [one.place for one in used.given.all()] == [1, 2]
    assert Coupon.objects.get().member == case.member
    assert kinds(case) == ["playbook.applied", "remedy.granted", "remedy.granted"]
    assert all("%(" not in entry.text for entry in timeline_of(case))


def test_applied_again_nothing_more_happens(case, agent):
    playbook = make_playbook(remedies=[CouponTemplateFactory()])
    assert apply(case, playbook, agent) == apply(case, playbook, agent)
    assert Grant.objects.count() == PlaybookUse.objects.count() == 1


def test_beyond_authority_waits_for_approval(case, agent):
    apply(case, make_playbook(remedies=[CouponTemplateFactory(code="sorry-60")]), agent)
    assert Grant.objects.get().status == "requested"
    assert not Coupon.objects.exists()


def test_what_the_case_had_before_is_not_given_again_and_stops_nothing(case, agent):
    coupon, other = CouponTemplateFactory(), CouponTemplateFactory(code="sorry-10")
    grant_for_case(
        case_id=case.pk, kind="coupon", template_id=coupon.pk, reason="x", key="k", actor=agent, at=T0
    )
    used = apply(case, make_playbook(remedies=[coupon, other]), agent)
    assert [one.place for one in used.given.all()] == [2]
    assert Coupon.objects.count() == 2
    with pytest.raises(AlreadyGranted):
        commands.give(use_id=used.pk, actor=agent, at=T0)


def test_a_ladder_gives_nothing_and_leaves_it_to_a_person(case, agent):
    used = apply(case, make_playbook(remedies=[CouponTemplateFactory()]), None)
    assert used.applied_by is None
    assert not Grant.objects.exists()
    for _again in range(2):
        commands.give(use_id=used.pk, actor=agent, at=T0)
    assert Coupon.objects.count() == 1


def test_bad_applications_are_refused(department, case, agent):
    playbook = make_playbook()
    for wrong in ({"case_id": 0}, {"playbook_id": 0}):
        with pytest.raises(NotFound):
            commands.apply(**{"case_id": case.pk, "playbook_id": playbook.pk, **wrong}, actor=agent, at=T0)
    with pytest.raises(MoveNotAllowed):
        apply(CaseFactory(department=department, resolved=True), playbook, agent)
    Playbook.objects.update(is_active=False)
    with pytest.raises(NotFound):
        apply(case, playbook, agent)
    assert not PlaybookUse.objects.exists()


def test_a_use_keeps_the_version_that_it_began_with(case, agent):
    playbook = make_playbook(steps=["看照片", "道歉"])
    used = apply(case, playbook, agent)
    PlaybookStep.objects.filter(text="道歉").delete()
    commands.publish(playbook=playbook, actor=None, at=T0)
    assert commands.publish(playbook=playbook, actor=None, at=T0).number == 2
    assert commands.finish_step(use_id=used.pk, number=2, actor=agent, at=T0).number == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        PlaybookVersion.objects.update(number=9)


def test_steps_are_ticked_once_and_taken_back(case, agent):
    used = apply(case, make_playbook(steps=["一", "二"]), agent)
    first = commands.finish_step(use_id=used.pk, number=1, actor=agent, at=T0)
    later = T0 + timedelta(hours=1)
    assert commands.finish_step(use_id=used.pk, number=1, actor=agent, at=later).at == first.at
    for _again in range(2):
        commands.undo_step(use_id=used.pk, number=1, actor=agent, at=later)
    assert kinds(case) == ["playbook.applied", "playbook.step_done", "playbook.step_undone"]
    for number in (0, 3):
        with pytest.raises(NotFound):
            commands.finish_step(use_id=used.pk, number=number, actor=agent, at=T0)
    for command in (commands.finish_step, commands.undo_step):
        with pytest.raises(NotFound):
            command(use_id=0, number=1, actor=agent, at=T0)


def test_a_playbook_that_makes_no_sense_is_not_published():
    coupon = CouponTemplateFactory()
    for content in (
        {"steps": []},
        {"remedies": [coupon, coupon]},
        {"remedies": [5, 6]},
        {"remedies": ["refund"] * 2},
    ):
        with pytest.raises(Invalid), transaction.atomic():
            make_playbook(**content)
    assert not PlaybookVersion.objects.exists()


def test_a_request_ends_once_with_a_word_about_it(case, agent):
    asked = request_of(case)

    def end(done=True, outcome="支付宝 2026112200001", number=asked.pk):
        return commands.end_request(request_id=number, done=done, outcome=outcome, actor=agent, at=T0)

    for outcome in ("", " \n\0", "x" * 501):
        with pytest.raises(Invalid):
            end(outcome=outcome)
    with pytest.raises(NotFound):
        end(number=0)
    ended = end()
    assert (ended.status, ended.ended_by, ended.outcome) == ("done", agent, "支付宝 2026112200001")
    with pytest.raises(WrongState):
        end(done=False)
    assert kinds(case)[-1] == "request.done"
    assert not queries.open_requests(Case.objects.all())


@pytest.mark.django_db(transaction=True)
def test_two_who_apply_at_once_give_once():
    department = DepartmentFactory()
    case = CaseFactory(department=department)
    group("agent")
    seed_authority(T0)
    people = [User.objects.get(pk=AgentFactory(departments=[department]).user_id) for _each in range(2)]
    playbook = make_playbook(remedies=[CouponTemplateFactory()])
    results = at_once(*[lambda one=one: apply(case, playbook, one) for one in people])
    assert not refused(results)
    assert results[0] == results[1]
    assert Coupon.objects.count() == 1


def names(offers):
    return [one.playbook.code for one in offers]


def test_what_fits_is_suggested(department, agent):
    make_playbook("damaged", words=["破损", "碎了"])
    make_playbook("late", words=["没到"], aspects=[Aspect.DELIVERY])
    make_playbook("late-food", words=["没到"], categories=["食品"])
    make_playbook("review", words=["破损"], kinds=["review"])
    make_playbook("general")
    order = OrderFactory()
    case = CaseFactory(department=department, subject="包裹破損", order=order, member=order.member)
    panel = queries.Panel(case, agent, T0)
    assert names(panel.suggested) == ["damaged"]
    assert set(names(panel.others)) == {"late", "late-food", "review", "general"}
    line = OrderLineFactory(order=order, product__category="食品")
    promise = Promise.objects.create(line=line, aspect=Aspect.DELIVERY, due_at=T0)
    Gap.objects.create(
        order=order, promise=promise, aspect=Aspect.DELIVERY, expected_at=T0, days=-3,
        severity=Severity.SEVERE, detected_at=T0, changed_at=T0,
    )  # fmt: skip
    MessageFactory(case=case, body="而且还没到")
    assert names(queries.Panel(case, agent, T0).suggested) == ["late", "late-food", "damaged"]


def test_the_panel_shows_cost_and_what_is_left(case, agent, django_assert_max_num_queries):
    PointsRuleFactory()
    small, large = CouponTemplateFactory(code="sorry-10"), CouponTemplateFactory(code="sorry-60")
    used = apply(case, make_playbook(remedies=[small]), agent)
    make_playbook("large", remedies=[large, 500, "refund"])  # the case has no order: nobody knows how much
    panel = queries.Panel(case, agent, T0)
    assert (panel.limit_fen, panel.left_fen) == (5_000, 4_000)
    (offer,) = panel.offers
    assert offer.cost_fen == 6_000 + 500
    assert [gift.cost_fen for gift in offer.gifts] == [6_000, 500, None]
    (use,) = panel.uses
    assert (use.use, use.done, use.is_ungiven) == (used, 0, False)
    assert use.outcomes[0].grant.status == "confirmed"


def test_the_panel_takes_as_many_queries_for_three_playbooks_as_for_one(
    case, agent, django_assert_max_num_queries
):
    counts = []
    for number in range(3):
        apply(
            case,
            make_playbook(
                f"used-{number}", remedies=["refund", CouponTemplateFactory(code=f"sorry-{number + 1}")]
            ),
            agent,
        )
        make_playbook(f"offer-{number}")
        with django_assert_max_num_queries(18) as made:
            panel = queries.Panel(case, User.objects.get(pk=agent.pk), T0)
            assert len(panel.uses) == len(panel.offers) == number + 1
            assert panel.left_fen
        counts.append(len(made))
    assert len(set(counts)) == 1


def test_the_report_tells_how_uses_ended(department, agent, monkeypatch):
    playbook, other = make_playbook(), make_playbook("other")
    solved, again, fresh = (CaseFactory(department=department) for _each in range(3))
    for case in (solved, again, fresh):
        apply(case, playbook, agent)
    apply(fresh, other, agent)
    for case, hours in ((solved, 2), (again, 4)):
        at = T0 + timedelta(hours=hours)
        cases.reply(case_id=case.pk, body="好了。", then="resolve", actor=agent, at=at)
    cases.reopen(case_id=again.pk, reason="还没好", actor=agent, at=T0 + timedelta(hours=5))
    monkeypatch.setattr(report, "RATINGS", [lambda keys: {solved.pk: 5} if solved.pk in keys else {}])
    first, second = report.rows(Case.objects.all(), since=T0, until=T0 + timedelta(days=1))
    assert (first.uses, first.resolved, first.reopened, first.reopened_percent) == (3, 1, 1, 33)
    assert (first.to_resolve, first.rating, first.rated) == (timedelta(hours=2), 5, 1)
    assert (second.playbook, second.uses, second.to_resolve, second.rating) == (other, 1, None, None)
    assert not report.rows(Case.objects.none(), since=T0, until=T0 + timedelta(days=1))
    assert not report.rows(Case.objects.all(), since=T0 + timedelta(days=1), until=T0 + timedelta(days=2))


def test_whatever_stands_against_one_remedy_stops_no_other(case, agent):
    """So many points cannot be given: for another reason than that they were given before."""
    PointsRuleFactory()
    coupon = CouponTemplateFactory(code="sorry-10")
    used = apply(case, make_playbook(remedies=[MOST_POINTS + 1, coupon]), agent)
    assert [one.place for one in used.given.all()] == [2]
    assert Coupon.objects.count() == 1
    used.refresh_from_db()
    assert list(used.refusals) == ["1"]
    assert used.refusals["1"]
    assert Grant.objects.count() == 1, "nothing is half-done"
    assert "playbook.not_given" in kinds(case)
    assert all("%(" not in entry.text for entry in timeline_of(case))
    shown = queries.Panel(case, agent, T0).uses[0].outcomes
    assert [bool(one.why_not) for one in shown] == [True, False]
    with pytest.raises(Invalid):
        commands.give(use_id=used.pk, actor=agent, at=T0)


def test_what_can_be_given_later_is_though_something_else_cannot(case, agent):
    coupon, other = CouponTemplateFactory(is_active=False), CouponTemplateFactory(code="sorry-10")
    used = apply(case, make_playbook(remedies=[coupon, other]), None)
    commands.give(use_id=used.pk, actor=agent, at=T0)
    assert [one.place for one in used.given.all()] == [2]
    with pytest.raises(WrongState):
        commands.give(use_id=used.pk, actor=agent, at=T0)


def test_an_erased_member_is_given_nothing_and_the_playbook_goes_on(case, agent):
    case.member.erased_at = T0
    case.member.save()
    used = apply(case, make_playbook(remedies=[CouponTemplateFactory()]), agent)
    assert not used.given.exists()
