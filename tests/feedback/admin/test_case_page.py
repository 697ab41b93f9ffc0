from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.defaults import money
from compensation.models import CouponTemplate
from config.common.models import Event
from feedback.cases import commands
from feedback.defaults.authority import seed_authority
from feedback.handoffs import commands as handoffs
from feedback.models import Case, CaseStatus, Message, Remedy
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, picture
from tests.factories.orders import CouponFactory, OrderFactory, OrderLineFactory, ShipmentFactory
from tests.feedback.admin.conftest import client_for, open_case, staff


def page_of(case):
    return reverse("admin:case", args=[case.pk])


def do(browser, case, name, *, htmx=False, **fields):
    headers = (
        {"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/desk/?view=mine"} if htmx else {}
    )
    if htmx:
        fields["on"] = "desk"
    response = browser.post(reverse("admin:case_act", args=[case.pk, name]), fields, headers=headers)
    case.refresh_from_db()
    return response


@pytest.mark.req("F7")
def test_shows_the_conversation_the_clocks_and_who_it_is(work, browser):
    commands.claim(case_id=work.case.pk, actor=work.agent.user, at=timezone.now())
    commands.note(case_id=work.case.pk, body="易碎品", actor=work.agent.user, at=timezone.now())
    response = browser.get(page_of(work.case))
    text = response.content.decode()
    for part in (
        work.case.number,
        work.case.subject,
        "箱子破了。",
        "易碎品",
        "首次回复",
        "领取了工单",
        "普通会员",
    ):
        assert part in text
    assert work.case.member.phone not in text
    sides = [line.side for line in response.context["sheet"].thread.lines]
    assert sides == ["member", "system", "note"]


@pytest.mark.req("F9")
@pytest.mark.parametrize("path", ["", "preview/", "version/"])
def test_another_departments_case_is_no_page(work, path):
    stranger = client_for(work.stranger)
    assert stranger.get(page_of(work.case) + path).status_code == 404


@pytest.mark.req("F9")
def test_another_departments_case_takes_no_action(work):
    from feedback.admin.moves import MOVES

    stranger = client_for(work.stranger)
    before = Event.objects.count()
    for name in MOVES:
        assert do(stranger, work.case, name, body="x", department=work.theirs.pk).status_code == 404
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    ("role", "status"),
    [("agent", 404), ("supervisor", 404), ("moderator", 403), ("finance", 403), ("administrator", 200)],
)
def test_roles_without_a_department(work, role, status):
    assert client_for(staff(role)).get(page_of(work.case)).status_code == status


def test_a_department_that_was_asked_may_look_note_and_answer_but_not_reply(work):
    handoff = handoffs.hand_over(
        case_id=work.case.pk,
        department_id=work.theirs.pk,
        question="在哪里？",
        actor=work.agent.user,
        at=timezone.now(),
    )
    stranger = client_for(work.stranger)
    text = stranger.get(page_of(work.case)).content.decode()
    assert "在哪里？" in text
    assert 'id="write-reply"' not in text
    assert do(stranger, work.case, "reply", body="我来回").status_code == 403
    assert not Message.objects.filter(body="我来回").exists()
    assert do(stranger, work.case, "answer", handoff=handoff.pk, answer="在杭州").status_code == 302
    handoff.refresh_from_db()
    assert handoff.answer == "在杭州"


@pytest.mark.req("F7")
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"then": "open"}, CaseStatus.OPEN),
        ({"then": "wait"}, CaseStatus.WAITING_MEMBER),
        ({"then": "resolve", "resolution": "solved"}, CaseStatus.RESOLVED),
        ({"then": "nonsense"}, CaseStatus.OPEN),
    ],
)
def test_reply(work, browser, fields, status):
    response = do(browser, work.case, "reply", body="您好", version=work.case.version, key="k", **fields)
    assert response.url == f"{page_of(work.case)}?sent={work.case.pk}:reply"
    assert work.case.status == status
    assert Message.objects.filter(case=work.case, body="您好", user=work.agent.user).count() == 1


