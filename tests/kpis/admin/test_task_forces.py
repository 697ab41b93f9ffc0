"""The pages of task forces: who sees them, a whole meeting held from its page, and what is refused."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.common.models import User
from kpis.defaults import demo_task_force
from kpis.models import FigureAlert, Meeting, MetricCode, Resolve, TaskForce, Topic
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.figures import make_days, make_goal
from tests.factories.improvements import accepted, staff
from tests.factories.task_forces import begun, called, decided, ended, force, leader_of, member_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]
DAY = timedelta(days=1)
LIST, DECISIONS = "/admin/task-forces/", "/admin/task-forces/decisions/"


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def found(department):
    return force(department)


def as_who(client, user):
    client.force_login(user)
    return client


def page_of(client, meeting):
    return client.get(reverse("admin:task_force_meeting", args=[meeting.pk]))


def act(client, meeting, name, **data):
    return client.post(reverse("admin:task_force_meeting_act", args=[meeting.pk, name]), data)


def numbers(department):
    """Something of each kind for an agenda."""
    today = timezone.localdate()
    make_days(today - 90 * DAY, today - DAY, 0.9)
    make_goal("95")
    FigureAlert.objects.create(
        metric=MetricCode.CSAT, kind="turn", first=today - DAY, last=today, n=50, value=4.1, against=4.6,
        found_at=timezone.now(),
    )  # fmt: skip
    return accepted(department, days=1, at=timezone.now() - 9 * DAY, title="<b>改派")


def test_a_meeting_is_held_from_its_page(client, found, department):
    numbers(department)
    as_who(client, leader_of(found))
    day = {"on": f"{timezone.localdate()}"}
    assert client.post(reverse("admin:task_force_call", args=[found.pk]), day).status_code == 302
    meeting = Meeting.objects.get()
    assert act(client, meeting, "begin").status_code == 302
    shown = page_of(client, meeting)
    assert [told.topic.kind for told, _text, _resolves in shown.context["topics"]] == [
        "goal", "alert", "improvement",
    ]  # fmt: skip
    assert "&lt;b&gt;改派" in shown.content.decode()
    first = meeting.topics.first()
    who, other = leader_of(found), member_of(found)
    words = {
        f"said-{first.pk}": "午休没人接", "minutes": "一\r\n二", "was-minutes": "",
        f"presence-{who.pk}": "present", f"was-presence-{who.pk}": "expected",
    }  # fmt: skip
    decision = {
        "decision-text": "留一人值班", "decision-topic": first.pk, "decision-owner": other.pk,
        "decision-due_on": f"{timezone.localdate() + 7 * DAY}",
    }  # fmt: skip
    assert act(client, meeting, "decide", **words, **decision).status_code == 302
    meeting.refresh_from_db()
    first.refresh_from_db()
    assert (meeting.minutes, first.said) == ("一\n二", "午休没人接")
    made = Resolve.objects.get()
    assert (made.owner, made.topic, made.department) == (other, first, department)
    assert act(client, meeting, "end").status_code == 302
    after = page_of(client, meeting).content.decode()
    assert "午休没人接" in after
    assert "<textarea" not in after
    assert act(client, meeting, "keep", minutes="x").status_code == 409


def test_what_was_typed_stays_on_the_page_when_something_is_refused(client, found):
    meeting = begun(found)
    one = Topic.objects.create(meeting=meeting, position=9, kind="decision", numbers={
        "id": 1, "due": "2026-11-01", "late": 3,
    }, said="别人写的")  # fmt: skip
    as_who(client, leader_of(found))
    data = {f"said-{one.pk}": "<i>我写的", f"was-said-{one.pk}": "", "minutes": "纪要"}
    answer = act(client, meeting, "keep", **data)
    assert answer.status_code == 409
    for text in ("&lt;i&gt;我写的", "别人写的", "纪要"):
        assert text in answer.content.decode()
    half = act(client, meeting, "end", **{"decision-text": "没写完"})
    assert (half.status_code, "没写完" in half.content.decode()) == (400, True)
    wrong = act(client, meeting, "decide", minutes="先留下", **{"decision-text": "没有人"})
    assert (wrong.status_code, "没有人" in wrong.content.decode()) == (400, True)
    meeting.refresh_from_db()
    assert (meeting.minutes, meeting.state) == ("先留下", "begun")


def test_from_a_topic_one_gets_to_deciding_on_it_with_all_words_kept(client, found, department):
    numbers(department)
    meeting = begun(found)
    topic = meeting.topics.last()
    as_who(client, leader_of(found))
    data = {f"said-{topic.pk}": "就办它", "on-topic": topic.pk}
    answer = act(client, meeting, "keep", **data)
    assert answer["Location"].endswith(f"?topic={topic.pk}")
    assert client.get(answer["Location"]).context["form"]["topic"].value() == topic.pk
    topic.refresh_from_db()
    assert topic.said == "就办它"
    for wrong in ("x", "9" * 30, "999"):
        assert client.get(answer["Location"].split("?")[0], {"topic": wrong}).status_code == 200
        assert act(client, meeting, "keep", **{"on-topic": wrong}).status_code == 302


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("keep", {"minutes": "a\x00"}, 400),
        ("keep", {"minutes": "x" * 10_001}, 400),
        ("keep", {"said-99999999": "x"}, 404),
        ("keep", {"said-x": "x", "presence-": "y", "presence-" + "9" * 30: "z"}, 302),
        ("keep", {"presence-1": "king"}, 400),
        ("keep", {"presence-99999999": "present"}, 404),
        ("decide", {"decision-text": "x", "decision-owner": "0", "decision-due_on": "2027-01-01"}, 400),
        ("decide", {"decision-text": "x", "decision-topic": "7", "decision-owner": "x"}, 400),
        ("end", {}, 400),
        ("begin", {}, 409),
        ("move", {"on": "9999-99-99"}, 400),
        ("move", {"on": "2150-01-01"}, 409),
        ("call-off", {}, 409),
        ("magic", {}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(client, found, name, data, status):
    meeting = begun(found)
    assert act(as_who(client, leader_of(found)), meeting, name, **data).status_code == status
    assert not Resolve.objects.exists()


def test_a_meeting_that_is_called_is_moved_or_called_off(client, found):
    meeting = called(found)
    as_who(client, leader_of(found))
    assert act(client, meeting, "move", on="x").status_code == 400
    assert act(client, meeting, "move", on=f"{timezone.localdate() + DAY}").status_code == 302
    assert b"/begin/" not in page_of(client, meeting).content
    assert act(client, meeting, "begin").status_code == 409
    assert act(client, meeting, "call-off").status_code == 302
    assert Meeting.objects.get().state == "off"
    assert page_of(client, meeting).status_code == 200


def test_members_read_and_others_do_not(client, found, department):
    meeting = begun(found)
    decision = decided(meeting)
    addresses = [
        reverse("admin:task_force", args=[found.pk]),
        reverse("admin:task_force_meeting", args=[meeting.pk]),
        reverse("admin:task_force_decision", args=[decision.pk]),
    ]
    as_who(client, member_of(found))
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert b'id="meeting"' not in answer.content
    assert act(client, meeting, "keep", minutes="x").status_code == 403
    assert client.post(addresses[0] + "call/", {"on": f"{timezone.localdate()}"}).status_code == 403
    assert client.get(addresses[0] + "edit/").status_code == 403
    as_who(client, staff(department, "agent"))
    for address in addresses:
        assert client.get(address).status_code == 404
    assert act(client, meeting, "keep", minutes="x").status_code == 404
    assert found.name not in client.get(LIST).content.decode()
    as_who(client, StaffFactory(is_staff=True))
    for address in (LIST, DECISIONS, *addresses):
        assert client.get(address).status_code == 403


def test_links_lead_only_where_somebody_may_go(client, found, department):
    late = numbers(department)
    meeting = begun(found)

    def links(user):
        shown = page_of(as_who(client, user), meeting).context["topics"]
        return [told.link for told, _text, _resolves in shown]

    assert links(leader_of(found)) == ["", "", reverse("admin:improvement", args=[late.pk])]
    elsewhere = links(staff(DepartmentFactory()))
    assert [bool(one) for one in elsewhere] == [True, True, False]
    for one in links(staff(department)):
        assert client.get(one).status_code == 200


def test_an_improvement_is_named_to_who_may_see_it_alone(client, found, department):
    owner = staff(department, "agent")
    late = accepted(department, owner=owner, days=1, at=timezone.now() - 9 * DAY, title="改派规则")
    meeting = begun(found)

    def told(user):
        shown = page_of(as_who(client, user), meeting).context["topics"]
        return [f"{one.title} {one.sentence} {one.link}" for one, _text, _resolves in shown]

    (seen,) = told(leader_of(found))
    assert all(word in seen for word in ("改派规则", f"{department}", f"{owner}"))
    (hidden,) = told(staff(DepartmentFactory()))
    assert f"{late.pk}" in hidden
    assert not any(word in hidden for word in ("改派规则", f"{department}", f"{owner}", "/improvements/"))


def test_a_decision_is_given_on_and_done(client, found):
    decision, other = decided(begun(found)), member_of(found)
    address = reverse("admin:task_force_decision", args=[decision.pk])
    as_who(client, leader_of(found))
    assert client.get(address).status_code == 200
    later = f"{timezone.localdate() + 20 * DAY}"
    for data in ({"owner": "x", "due_on": later}, {"owner": other.pk, "due_on": "2000-01-01"}, {}):
        assert client.post(address + "entrust/", data).status_code == 400
    assert client.post(address + "entrust/", {"owner": other.pk, "due_on": later}).status_code == 302
    as_who(client, other)
    assert client.post(address + "entrust/", {"owner": other.pk, "due_on": later}).status_code == 403
    assert client.post(address + "done/", {"outcome": ""}).status_code == 400
    assert client.post(address + "done/", {"outcome": "<b>好了"}).status_code == 302
    assert "&lt;b&gt;好了" in client.get(address).content.decode()
    assert client.post(address + "done/", {"outcome": "x"}).status_code == 409
    assert client.post(address + "magic/").status_code == 404
    assert client.get(DECISIONS).context["rows"] == []
    assert len(client.get(DECISIONS, {"state": "done", "whose": "mine"}).context["rows"]) == 1
    for wrong in ({"state": "x"}, {"page": "-1"}, {"page": "9" * 30}):
        assert client.get(DECISIONS, wrong).status_code == 400


def rows_of(*rows):
    names = ("user", "department", "part")
    return {
        f"seat-{number}-{name}": value
        for number, row in enumerate(rows)
        for name, value in zip(names, row, strict=True)
    }


def test_it_is_put_together_and_changed(client, department):
    boss = staff(department)
    one, two = (staff(department, "agent") for _ in range(2))
    as_who(client, boss)
    assert client.get(LIST + "new/").status_code == 200
    rows = rows_of((one.pk, department.pk, "leader"), ("", "", "member"))
    assert client.post(LIST + "new/", {"name": "<b>小组", "weekday": "1", **rows}).status_code == 302
    made = TaskForce.objects.get()
    assert (made.weekday, leader_of(made), made.is_active) == (1, one, True)
    address = reverse("admin:task_force", args=[made.pk])
    assert "&lt;b&gt;小组" in client.get(address).content.decode()
    assert client.get(address + "edit/").status_code == 200
    rows = rows_of((one.pk, department.pk, "member"), (two.pk, department.pk, "leader"))
    assert client.post(address + "edit/", {"name": "小组", "weekday": "2", **rows}).status_code == 302
    made.refresh_from_db()
    assert (made.weekday, leader_of(made), made.is_active) == (2, two, False)


def test_half_a_task_force_is_refused_and_stays_typed(client, department):
    one = staff(department, "agent")
    as_who(client, staff(department))
    for data in (
        {},
        {"name": "打了一半", "weekday": "1"},
        {"name": "打了一半", "weekday": "1", **rows_of((one.pk, "", "leader"))},
        {"name": "打了一半", "weekday": "1", **rows_of((one.pk, department.pk, "member"))},
        {"name": "打了一半", "weekday": "1", **rows_of((one.pk, department.pk, "king"))},
        {"name": "打了一半", "weekday": "1", **rows_of(("\x00", "9" * 30, "leader"))},
        {"name": "打了一半", "weekday": "9", **rows_of((one.pk, department.pk, "leader"))},
        {"name": "打了一半" * 99, "weekday": "1", **rows_of((one.pk, department.pk, "leader"))},
    ):
        answer = client.post(LIST + "new/", data)
        assert answer.status_code == 400
        if data:
            assert "打了一半" in answer.content.decode()
    assert not TaskForce.objects.exists()
    client.force_login(one)
    assert client.get(LIST + "new/").status_code == 403


def test_as_many_queries_for_three_as_for_one(client, department):
    def queries(address):
        client.get(address)
        with CaptureQueriesContext(connection) as taken:
            assert client.get(address).status_code == 200
        return len(taken)

    found, boss = force(department), staff(department)
    as_who(client, boss)
    for _ in range(2):
        ended(found, at=timezone.now() - 30 * DAY * (1 + found.meetings.count()))
    numbers(department)
    one = begun(found)
    decided(one)
    addresses = [
        LIST,
        DECISIONS,
        reverse("admin:task_force", args=[found.pk]),
        reverse("admin:task_force_meeting", args=[one.pk]),
        reverse("admin:task_force_edit", args=[found.pk]),
    ]
    few = [queries(address) for address in addresses]
    for number in range(2):
        ended(force(department), at=timezone.now() - 3 * DAY)
        Resolve.objects.create(
            meeting=one, text="又一件", owner=leader_of(found), department=department,
            decided_at=timezone.now(), due_on=timezone.localdate(),
        )  # fmt: skip
        for topic in list(one.topics.filter(position__lt=9)):
            Topic.objects.create(
                meeting=one, position=10 * (number + 1) + topic.position, kind=topic.kind,
                numbers=topic.numbers,
            )  # fmt: skip
        found.members.create(user=staff(department, "agent"), department=department)
        on = f"2027-01-0{number + 1}"
        Meeting.objects.create(task_force=found, on=on, planned_on=on, called_at=timezone.now())
    assert [queries(address) for address in addresses] == few


def test_the_demo_shop_has_a_task_force_that_met():
    service, logistics, product = (
        DepartmentFactory(code=code) for code in ("service", "logistics", "product")
    )
    for name, role, where in (
        ("supervisor", "supervisor", service),
        ("lead", "team_lead", service),
        ("logistics_lead", "team_lead", logistics),
        ("product_lead", "team_lead", product),
    ):
        User.objects.filter(pk=staff(where, role).pk).update(username=name)
    demo_task_force.seed(timezone.now())
    assert list(Meeting.objects.order_by("on").values_list("state", flat=True)) == [
        "ended",
        "ended",
        "called",
    ]
    assert Resolve.objects.filter(done_at=None).count() == 2
