import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.http import urlencode

from feedback.models import PlaybookVersion, ReplyTemplate
from kpis.models import Experiment, ExperimentStatus
from tests.factories.compensation import T0
from tests.factories.experiments import DAY, ENDED, KEY, before, ended, full, planned, running
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.improvements import staff
from tests.factories.knowledge import make_playbook

pytestmark = [pytest.mark.django_db, pytest.mark.req("K7")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def boss(client):
    user = StaffFactory(role="administrator", is_staff=True)
    client.force_login(user)
    return user


def act(client, found, name, **data):
    return client.post(reverse("admin:experiment_act", args=[found.pk, name]), data)


def page_of(client, found):
    return client.get(reverse("admin:experiment", args=[found.pk]))


def new_at(kind="compensation", key=KEY):
    return f"{reverse('admin:experiment_new')}?kind={kind}&key={key}"


FORM = {
    "title": "<script>x</script>", "b_value": "300", "outcome": "complaint_rate", "effect": "25",
    "power": "0.8", "share_b": 50, "window": 7, "days": 28, "guard1": "cost", "margin1": "500",
    "guard2": "reopened_rate", "margin2": "", "guard3": "",
}  # fmt: skip


@time_machine.travel(T0)
def test_it_is_planned_begun_ended_and_decided(client, boss, department):
    make_playbook(remedies=[100])
    before()
    assert KEY in client.get(reverse("admin:experiment_new")).content.decode()
    assert client.get(new_at()).status_code == 200
    answer = client.post(new_at(), {**FORM, "department": department.pk})
    assert answer.status_code == 302
    found = Experiment.objects.get()
    assert [one.outcome for one in found.guards.all()] == ["cost"]
    shown = page_of(client, found).content.decode()
    assert "&lt;script&gt;x" in shown
    assert "<script>x" not in shown
    assert act(client, found, "start").status_code == 302
    assert act(client, found, "end").status_code == 409
    assert act(client, found, "extend", until="2150-01-01").status_code == 400
    until = Experiment.objects.get().ends_on + DAY
    assert act(client, found, "extend", until=f"{until}").status_code == 302
    assert act(client, found, "stop", reason="系统故障").status_code == 302
    assert "系统故障" in page_of(client, found).content.decode()
    assert act(client, found, "decide", keep="b", reason="x").status_code == 400
    assert act(client, found, "decide", keep="a", reason="没有结论").status_code == 302
    assert page_of(client, found).status_code == 200


@time_machine.travel(ENDED)
def test_the_result_is_told_in_words_with_interval_and_shipped(client, boss):
    client.force_login(boss)
    found = ended(share_a=0.5, share_b=0.2)
    shown = page_of(client, found).content.decode()
    assert "%(" not in shown
    assert "−" in shown
    assert act(client, found, "decide", keep="b", reason="<b>有效</b>").status_code == 302
    shown = page_of(client, found).content.decode()
    assert "&lt;b&gt;有效" in shown
    assert PlaybookVersion.objects.count() == 2


@time_machine.travel(ENDED)
def test_while_it_runs_nothing_tells_how_the_variants_compare(client, boss):
    client.force_login(boss)
    found = full(share_a=0.9, share_b=0.1)
    answer = page_of(client, found)
    shown = answer.content.decode()
    assert answer.context["lines"] == []
    assert answer.context["result"] is None
    assert "90" not in shown.split("progress-title", 1)[1].split("variants-title", 1)[0]
    assert act(client, found, "end").status_code == 302
    assert page_of(client, found).context["lines"]


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("stop", {}, 400),
        ("stop", {"reason": "\x00"}, 400),
        ("stop", {"reason": "x" * 2_001}, 400),
        ("extend", {"until": "9999-99-99"}, 400),
        ("extend", {}, 400),
        ("end", {}, 409),
        ("decide", {"keep": "b", "reason": "x"}, 409),
        ("start", {}, 409),
        ("discard", {}, 409),
        ("magic", {}, 404),
    ],
)
@time_machine.travel(T0)
def test_what_makes_no_sense_is_refused(client, boss, name, data, status):
    assert act(client, running(), name, **data).status_code == status


