import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import OutboxMessage
from feedback.models import Channel
from kpis.improvements import telling
from kpis.models import Ground, Improvement, ImprovementStatus
from kpis.snapshots.queries import SEE_COMPANY
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.improvements import carried_out, ground, improvement, proved, staff, under_way, why
from tests.factories.needs import need, review
from tests.kpis.admin.test_alerts import make_alert

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def boss(department, client):
    user = staff(department)
    client.force_login(user)
    return user


def act(client, found, name, **data):
    return client.post(reverse("admin:improvement_act", args=[found.pk, name]), data)


def page_of(client, found):
    return client.get(reverse("admin:improvement", args=[found.pk]))


def test_it_is_proposed_worked_and_followed_to_the_proof(client, boss, department):
    wanted = need()
    form = {
        "title": "<script>x</script>", "kind": "supplier", "department": department.pk, "metric": "gap_rate",
        "expected": "5", "dimension": "region", "key": "沪", "control_key": "粤", "window": 28,
    }  # fmt: skip
    answer = client.post(f"{reverse('admin:improvement_new')}?need={wanted.pk}", form)
    found = Improvement.objects.get()
    assert answer.status_code == 302
    assert found.need == wanted
    day = T0.date().replace(year=2150)
    assert act(client, found, "entrust", owner=boss.pk, due_on=f"{day}").status_code == 302
    assert act(client, found, "why", text="爆仓").status_code == 302
    case = CaseFactory(department=department)
    because = found.whys.get().pk
    for source, number in (("case", case.number), ("review", review().pk), ("need", wanted.code)):
        assert act(client, found, "evidence", why=because, source=source, number=number).status_code == 302
    assert Ground.objects.count() == 3
    assert act(client, found, "root", why=because, is_root="1").status_code == 302
    assert act(client, found, "task", text="改合同").status_code == 302
    assert act(client, found, "start").status_code == 302
    assert act(client, found, "carry-out").status_code == 409
    assert act(client, found, "task-done", task=found.tasks.get().pk).status_code == 302
    assert act(client, found, "carry-out").status_code == 302
    assert act(client, found, "check").status_code == 302
    shown = page_of(client, found).content.decode()
    assert "&lt;script&gt;x" in shown
    assert case.number in shown
    assert act(client, found, "words", title="您说过", text="改了").status_code == 302
    assert act(client, found, "tell").status_code == 302
    telling.go_on(at=T0 + timedelta(days=1))
    assert OutboxMessage.objects.filter(kind="member").count() == 2


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("start", {}, 409),
        ("entrust", {}, 400),
        ("entrust", {"owner": "x" * 30, "due_on": "9999-99-99"}, 400),
        ("why", {"text": "a\x00"}, 400),
        ("evidence", {"why": "0", "source": "case", "number": "\x00"}, 400),
        ("evidence", {"why": "0", "source": "need", "number": "\x00"}, 404),
        ("evidence", {"source": "member", "number": "1"}, 400),
        ("words", {}, 400),
        ("tell", {}, 409),
        ("magic", {}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(client, boss, department, name, data, status):
    assert act(client, improvement(department), name, **data).status_code == status


def test_another_departments_is_not_there(client, boss):
    found = improvement()
    assert page_of(client, found).status_code == 404
    assert act(client, found, "drop").status_code == 404
    assert found.title not in client.get(reverse("admin:improvements")).content.decode()


def test_an_agent_sees_and_changes_nothing(client, department):
    client.force_login(staff(department, "agent"))
    found = improvement(department)
    assert page_of(client, found).status_code == 200
    assert act(client, found, "drop").status_code == 403
    assert client.get(reverse("admin:improvement_new")).status_code == 403


def test_evidence_of_another_department_is_withheld(client, boss, department):
    found = improvement(department)
    hidden = CaseFactory(department=DepartmentFactory(), subject="秘密")
    ground(why(found), "case", hidden)
    assert "秘密" not in page_of(client, found).content.decode()


def test_a_colleagues_figure_is_drawn_for_nobody_who_could_not_open_it(client, department):
    mine, mate = (staff(department, "agent") for _each in range(2))
    found = proved(department)
    change = {"metric": "csat", "dimension": "agent", "key": f"{mine.agent.pk}", "control_key": ""}
    Improvement.objects.filter(pk=found.pk).update(**change)
    one = why(found)
    days = {"first": T0.date(), "last": T0.date() + timedelta(6)}
    Ground.objects.create(why=one, metric="csat", dimension="agent", key=change["key"], added_at=T0, **days)
    for user, is_told in ((mine, True), (mate, False), (staff(department, "team_lead"), True)):
        client.force_login(user)
        shown = page_of(client, found).context
        assert bool(shown["checks"]) is is_told
        assert (shown["chart"] is not None, shown["is_withheld"]) == (is_told, not is_told)
        assert shown["tree"][0].withheld == (0 if is_told else 1)


def test_a_check_without_anything_to_compare_says_so(client, boss, department):
    found = proved(department)
    check = found.checks.get()
    said = "数据太少，无法比较"
    assert said not in page_of(client, found).content.decode()
    check.numbers |= {"change": None, "low": None, "high": None}
    check.save()
    assert said in page_of(client, found).content.decode()


def test_who_does_not_see_it_is_given_none(client, boss, department):
    found, day = improvement(department), T0.date().replace(year=2150)
    stranger = staff(DepartmentFactory(), "agent")
    assert act(client, found, "entrust", owner=stranger.pk, due_on=f"{day}").status_code == 400
    found.refresh_from_db()
    assert found.owner is None


def test_a_task_is_taken_away(client, boss, department):
    found = under_way(department)
    act(client, found, "task", text="写错了")
    assert act(client, found, "task-away", task=found.tasks.get().pk).status_code == 302
    assert not found.tasks.exists()


def test_what_is_late_comes_first(client, boss, department):
    late, fresh = carried_out(department), improvement(department, title="新的")
    Improvement.objects.filter(pk=late.pk).update(
        status=ImprovementStatus.UNDER_WAY, carried_out_at=None, due_on=T0.date() - timedelta(900)
    )
    shown = client.get(reverse("admin:improvements")).content.decode()
    assert shown.index(f"/{late.pk}/") < shown.index(f"/{fresh.pk}/")
    narrowed = client.get(reverse("admin:improvements"), {"status": "proposed"}).content.decode()
    assert f"/{late.pk}/" not in narrowed
    assert client.get(reverse("admin:improvements"), {"status": "x"}).status_code == 400


def test_as_many_queries_for_three_as_for_one(client, boss, department):
    counts = []
    one = proved(department)
    for _each in range(2):
        first = why(one)
        for row in (CaseFactory(department=department), CaseFactory(department=department)):
            ground(first, "case", row)
        for address in (reverse("admin:improvements"), reverse("admin:improvement", args=[one.pk])):
            client.get(address)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                assert client.get(address).status_code == 200
            counts.append(len(seen))
        for _other in range(2):
            improvement(department)
    assert counts[:2] == counts[2:]


def test_they_stand_beside_the_need_the_spot_and_the_alert_that_they_are_about(client, boss, department):
    wanted, alert = need(), make_alert(T0.date(), department=department)
    spot = {"aspect": "delivery", "by": "region", "value": "沪 & <b>"}
    pages = {
        "need": reverse("admin:need", args=[wanted.pk]),
        "alert": reverse("admin:figure_alert", args=[alert.pk]),
        "spot": f"{reverse('admin:hot_spot')}?{urlencode({**spot, 'until': '2026-11-01'})}",
    }
    given = {"kind": "process", "department": department.pk, "window": 28}
    for name, address in pages.items():
        [way] = re.findall(r'href="(/admin/improvements/new/[^"]*)"', client.get(address).content.decode())
        answer = client.post(unescape(way), {**given, "title": f"about the {name}"})
        assert answer.status_code == 302
        assert f"about the {name}" in client.get(address).content.decode()
    found = {one.title: one for one in Improvement.objects.all()}
    assert found["about the need"].need == wanted
    assert found["about the alert"].alert == alert
    about = found["about the spot"]
    assert (about.spot_aspect, about.spot_by, about.spot_value) == tuple(spot.values())


def test_of_an_alert_that_one_may_not_see_none_is_made(client, boss, department):
    hidden = make_alert(T0.date(), department=DepartmentFactory())
    form = {"title": "x", "kind": "fix", "department": department.pk, "window": 28}
    client.post(f"{reverse('admin:improvement_new')}?alert={hidden.pk}", form)
    assert Improvement.objects.get().alert is None


def test_who_may_not_see_improvements_is_shown_no_way_to_them(client):
    wanted = need()
    user = staff(None, "moderator")
    assert not user.has_perm("kpis.view_improvement")
    client.force_login(user)
    shown = client.get(reverse("admin:need", args=[wanted.pk]))
    assert shown.status_code == 200
    assert "/admin/improvements/" not in shown.content.decode()


def test_whatever_an_address_names_the_form_is_shown(client, boss):
    query = {"data": "x", "request": "x", "initial": "x", "title": "<b>", "need": "\0", "alert": "9" * 40}
    answer = client.get(reverse("admin:improvement_new"), query)
    assert answer.status_code == 200
    assert 'value="&lt;b&gt;"' in answer.content.decode()


ABOUT = {
    "title": "改名",
    "kind": "process",
    "problem": "慢",
    "metric": "gap_rate",
    "expected": "4",
    "window": 14,
}


def edit(client, found, **changed):
    return client.post(reverse("admin:improvement_edit", args=[found.pk]), ABOUT | changed)


def test_it_is_said_anew(client, boss, department):
    found = improvement(department)
    shown = client.get(reverse("admin:improvement_edit", args=[found.pk])).content.decode()
    assert f'value="{found.title}"' in shown
    assert edit(client, found, title="<b>新").status_code == 302
    found.refresh_from_db()
    assert (found.title, found.kind, found.problem, found.window) == ("<b>新", "process", "慢", 14)
    assert "&lt;b&gt;新" in page_of(client, found).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"title": "a\x00"}, {"kind": "x"}, {"window": "13"}, {"expected": "NaN"}, {"key": "沪"},
     {"metric": "x"}, {"dimension": "agent", "key": "1", "metric": "return_rate"}],
)  # fmt: skip
def test_nothing_wrong_is_kept(client, boss, department, wrong):
    found = improvement(department)
    before = model_to_dict(found)
    assert edit(client, found, **wrong).status_code == 400
    found.refresh_from_db()
    assert model_to_dict(found) == before