def test_sent_twice_is_said_once(work, browser):
    for _ in range(2):
        fields = {"body": "您好", "version": 1, "key": "once", "then": "resolve", "resolution": "solved"}
        assert do(browser, work.case, "reply", **fields).status_code == 302
    for _ in range(2):
        assert do(browser, work.case, "note", body="备注", key="twice").status_code == 302
    assert Message.objects.filter(case=work.case, author="agent").count() == 2


@pytest.mark.req("F7")
def test_a_stale_version_shows_what_is_new_and_keeps_what_was_typed(work, browser):
    seen = browser.get(page_of(work.case)).context["sheet"].thread.last_message_id
    commands.member_message(
        case_id=work.case.pk, body="另外杯子也碎了", actor=work.case.member, at=timezone.now()
    )
    response = do(browser, work.case, "reply", body="您好<b>", version=1, seen=seen, key="k")
    text = response.content.decode()
    assert response.status_code == 409
    assert "您好&lt;b&gt;</textarea>" in text
    assert "另外杯子也碎了" in text
    assert text.count("is-new") == 1
    assert not Message.objects.filter(author="agent").exists()
    again = do(browser, work.case, "reply", body="您好<b>", version=work.case.version, key="k")
    assert again.status_code == 302


def shown(browser, case):
    """What the page that somebody writes on says that it has shown."""
    sheet = browser.get(page_of(case)).context["sheet"]
    return {"version": case.version, "seen": sheet.thread.last_message_id, "told": sheet.last_event}


@pytest.mark.req("F7")
def test_what_came_in_stands_beside_the_text_with_both_ways_on(work, browser):
    known, mate = shown(browser, work.case), AgentFactory(departments=[work.ours], user__name="赵志强")
    now = timezone.now()
    commands.member_message(case_id=work.case.pk, body="<i>杯子</i>也碎了", actor=work.case.member, at=now)
    commands.claim(case_id=work.case.pk, actor=mate.user, at=now)
    commands.note(case_id=work.case.pk, body="我来处理", actor=mate.user, at=now)
    fields = {"body": "我的回复", "then": "wait", "key": "k", **known}
    response = do(browser, work.case, "reply", htmx=True, **fields)
    text = response.content.decode()
    came = text[text.index("data-clash") : text.index("</section>", text.index("data-clash"))]
    assert response.status_code == 409
    for part in ("&lt;i&gt;杯子&lt;/i&gt;也碎了", "赵志强", "领取了工单", "我来处理", 'value="wait"'):
        assert part in came
    assert "箱子破了" not in came
    assert "我的回复</textarea>" in text
    again = {"body": "我的回复", "then": "wait", "key": "l", **shown(browser, work.case)}
    assert do(browser, work.case, "reply", htmx=True, **again).status_code == 200
    assert Message.objects.filter(body="我的回复").count() == 1


def test_an_answer_of_another_department_is_among_what_came_in(work, browser):
    asked = handoffs.hand_over(
        case_id=work.case.pk, department_id=work.theirs.pk, question="在哪里？",
        actor=work.agent.user, at=timezone.now(),
    )  # fmt: skip
    work.case.refresh_from_db()
    known = shown(browser, work.case)
    handoffs.answer(handoff_id=asked.pk, answer="在杭州", actor=work.stranger.user, at=timezone.now())
    response = do(browser, work.case, "reply", body="x", key="k", **known)
    assert [line.text for line in response.context["came"]] == ["在杭州"]


@pytest.mark.parametrize("known", [{}, {"seen": "x", "told": "-1"}, {"seen": "9" * 40, "told": "1"}])
def test_a_page_that_does_not_say_what_it_showed_is_told_that_there_is_news(work, browser, known):
    commands.member_message(case_id=work.case.pk, body="在吗", actor=work.case.member, at=timezone.now())
    response = do(browser, work.case, "reply", body="x", version=1, **known)
    assert (response.status_code, response.context["came"]) == (409, [])
    assert "data-clash" in response.content.decode()


