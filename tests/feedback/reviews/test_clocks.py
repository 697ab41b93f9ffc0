"""Reviews that become no case are answered in time too: each has a clock of its own."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from config.common.models import Event, OutboxMessage
from feedback.admin import reviews as review_pages
from feedback.clocks import moving
from feedback.ladders import reviewing as sweeping
from feedback.ladders.sweep import sweep
from feedback.models import Alert, BreachCause, Case, Clock, DepartmentRule, Firing, Policy, Review
from feedback.org import alerts
from feedback.replies import commands
from feedback.reviews import following, marketplace
from feedback.sops.commands import publish_policy
from feedback.supervision import causes, counts
from feedback.supervision.board import behind, board
from tests.factories.compensation import T0, OrderFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import OFFICE, SopCalendarFactory, make_ladder, make_policy
from tests.feedback.admin.conftest import client_for
from tests.threads import at_once, refused

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.req("F17"), pytest.mark.req("F2")]


@pytest.fixture(autouse=True)
def service():
    return DepartmentFactory(name="客服部", takes_new=True)


@pytest.fixture(autouse=True)
def sop():
    """Bad ones have two hours, the others a day."""
    make_policy("bad", position=1, kinds=["review"], targets={"review_reply": 120})
    make_policy("others", position=2, targets={"review_reply": 24 * 60}, ladder=make_ladder())


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service])


@pytest.fixture
def lead(service):
    return AgentFactory(user=StaffFactory(role="team_lead"), leads=[service])


def review(stars=4, *, written_at=T0, **given):
    order = OrderFactory()
    return Review.objects.create(
        external_id=f"R{order.pk}",
        member=order.member,
        order=order,
        stars=stars,
        written_at=written_at,
        **given,
    )


def timed(at=T0, **given):
    """A review with its clock."""
    one = review(**given)
    assert following.take_up(at=at) == 1
    return Clock.objects.get(review=one)


def kinds(one):
    events = Event.objects.filter(subject_type="review", subject_id=one.pk).order_by("id")
    return list(events.values_list("kind", flat=True))


def test_every_fresh_review_gets_one_clock_and_no_case(service):
    one, _bad = review(stars=3), review(stars=1)
    assert following.take_up(at=T0 + HOUR) == 1
    assert following.take_up(at=T0 + HOUR) == 0
    clock = Clock.objects.get()
    assert (clock.review, clock.case, clock.department) == (one, None, service)
    assert (clock.started_at, clock.due_at) == (T0 + HOUR, T0 + 25 * HOUR)
    assert kinds(one) == ["clock.started"]
    assert not Case.objects.exists()


def test_old_reviews_those_to_come_and_those_with_an_answer_start_none(agent):
    review()
    assert following.take_up(at=T0 + following.FRESH) == 0
    assert following.take_up(at=T0 - HOUR) == 0
    commands.write(review_id=review().pk, text="谢谢", actor=agent.user, at=T0)
    assert following.take_up(at=T0 + HOUR) == 1


def test_without_a_target_none_starts_and_none_is_looked_at_again():
    others = Policy.objects.get(code="others")
    others.is_active = False
    others.save()
    publish_policy(policy=others, actor=None, at=T0)
    review()
    assert following.take_up(at=T0) == 1
    assert following.take_up(at=T0) == 0
    assert not Clock.objects.exists()


def test_a_policy_may_ask_for_how_good_it_is_and_a_rule_for_the_department():
    other = DepartmentFactory(name="商品部")
    DepartmentRule.objects.create(code="size", name="尺码", words=["尺码"], department=other)
    make_policy("good", position=0, priorities=[1], channels=["marketplace"], targets={"review_reply": 60})
    good, middling = timed(stars=5, text="尺码准"), timed(stars=3)
    assert (good.work, good.department) == (HOUR, other)
    assert (middling.work, middling.facts["priority"]) == (DAY, 2)


def test_it_runs_on_the_calendar_of_its_policy():
    make_policy(
        "office", position=0, targets={"review_reply": 60}, calendar=SopCalendarFactory(content=OFFICE)
    )
    clock = timed(at=T0.replace(hour=9, minute=30))  # 17:30 in Shanghai
    assert clock.due_at - clock.started_at > 12 * HOUR


def test_the_answer_meets_it_in_time_or_late(agent):
    early, late = timed(), timed()
    commands.write(review_id=early.review_id, text="谢谢", actor=agent.user, at=early.due_at)
    commands.write(review_id=late.review_id, text="谢谢", actor=agent.user, at=late.due_at + MINUTE)
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.met_at, early.breached_at, early.next_fire_at) == (early.due_at, None, None)
    assert (late.met_at, late.breached_at) == (late.due_at + MINUTE, late.due_at)
    assert kinds(early.review) == ["clock.started", "review.replied", "clock.met"]
    assert kinds(late.review) == ["clock.started", "review.replied", "clock.breached", "clock.met"]


def test_a_breach_is_withdrawn_when_the_answer_turns_out_to_be_in_time(agent):
    clock = timed()
    sweep(clock.due_at + MINUTE)
    commands.write(review_id=clock.review_id, text="谢谢", actor=agent.user, at=clock.due_at - MINUTE)
    clock.refresh_from_db()
    assert clock.breached_at is None
    assert "clock.breach_withdrawn" in kinds(clock.review)


def test_one_that_turns_bad_becomes_a_case_in_place_of_its_clock():
    clock = timed()
    marketplace.restar(Review.objects.get(), 1, at=T0)
    assert following.follow_up(at=T0 + HOUR) == 1
    clock.refresh_from_db()
    assert (clock.stopped_at, clock.breached_at) == (T0 + HOUR, None)
    running = Clock.objects.get(met_at=None, stopped_at=None)
    assert (running.case, running.milestone) == (Case.objects.get(), "review_reply")


def test_the_ladder_tells_the_department_then_its_leads_then_those_above(agent, lead, service):
    clock = timed(title="还行")
    result = sweep(clock.due_at + 3 * HOUR)
    assert (result.clocks, result.breached) == (1, 1)
    fired = list(Firing.objects.filter(clock=clock).order_by("rung"))
    assert [one.action for one in fired] == ["notify_agent", "notify_lead", "reassign_lead", "escalate"]
    assert set(fired[0].outcome["told"]) == {agent.user_id, lead.user_id}
    assert [one.outcome["told"] for one in fired[1:]] == [[lead.user_id], [lead.user_id], []]
    clock.refresh_from_db()
    assert (clock.breached_at, clock.next_fire_at, clock.rungs_fired) == (clock.due_at, None, 4)
    assert sweep(clock.due_at + 4 * HOUR).clocks == 0
    assert Firing.objects.count() == 4
    assert Event.objects.filter(subject_type="review", kind="ladder.fired").count() == 4


def test_a_pass_before_anything_is_due_does_nothing_and_a_warning_comes_in_time(agent):
    clock = timed()
    assert sweep(clock.started_at + HOUR).clocks == 0
    sweep(clock.started_at + 20 * HOUR)
    clock.refresh_from_db()
    assert (clock.rungs_fired, clock.breached_at, clock.next_fire_at) == (1, None, clock.due_at)
    assert Alert.objects.get().kind == "clock.warned"


def test_alerts_and_letters_name_the_review_and_end_with_its_answer(agent):
    clock = timed(title="还行")
    sweep(clock.due_at)
    with translation.override("en"):
        [group] = [
            one for one in alerts.unread(agent.user).groups if one.what == "Soon due: reply to a review"
        ]
        assert group.cases == [clock.review]
    letter = OutboxMessage.objects.filter(kind="alerts", payload__user=agent.user.pk).get()
    assert {line[2]["review"] for line in letter.payload["alerts"]} == {clock.review_id}
    commands.write(review_id=clock.review_id, text="谢谢", actor=agent.user, at=clock.due_at)
    assert not alerts.unread(agent.user).groups


def test_one_broken_review_holds_up_no_other(monkeypatch, agent):
    broken, whole = timed(), timed()
    take = sweeping.Told.take

    def fail(self, clock):
        if clock.pk == broken.pk:
            raise ValueError
        take(self, clock)

    monkeypatch.setattr(sweeping.Told, "take", fail)
    assert sweep(whole.due_at).breached == 1
    whole.refresh_from_db()
    assert whole.breached_at == whole.due_at


def test_the_database_holds_to_it():
    clock = timed()
    case = Case.objects.create(
        member=clock.review.member, kind="enquiry", channel="app", subject="?", department=clock.department,
        opened_at=T0,
    )  # fmt: skip
    for wrong in ({"case": case}, {"review": None}, {"milestone": "resolution"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Clock.objects.filter(pk=clock.pk).update(**wrong)
    clock.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        clock.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(key="x", user=StaffFactory(), kind="x", at=T0)


def test_the_board_counts_it_and_the_audit_says_why(service, lead):
    now = timezone.now()
    clock = timed(at=now - 30 * HOUR, written_at=now - 31 * HOUR)
    sweep(now)
    assert board([service.pk], now=now).by_department[service.pk].breached == 1
    assert list(behind("breached", [service.pk], channel="marketplace", now=now)) == [clock]
    assert counts.differences() == []
    cause = BreachCause.objects.create(code="few", name="人手不足")
    causes.note(clock_ids=[clock.pk], cause_id=cause.pk, actor=lead.user, at=now)
    assert Event.objects.get(kind="breach.noted").subject_type == "review"
    assert moving.affected() == (0, [])


def test_pages_lead_to_the_review(service, lead):
    written = timezone.now() - 30 * HOUR
    clock = timed(at=written, written_at=written, title="<b>还行</b>")
    sweep(timezone.now())
    browser, change = client_for(lead.user), f"/admin/feedback/review/{clock.review_id}/change/"
    for page in (
        "/admin/breaches/",
        "/admin/board/clocks/?state=breached",
        f"/admin/clocks/{clock.pk}/",
        "/admin/alerts/",
    ):
        response = browser.get(page)
        content = response.content.decode()
        assert response.status_code == 200, page
        assert clock.review.external_id in content, page
        assert "<b>还行" not in content
    assert change in browser.get("/admin/breaches/").content.decode()
    response = browser.post("/admin/alerts/seen/", {"review": clock.review_id})
    assert response.url == change
    assert not Alert.objects.filter(user=lead.user, read_at=None).exists()
    assert client_for(StaffFactory(role="finance")).get(f"/admin/clocks/{clock.pk}/").status_code == 403


def test_another_departments_lead_sees_none_of_it():
    written = timezone.now() - 30 * HOUR
    clock = timed(at=written, written_at=written)
    sweep(timezone.now())
    stranger = AgentFactory(user=StaffFactory(role="team_lead"), leads=[DepartmentFactory()])
    content = client_for(stranger.user).get("/admin/breaches/").content.decode()
    assert clock.review.external_id not in content


def test_who_answers_finds_what_is_due_first(agent):
    written = timezone.now() - DAY
    later, first = review(written_at=written), review(written_at=written)
    review(written_at=written - 10 * DAY)
    bad = review(stars=1, written_at=written)
    following.follow_up(at=timezone.now())
    following.take_up(at=timezone.now())
    ago = timezone.now() - HOUR
    Clock.objects.filter(review=first).update(due_at=ago, next_fire_at=ago)
    browser = client_for(agent.user)
    url = reverse("admin:feedback_review_changelist")
    shown = [one.pk for one in browser.get(url, {"promised": "open"}).context["cl"].result_list]
    assert shown == [first.pk, bad.pk, later.pk]
    shown = [one.pk for one in browser.get(url, {"promised": "late"}).context["cl"].result_list]
    assert shown == [first.pk]
    assert f"/admin/clocks/{Clock.objects.get(review=first).pk}/" in browser.get(url).content.decode()
    page = browser.get(reverse("admin:feedback_review_change", args=[bad.pk]))
    assert f"/admin/clocks/{Clock.objects.get(case__key=f'review:{bad.pk}').pk}/" in page.content.decode()


def test_the_menu_leads_to_what_is_to_be_answered(agent):
    timed(at=timezone.now(), written_at=timezone.now() - HOUR)
    timed(at=timezone.now(), written_at=timezone.now() - HOUR)
    moderator = client_for(StaffFactory(role="moderator"))
    response = moderator.get(reverse("admin:reviews_to_answer"), follow=True)
    assert len(response.context["cl"].result_list) == 2
    assert moderator.get("/admin/alerts/").status_code == 200
    assert list(review_pages.waiting(agent.user)) == list(Clock.objects.all())


def test_the_list_costs_the_same_for_many(agent):
    browser, url = client_for(agent.user), reverse("admin:feedback_review_changelist")

    def cost():
        with CaptureQueriesContext(connection) as queries_:
            browser.get(url, {"promised": "open"})
        return len(queries_)

    timed(at=timezone.now(), written_at=timezone.now() - HOUR)
    cost()
    one = cost()
    for _more in range(2):
        timed(at=timezone.now(), written_at=timezone.now() - HOUR)
    assert cost() == one


@pytest.mark.django_db(transaction=True)
def test_two_workers_start_one_clock():
    review()
    assert not refused(at_once(*[lambda: following.take_up(at=T0)] * 3))
    assert Clock.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_two_sweeps_at_once_agree(agent):
    clock = timed()
    late = clock.due_at + MINUTE
    answer = lambda: commands.write(review_id=clock.review_id, text="谢谢", actor=agent.user, at=late)  # noqa: E731
    assert not refused(at_once(answer, lambda: sweep(late), lambda: sweep(late)))
    clock.refresh_from_db()
    assert (clock.met_at, clock.breached_at, clock.next_fire_at) == (late, clock.due_at, None)
    assert Event.objects.filter(kind="clock.breached").count() == 1