def test_the_figure_stays_once_the_work_has_begun(client, boss, department):
    found = under_way(department)
    assert edit(client, found, metric="return_rate").status_code == 400
    found.refresh_from_db()
    assert (found.metric, found.title) == ("gap_rate", "雨天改发顺丰")


def test_who_may_not_change_it_has_no_form_for_it(client, department):
    mine, others = improvement(department), improvement()
    client.force_login(staff(department, "agent"))
    assert edit(client, mine).status_code == 403
    client.force_login(staff(department))
    assert edit(client, others).status_code == 404


def test_a_figure_bears_a_why_out_and_leads_nowhere_twice(client, boss, department):
    found = improvement(department)
    given = {"why": why(found).pk, "metric": "sla_attainment", "dimension": "channel", "key": "phone"}
    days = {"first": "2026-03-01", "last": "2026-03-07"}
    for _again in range(2):
        assert act(client, found, "figure", **given, **days).status_code == 302
    assert Ground.objects.get().metric == "sla_attainment"
    assert str(Channel.PHONE.label) in page_of(client, found).content.decode()
    for wrong in ({"first": "2026-03-09"}, {"last": "9999-99-99"}, {"metric": "x"}, {"key": "\x00"}):
        assert act(client, found, "figure", **given | days | wrong).status_code == 400
    assert Ground.objects.count() == 1