def test_what_can_no_longer_be_sent_is_handed_back(work, browser):
    """The case was closed, or went to another department, while somebody wrote."""
    known = shown(browser, work.case)
    closed = Case.objects.filter(pk=work.case.pk)
    at = timezone.now()
    closed.update(status="closed", resolution="solved", resolved_at=at, closed_at=at)
    response = do(browser, work.case, "reply", body="写了很久<b>", **known)
    assert response.status_code == 403
    assert "写了很久&lt;b&gt;</textarea>" in response.content.decode()
    closed.update(status="open", resolution="", resolved_at=None, closed_at=None, department=work.theirs)
    response = do(browser, work.case, "reply", body="写了很久<b>", **known)
    text = response.content.decode()
    assert response.status_code == 404
    assert "写了很久&lt;b&gt;</textarea>" in text
    assert work.case.subject not in text
    assert do(browser, work.case, "claim").status_code == 404
    assert not Message.objects.filter(author="agent").exists()


def test_files_that_came_with_a_stale_answer_are_named(work, browser):
    known = shown(browser, work.case)
    commands.member_message(case_id=work.case.pk, body="在吗", actor=work.case.member, at=timezone.now())
    response = do(browser, work.case, "reply", body="x", files=[picture("面单.jpg")], **known)
    assert response.status_code == 409
    assert "面单.jpg" in response.content.decode()


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("reply", {"body": " "}, 400),
        ("reply", {"body": "x", "then": "resolve"}, 400),
        ("reply", {"body": "", "then": "resolve", "resolution": "solved"}, 400),
        ("reply", {"body": "x" * 20_001}, 400),
        ("note", {"body": ""}, 400),
        ("assign", {"agent": "1"}, 403),
        ("transfer", {"department": ""}, 400),
        ("transfer", {"department": "999999"}, 404),
        ("transfer", {"department": "9" * 40}, 400),
        ("hand-over", {"department": "x"}, 400),
        ("priority", {"priority": "9"}, 400),
        ("answer", {"handoff": "1"}, 403),
        ("recall", {"handoff": "1"}, 403),
        ("reopen", {"reason": "x"}, 403),
        ("close", {}, 403),
        ("grant", {"kind": "coupon", "reason": "x"}, 400),
        ("grant", {"kind": "nonsense", "reason": "x"}, 400),
    ],
)
def test_what_is_refused_changes_nothing_and_says_why(work, browser, name, fields, status):
    before = Event.objects.count()
    response = do(browser, work.case, name, version=1, **fields)
    assert response.status_code == status
    assert 'role="alert"' in response.content.decode()
    assert (work.case.status, work.case.version) == (CaseStatus.NEW, 1)
    assert Event.objects.count() == before


def test_what_does_not_exist(work, browser):
    assert do(browser, work.case, "nonsense").status_code == 404
    assert browser.get(page_of(work.case) + "reply/").url == page_of(work.case)


@pytest.mark.req("F8")
def test_moves(work):
    lead = AgentFactory(leads=[work.ours], user__role="supervisor")
    browser, case = client_for(lead), work.case
    assert do(browser, case, "assign", agent=work.mate.pk).status_code == 302
    assert case.agent == work.mate
    do(browser, case, "assign", agent="")
    assert case.agent is None
    do(browser, case, "claim")
    assert case.agent == lead
    do(browser, case, "priority", priority=4)
    assert case.priority == 4
    do(browser, case, "hand-over", department=work.theirs.pk, question="查件")
    assert case.status == CaseStatus.WAITING_DEPARTMENT
    do(browser, case, "recall", handoff=case.handoffs.get().pk)
    assert case.status == CaseStatus.OPEN
    do(browser, case, "reply", body="好了", then="resolve", resolution="solved")
    do(browser, case, "close", note="电话确认过")
    assert case.status == CaseStatus.CLOSED
    do(browser, case, "reopen", reason="会员来电")
    assert case.status == CaseStatus.REOPENED
    response = do(browser, case, "transfer", department=work.theirs.pk, note="请接手")
    assert response.url == reverse("admin:desk")
    assert case.department == work.theirs