@time_machine.travel(T0)
def test_a_draft_is_thrown_away(client, boss):
    found = planned()
    assert act(client, found, "discard").status_code == 302
    assert page_of(client, found).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"b_value": "many"},
        {"b_value": "100"},
        {"effect": "36"},
        {"effect": "NaN"},
        {"outcome": "cost"},
        {"power": "2"},
        {"share_b": 0},
        {"days": 10},
        {"guard1": "wealth"},
        {"guard1": "complaint_rate"},
        {"margin1": "-1"},
        {"department": "0"},
    ],
)
@time_machine.travel(T0)
def test_a_plan_that_makes_no_sense_comes_back(client, boss, department, wrong):
    make_playbook(remedies=[100])
    before()
    answer = client.post(new_at(), {**FORM, "department": department.pk, **wrong})
    assert answer.status_code == 400
    assert not Experiment.objects.exists()


@pytest.mark.parametrize(
    ("kind", "key"), [("colour", "1"), ("target", "x"), ("reply", "\x00"), ("wording", ""), ("target", "４")]
)
def test_a_setting_that_is_not_there(client, boss, kind, key):
    assert client.get(reverse("admin:experiment_new"), {"kind": kind, "key": key}).status_code == 404


@time_machine.travel(T0)
def test_the_size_is_worked_out_as_it_is_typed(client, boss):
    make_playbook(remedies=[100])
    before()
    address = f"{reverse('admin:experiment_size')}?kind=compensation&key={KEY}"
    asked = {"outcome": "complaint_rate", "power": "0.8", "share_b": 50, "window": 7, "days": 28}
    found = client.get(f"{address}&{urlencode({**asked, 'effect': '10'})}")
    assert found.context["sized"].in_all == 2 * found.context["sized"].size
    assert "sized" not in client.get(f"{address}&{urlencode({**asked, 'effect': '40'})}").context
    assert "sized" not in client.get(f"{address}&outcome=%00").context
    for wrong in ("", "kind=compensation&key=%00", "kind=magic"):
        elsewhere = f"{reverse('admin:experiment_size')}?{wrong}&{urlencode({**asked, 'effect': '10'})}"
        assert "sized" not in client.get(elsewhere).context


def test_another_departments_is_not_there(client, department):
    found = planned(department)
    client.force_login(staff(DepartmentFactory()))
    assert page_of(client, found).status_code == 404
    assert act(client, found, "start").status_code == 404
    assert found.title not in client.get(reverse("admin:experiments")).content.decode()


def test_a_supervisor_only_looks(client, department):
    found = planned(department)
    client.force_login(staff(department))
    shown = page_of(client, found)
    assert shown.status_code == 200
    assert "/start/" not in shown.content.decode()
    assert act(client, found, "start").status_code == 403
    assert act(client, found, "discard").status_code == 403
    for name in ("experiment_new", "experiment_size"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_an_agent_sees_nothing(client, department):
    found = planned(department)
    client.force_login(staff(department, "agent"))
    assert page_of(client, found).status_code == 403
    assert client.get(reverse("admin:experiments")).status_code == 403


def test_the_list_is_narrowed(client, boss):
    first, second = planned(), running(title="跑着的")
    shown = client.get(reverse("admin:experiments"), {"status": "running"}).content.decode()
    assert f"/{second.pk}/" in shown
    assert f"/{first.pk}/" not in shown
    assert client.get(reverse("admin:experiments"), {"status": "x"}).status_code == 400


def test_as_many_queries_for_three_as_for_one(client, boss):
    counts = []
    planned()
    for _each in range(2):
        address = reverse("admin:experiments")
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        counts.append(len(seen))
        for _other in range(2):
            planned()
    assert counts[0] == counts[1]
    assert Experiment.objects.filter(status=ExperimentStatus.DRAFT).count() == 5


@pytest.mark.parametrize("key", ["０{}", "0{}", "{}\x00", " {}"])
def test_a_number_that_is_written_otherwise_is_no_setting(client, boss, key):
    own = ReplyTemplate.objects.create(code="x", feeling="positive", text="谢谢")
    asked = {"kind": "reply", "key": key.format(own.pk)}
    assert client.get(reverse("admin:experiment_new"), asked).status_code == 404
    assert client.get(reverse("admin:experiment_new"), {**asked, "key": f"{own.pk}"}).status_code == 200