def test_a_task_is_somebodys_of_the_department_until_a_day(client, boss, department):
    found = improvement(department)
    day = T0.date().replace(year=2150)
    assert act(client, found, "task", text="改合同", owner=boss.pk, due_on=f"{day}").status_code == 302
    task = found.tasks.get()
    assert (task.owner, task.due_on) == (boss, day)
    stranger = staff(DepartmentFactory())
    for wrong in ({"owner": stranger.pk}, {"due_on": "2020-01-01"}, {"due_on": "x"}, {"text": " "}):
        assert act(client, found, "task", **{"text": "x"} | wrong).status_code == 400
    assert found.tasks.count() == 1


def test_its_weeks_are_drawn_and_lead_to_their_rows_for_those_who_see_them(client, department):
    found = proved(department)
    for role, leads in (("analyst", True), ("agent", False)):
        user = staff(department, role)
        client.force_login(user)
        answer = page_of(client, found)
        chart = answer.context["chart"]
        assert len(chart.table.rows) >= 5
        assert (b"/admin/figures/gap_rate/?" in answer.content) is leads is user.has_perm(SEE_COMPANY)


def test_what_happened_to_it_is_shown_with_who_did_it(client, boss, department):
    found = improvement(department)
    act(client, found, "drop")
    told = page_of(client, found).context["history"]
    assert [who for _what, _at, who in told] == [str(boss), ""]