def test_a_handoff_of_another_case_is_not_answered_here(work):
    other = open_case(work.theirs)
    handoff = handoffs.hand_over(
        case_id=other.pk,
        department_id=work.ours.pk,
        question="?",
        actor=work.stranger.user,
        at=timezone.now(),
    )
    mine = handoffs.hand_over(
        case_id=work.case.pk,
        department_id=work.theirs.pk,
        question="?",
        actor=work.agent.user,
        at=timezone.now(),
    )
    assert (
        do(client_for(work.stranger), work.case, "answer", handoff=handoff.pk, answer="x").status_code == 404
    )
    assert do(client_for(work.agent), work.case, "recall", handoff=handoff.pk).status_code == 404
    mine.refresh_from_db()
    assert mine.status == "open"


def test_on_the_desk_only_the_case_and_its_row_come_back(work, browser):
    response = do(browser, work.case, "reply", htmx=True, body="您好", version=1, key="k")
    text = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in text
    assert f'id="row-{work.case.pk}"' in text
    assert 'hx-swap-oob="true"' in text
    assert f'"sent": "{work.case.pk}:reply"' in response["HX-Trigger"]
    refused = do(browser, work.case, "reply", htmx=True, body="", version=2)
    assert refused.status_code == 400
    assert "<html" not in refused.content.decode()


def test_on_the_desk_a_case_given_away_is_gone(work, browser):
    response = do(browser, work.case, "transfer", htmx=True, department=work.theirs.pk)
    assert response.status_code == 200
    assert "其他部门" in response.content.decode()
    assert work.case.subject not in response.content.decode()


def test_contacts_are_shown_on_record(work, browser):
    response = do(browser, work.case, "reveal")
    assert response.status_code == 200
    assert work.case.member.phone in response.content.decode()
    event = Event.objects.get(kind="case.contacts_seen")
    assert (event.subject_id, event.actor) == (work.case.pk, f"user:{work.agent.user.pk}")
    assert work.case.member.phone not in str(event.data)


@pytest.mark.req("F7")
def test_the_members_coupons_that_can_be_used_are_shown_without_their_codes(work, browser):
    now, member = timezone.now(), work.case.member
    live = [
        CouponFactory(member=member, issued_at=now, expires_at=now + timedelta(days=n + 1)) for n in range(6)
    ]
    gone = CouponFactory(member=member, issued_at=now - timedelta(days=9), expires_at=now)
    theirs = CouponFactory(issued_at=now, expires_at=now + timedelta(days=1))
    used = CouponFactory(
        member=member, issued_at=now, expires_at=now + timedelta(days=1), status="redeemed", redeemed_at=now
    )
    text = browser.get(page_of(work.case)).content.decode()
    assert [str(one) in text for one in [*live, gone, theirs, used]] == [True] * 5 + [False] * 4
    assert not any(one.code in text for one in live)


@pytest.mark.req("C5")
def test_grant_within_and_beyond_authority(work, browser):
    money.seed(T0)
    seed_authority(T0)
    dear = CouponTemplate.objects.create(code="dear", name="百元券", value_fen=10_000)
    cheap = CouponTemplate.objects.create(code="cheap", name="五元券", value_fen=500)
    for _ in range(2):  # a double click
        fields = {"kind": "coupon", "template": cheap.pk, "reason": "致歉", "key": "a"}
        assert do(browser, work.case, "grant", **fields).status_code == 302
    assert (
        do(browser, work.case, "grant", kind="coupon", template=dear.pk, reason="x", key="b").status_code
        == 302
    )
    statuses = Remedy.objects.order_by("pk").values_list("grant__status", flat=True)
    assert list(statuses) == ["confirmed", "requested"]
    text = browser.get(page_of(work.case)).content.decode()
    assert "五元券" in text
    assert "待审批" in text


