"""Why promises were broken: noting it, for many at once, and what it adds up to."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.common.errors import DomainError, Invalid, NotFound
from config.common.models import Event
from feedback.cases import commands as cases
from feedback.ladders.sweep import sweep
from feedback.models import BreachCause, BreachNote, Clock
from feedback.supervision import causes
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_ladder, make_policy
from tests.feedback.admin.conftest import client_for, open_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

PAGE, NOTE = "/admin/breaches/", "/admin/breaches/note/"


@pytest.fixture
def shop(db):
    make_policy(ladder=make_ladder())
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    return ours, theirs, AgentFactory(user=StaffFactory(role="team_lead"), leads=[ours])


@pytest.fixture
def cause():
    return BreachCause.objects.create(code="few", name="人手不足", name_en="Too few people")


def late(department, number=1):
    for n in range(number):
        open_case(department, at=timezone.now() - timedelta(minutes=40 + n))
    sweep(timezone.now())
    return list(Clock.objects.filter(department=department, breached_at__isnull=False).order_by("pk"))


def note(clocks, cause, lead, **options):
    return causes.note(
        clock_ids=[one.pk for one in clocks], cause_id=cause.pk, actor=lead.user, at=timezone.now(), **options
    )


def test_many_at_once_each_with_its_event(shop, cause):
    clocks = late(shop[0], 3)
    assert len(note(clocks, cause, shop[2], remark=" 双十一 \0 ")) == 3
    kept = BreachNote.objects.first()
    assert (kept.cause, kept.remark, kept.by) == (cause, "双十一", shop[2].user)
    events = Event.objects.filter(kind="breach.noted")
    assert sorted(one.data["clock"] for one in events) == [one.pk for one in clocks]
    assert "双十一" not in str([one.data for one in events])


def test_a_second_look_replaces_the_first(shop, cause):
    clocks = late(shop[0])
    other = BreachCause.objects.create(code="other", name="其他")
    note(clocks, cause, shop[2])
    note(clocks, other, shop[2])
    assert BreachNote.objects.get().cause == other
    assert Event.objects.filter(kind="breach.noted").count() == 2


def test_what_is_refused(shop, cause):
    (clock,) = late(shop[0])
    running = Clock.objects.filter(breached_at=None).first()
    old = BreachCause.objects.create(code="old", name="旧", is_active=False)
    for clocks, chosen, error, options in (
        ([], cause, Invalid, {}),
        ([running], cause, Invalid, {}),
        ([clock], old, NotFound, {}),
        ([clock], cause, Invalid, {"remark": "x" * 501}),
        ([Clock(pk=999_999)], cause, NotFound, {}),
    ):
        with pytest.raises(error):
            note(clocks, chosen, shop[2], **options)
    assert not BreachNote.objects.exists()
    with pytest.raises(DomainError):
        causes.note(clock_ids=range(1, 500), cause_id=cause.pk, actor=shop[2].user, at=timezone.now())


def test_the_pareto_adds_up(shop, cause):
    clocks = late(shop[0], 4)
    other = BreachCause.objects.create(code="other", name="其他")
    note(clocks[:2], cause, shop[2])
    note(clocks[2:3], other, shop[2])
    bars = causes.pareto(Clock.objects.filter(pk__in=[one.pk for one in clocks]))
    assert [(bar.cause, bar.number, bar.upto) for bar in bars] == [
        (cause, 2, 50.0),
        (other, 1, 75.0),
        (None, 1, 100.0),
    ]


def test_the_page_notes_filters_and_adds_up(shop, cause):
    ours, _theirs, lead = shop
    first, second = late(ours, 2)
    browser = client_for(lead)
    response = browser.post(
        f"{NOTE}?still=yes", {"clock": [first.pk], "cause": cause.pk, "remark": "<b>忙</b>"}, follow=True
    )
    assert response.redirect_chain == [(f"{PAGE}?still=yes", 302)]
    shown = response.content.decode()
    assert "&lt;b&gt;忙" in shown
    assert [(bar.cause, bar.number) for bar in response.context["bars"]] == [(cause, 1), (None, 1)]

    def found(**query):
        return [clock for clock, *_ in browser.get(PAGE, query).context["rows"]]

    assert found(cause=cause.pk) == [first]
    assert found(cause="none") == [second]
    assert len(found(channel="portal")) == 2
    assert found(channel="chat") == []
    body = b"".join(browser.get(reverse("admin:breaches_export", args=["csv"]), {"cause": cause.pk})).decode()
    assert "人手不足" in body
    assert "'<b>" not in body


def test_what_the_page_refuses_keeps_what_was_typed(shop, cause):
    ours, theirs, lead = shop
    (mine,), (foreign,) = late(ours), late(theirs)
    browser = client_for(lead)
    refused = browser.post(NOTE, {"clock": [foreign.pk], "cause": cause.pk, "remark": "忙"})
    assert refused.status_code == 404
    assert 'value="忙"' in refused.content.decode()
    for data in (
        {"cause": cause.pk},
        {"clock": ["x"], "cause": cause.pk},
        {"clock": [mine.pk], "cause": "x"},
    ):
        assert browser.post(NOTE, data).status_code in {400, 404}
    assert not BreachNote.objects.exists()


def test_who_may(shop, cause):
    ours, *_ = shop
    (clock,) = late(ours)
    for role, status in (("agent", 403), ("analyst", 403), ("moderator", 403), ("supervisor", 302)):
        person = AgentFactory(user=StaffFactory(role=role), departments=[ours])
        response = client_for(person).post(NOTE, {"clock": [clock.pk], "cause": cause.pk})
        assert response.status_code == status, role
    assert client_for(None).post(NOTE).url.startswith("/admin/login/")


def test_a_file_takes_its_permission(shop):
    ours, *_ = shop
    late(ours)
    path = reverse("admin:breaches_export", args=["csv"])
    lead = AgentFactory(user=StaffFactory(role="team_lead"), leads=[ours])
    group = lead.user.groups.get()
    assert client_for(lead).get(path).status_code == 200
    group.permissions.remove(group.permissions.get(codename="export_lists"))
    browser = client_for(lead)
    assert browser.get(path).status_code == 403
    assert path not in browser.get(PAGE).content.decode()


def test_a_case_that_is_answered_in_time_after_all_loses_nothing(shop, cause):
    (clock,) = late(shop[0])
    note([clock], cause, shop[2])
    cases.reply(case_id=clock.case_id, body="在", actor=shop[2].user, at=timezone.now())
    assert BreachNote.objects.get().clock == clock
