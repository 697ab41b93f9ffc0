"""Dialogs of the desk: views, arranging, actions on many, merge and split; presence, drafts and mentions."""

import pytest
from django.urls import reverse

from feedback.cases import commands
from feedback.models import BulkRun, Case, CaseLink, DeskSetup, Draft, Presence, Reader, SavedView
from tests.factories.feedback import AgentFactory
from tests.feedback.admin.conftest import client_for, open_case

pytestmark = pytest.mark.req("F7")
DESK = "/admin/desk/"
HTMX = {"HX-Request": "true"}


def test_a_view_is_kept_changed_and_deleted(work, browser):
    form = browser.get(reverse("admin:desk_view"), {"view": "unassigned", "kind": "refund"}, headers=HTMX)
    assert 'value="refund" checked' in form.content.decode()
    given = {
        "name": "退款",
        "base": "unassigned",
        "kinds": ["refund"],
        "sort": "newest",
        "columns": ["number"],
    }
    answer = browser.post(reverse("admin:desk_view"), given, headers=HTMX)
    row = SavedView.objects.get()
    assert answer["HX-Redirect"] == f"{DESK}?view=view-{row.pk}"
    wanted = open_case(work.ours, kind="refund")
    page = browser.get(DESK, {"view": f"view-{row.pk}"})
    assert [one.case for one in page.context["rows"]] == [wanted]
    assert page.context["columns"] == {"number": True}
    again = browser.post(reverse("admin:desk_view"), given)
    assert again.status_code == 409
    assert "退款" in again.content.decode()
    assert browser.post(reverse("admin:desk_view"), {**given, "id": row.pk, "name": "急"}).status_code == 302
    stranger = client_for(work.stranger)
    assert stranger.get(reverse("admin:desk_view"), {"id": row.pk}).status_code == 404
    assert stranger.post(reverse("admin:desk_view_delete", args=[row.pk])).status_code == 404
    assert browser.post(reverse("admin:desk_view_delete", args=[row.pk])).status_code == 302
    assert not SavedView.objects.exists()


def test_an_agent_is_not_offered_to_share(work, browser):
    path = reverse("admin:desk_view")
    assert 'name="shared"' not in browser.get(path).content.decode()
    lead = client_for(AgentFactory(leads=[work.ours], user__role="team_lead"))
    assert 'name="shared"' in lead.get(path).content.decode()
    forged = {"name": "x", "base": "mine", "shared": work.ours.pk}
    assert browser.post(path, forged).status_code == 403
    assert not SavedView.objects.exists()


def test_the_desk_is_arranged(work, browser):
    path = reverse("admin:desk_arrange")
    assert browser.get(path, headers=HTMX).status_code == 200
    given = {"order": ["resolved", "mine"], "shown": ["resolved"], "columns": ["number", "order"]}
    assert browser.post(path, given).url == DESK
    page = browser.get(DESK, {"view": "department"})
    assert page.context["tabs"][0].code == "resolved"
    assert "mine" not in [tab.code for tab in page.context["tabs"]]
    everything = [
        "mine",
        "department",
        "unassigned",
        "waiting",
        "handoffs",
        "mentions",
        "watching",
        "resolved",
    ]
    assert browser.post(path, {"order": everything}).status_code == 400
    assert DeskSetup.objects.get().columns == ["number", "order"]


def test_hostile_names_stay_text(work, browser):
    evil = "<img src=x onerror=alert(1)>"
    browser.post(reverse("admin:desk_view"), {"name": evil, "base": "department"})
    for path in (DESK, reverse("admin:desk_arrange"), f"{DESK}?view=view-{SavedView.objects.get().pk}"):
        text = browser.get(path).content.decode()
        assert evil not in text
        assert "&lt;img" in text


def test_many_at_once_with_a_summary(work, browser):
    other = open_case(work.theirs)
    path, cases = reverse("admin:desk_bulk"), f"{work.case.pk},{other.pk},x"
    form = browser.get(path, {"cases": cases}, headers=HTMX).content.decode()
    assert 'value="assign"' not in form  # an agent assigns nobody
    given = {"cases": cases, "doing": "priority", "priority": "4", "key": "k"}
    summary = browser.post(reverse("admin:desk_bulk_start"), given, headers=HTMX).context["summary"]
    assert (summary.done, summary.total, summary.refused) == (1, 1, [])
    assert Case.objects.get(pk=other.pk).priority == 2
    refused = browser.post(reverse("admin:desk_bulk_start"), {**given, "key": "l", "doing": "close"})
    assert work.case.number in refused.content.decode()
    assert browser.post(reverse("admin:desk_bulk_start"), {**given, "doing": "close"}).status_code == 422
    assert browser.post(reverse("admin:desk_bulk_start"), {**given, "cases": ""}).status_code == 400
    run = BulkRun.objects.first()
    assert client_for(work.mate).post(reverse("admin:desk_bulk_run", args=[run.pk])).status_code == 404