@pytest.mark.parametrize(
    "tab", ["", "?tab=timeline", "?tab=timeline&kind=clock", "?tab=timeline&kind=nonsense"]
)
def test_timeline_tab(work, browser, tab):
    response = browser.get(page_of(work.case) + tab)
    assert response.status_code == 200
    if "kind=clock" in tab:
        assert {entry.kind.split(".")[0] for entry in response.context["entries"]} == {"clock"}


def test_order_card_sets_promise_beside_fact(work, browser):
    order = OrderFactory(member=work.case.member)
    parcel = ShipmentFactory(order=order, shipped_at=order.placed_at + timedelta(days=3))
    OrderLineFactory(order=order, shipment=parcel)
    Case.objects.filter(pk=work.case.pk).update(order=order)
    text = browser.get(page_of(work.case)).content.decode()
    assert order.external_id in text
    assert text.count("is-late") >= 2


def test_attachments_are_served_to_those_who_see_the_case(work):
    case = open_case(work.ours, attachments=[picture("箱子.jpg", (900, 700))])
    path = reverse("admin:attachment", args=[case.messages.get().attachments.get().pk])
    browser = client_for(work.agent)
    full = browser.get(path)
    size = len(full.getvalue())
    small = browser.get(path + "?small")
    assert full.status_code == small.status_code == 200
    assert 0 < len(small.content) < size
    for response in (full, small):
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "private" in response["Cache-Control"]
    assert client_for(work.stranger).get(path).status_code == 404
    assert client_for(None).get(path).status_code == 302


def test_reply_with_a_bad_file_keeps_the_text(work, browser):
    bad = picture("x.jpg")
    bad.file.truncate(20)
    response = browser.post(
        reverse("admin:case_act", args=[work.case.pk, "reply"]),
        {"body": "见图", "files": [bad], "version": 1},
    )
    assert response.status_code == 400
    assert "见图</textarea>" in response.content.decode()
    assert not Message.objects.filter(author="agent").exists()


def test_panels_of_apps_above_are_shown(work, browser, monkeypatch):
    from feedback.admin import panels

    def panel(request, case, at):
        return panels.Panel("上次评分", "feedback/panels/remedies.html", {"remedies": []})

    monkeypatch.setattr(panels, "CASE_PANELS", [panel, lambda *_: None])
    assert "上次评分" in browser.get(page_of(work.case)).content.decode()


def test_number_of_queries_does_not_grow(work, browser):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page_of(work.case)).status_code == 200
        return len(queries)

    def add(number):
        for n in range(number):
            commands.reply(
                case_id=work.case.pk,
                body=f"{n}",
                attachments=[picture()],
                actor=work.agent.user,
                at=timezone.now(),
            )
            handoff = handoffs.hand_over(
                case_id=work.case.pk,
                department_id=work.theirs.pk,
                question="?",
                actor=work.agent.user,
                at=timezone.now(),
            )
            handoffs.answer(handoff_id=handoff.pk, answer="!", actor=work.stranger.user, at=timezone.now())
            open_case(work.ours, member=work.case.member)
            now = timezone.now()
            CouponFactory(member=work.case.member, issued_at=now, expires_at=now + timedelta(days=1))

    add(1)
    one = count()
    add(2)
    assert count() == one
    assert one <= 50


@pytest.mark.parametrize("agent", ["abc", "-1", "9" * 40])
def test_an_agent_that_cannot_be_leaves_the_case_with_whom_it_is(work, agent):
    commands.claim(case_id=work.case.pk, actor=work.agent.user, at=timezone.now())
    lead = AgentFactory(leads=[work.ours], user__role="supervisor")
    do(client_for(lead), work.case, "assign", agent=agent)
    assert work.case.agent == work.agent


@pytest.mark.req("C7")
def test_a_role_that_may_not_give_gives_nothing(work, browser):
    group = work.agent.user.groups.get()
    group.permissions.remove(group.permissions.get(codename="add_grant"))
    response = browser.get(page_of(work.case))
    assert "grant" not in response.context["sheet"].actions.allowed
    do(browser, work.case, "grant", kind="points", points="10", reason="x", key="12345678")
    assert not Remedy.objects.exists()