def test_merge_shows_first_and_then_leads_to_the_case_that_goes_on(work, browser):
    new = open_case(work.ours, member=work.case.member)
    path = reverse("admin:case_merging", args=[new.pk])
    assert work.case.number in browser.get(path, headers=HTMX).content.decode()  # suggested
    for wrong, status in (
        ("x", "HY0000012"),
        (open_case(work.theirs).number, "没有这个工单"),
        (new.number, "同一个"),
    ):
        assert status in browser.get(path, {"other": wrong}).content.decode()
    assert "不同会员" in browser.get(path, {"other": open_case(work.ours).number}).content.decode()
    shown = browser.get(path, {"other": work.case.number})
    assert shown.context["preview"].target == work.case
    turned = browser.get(path, {"other": work.case.number, "turn": "1"})
    assert turned.context["preview"].target == new
    act = reverse("admin:case_act", args=[new.pk, "merge"])
    given = {"other": work.case.pk, "version": new.version, "other_version": work.case.version}
    assert browser.post(act, {**given, "other_version": 99}).status_code == 409
    assert browser.post(act, given).url == reverse("admin:case", args=[work.case.pk])
    for name in ("case", "case_preview"):
        answer = browser.get(reverse(f"admin:{name}", args=[new.pk]), follow=True)
        assert answer.context["case"] == work.case


def test_merge_on_the_desk_takes_the_other_row_away(work, browser):
    new = open_case(work.ours, member=work.case.member)
    act = reverse("admin:case_act", args=[new.pk, "merge"])
    answer = browser.post(act, {"other": work.case.pk, "on": "desk"}, headers=HTMX).content.decode()
    assert f'data-merged="{new.pk}"' in answer
    assert f'id="row-{work.case.pk}"' in answer


def test_another_departments_case_is_not_merged(work, browser):
    other = open_case(work.theirs, member=work.case.member)
    act = reverse("admin:case_act", args=[work.case.pk, "merge"])
    assert browser.post(act, {"other": other.pk}).status_code == 404
    assert not Case.objects.exclude(merged_into=None).exists()


def test_split_and_link_by_form(work, browser):
    said = commands.member_message(
        case_id=work.case.pk, body="还要发票", actor=work.case.member, at=work.case.opened_at
    )
    form = browser.get(reverse("admin:case_splitting", args=[work.case.pk]), {"message": said.pk})
    assert "还要发票" in form.content.decode()
    act = reverse("admin:case_act", args=[work.case.pk, "split"])
    assert browser.post(act, {"message": said.pk, "subject": ""}).status_code == 400
    assert browser.post(act, {"message": said.pk, "subject": "发票", "key": "k"}).status_code == 302
    new = CaseLink.objects.get().other
    unlink = reverse("admin:case_act", args=[work.case.pk, "unlink"])
    assert browser.post(unlink, {"other": new.pk}).status_code == 302
    link = reverse("admin:case_act", args=[work.case.pk, "link"])
    assert browser.post(link, {"number": new.number, "kind": "child"}).status_code == 302
    assert (CaseLink.objects.get().case, CaseLink.objects.get().kind) == (new, "parent")
    assert browser.post(link, {"number": "nonsense", "kind": "related"}).status_code == 400
    panel = browser.get(reverse("admin:case", args=[work.case.pk])).content.decode()
    assert new.number in panel


def test_presence_is_said_and_load_shown(work, browser):
    path = reverse("admin:desk_presence")
    assert "在线" in browser.post(path, {"state": "online"}, headers=HTMX).content.decode()
    browser.post(path, {"state": "nonsense"}, headers=HTMX)
    assert Presence.objects.get().state == "online"
    assert browser.get(DESK).context["seat"].state == "online"
    nobody = client_for(AgentFactory(leads=[work.ours], user__role="team_lead", is_active=False))
    assert nobody.get(DESK).status_code == 200


def test_here_keeps_drafts_and_names_the_others(work, browser):
    here, mate = reverse("admin:case_here", args=[work.case.pk]), client_for(work.mate)
    assert mate.post(here, {"typing": "1", "kind": ["reply", "x"], "body": ["您好", "y"]}).status_code == 204
    assert Draft.objects.get().body == "您好"
    told = browser.get(
        reverse("admin:case_changes", args=[work.case.pk]), {"version": work.case.version}
    ).json()
    assert told["people"] == [{"name": str(work.mate), "typing": True}]
    same = {"version": work.case.version, "readers": told["readers"]}
    assert "people" not in browser.get(reverse("admin:case_changes", args=[work.case.pk]), same).json()
    assert "您好" in mate.get(reverse("admin:case_preview", args=[work.case.pk])).content.decode()
    assert "您好" not in browser.get(reverse("admin:case_preview", args=[work.case.pk])).content.decode()
    mate.post(here, {"gone": "1"})
    assert not Reader.objects.exists()
    reply = reverse("admin:case_act", args=[work.case.pk, "reply"])
    mate.post(reply, {"body": "您好", "version": work.case.version})
    assert not Draft.objects.exclude(body="").exists()


def test_the_poll_brings_changed_rows_alone(work, browser):
    other = open_case(work.ours)
    path, rows = reverse("admin:desk_news"), f"{work.case.pk}:{work.case.version},{other.pk}:0,x,9:9:9"
    told = browser.get(path, {"view": "department", "rows": rows}).json()
    assert list(told["rows"]) == [str(other.pk)]
    assert f'id="row-{other.pk}"' in told["rows"][str(other.pk)]
    hidden = open_case(work.theirs)
    assert browser.get(path, {"rows": f"{hidden.pk}:0"}).json()["rows"] == {}
    assert browser.get(path, {"rows": ",".join(f"{n}:0" for n in range(300))}).json()["rows"] == {}


def test_who_can_be_named_is_offered(work, browser):
    path = reverse("admin:case_people", args=[work.case.pk])
    names = [one["name"] for one in browser.get(path).json()["people"]]
    assert str(work.mate) in names
    assert str(work.stranger) not in names
