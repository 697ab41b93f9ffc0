"""The pages of batches and of what is owed: the whole way by hand, and what each person sees."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from compensation.batches import commands, queries, running
from compensation.finance import rolling
from compensation.models import Authority, Batch, BatchStatus, Budget, Cap, Grant, NotRefunded
from feedback.admin import batches as pages
from feedback.admin.batches import waiting
from feedback.defaults.roles import seed_roles
from feedback.models import Aspect, Gap, Promise, Severity
from feedback.remedies import commands as remedies
from tests.factories import batches as made
from tests.factories.compensation import MemberFactory, OrderLineFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.money import CouponTemplateFactory, PointsRuleFactory
from tests.factories.refunds import make_order, refund

pytestmark = [pytest.mark.django_db, pytest.mark.req("C10"), pytest.mark.req("C13")]


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def person(client, role, **more):
    seed_roles(timezone.now())
    user = AgentFactory(user=StaffFactory(role=role), **more).user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return user


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def do(client, batch, act, **data):
    return client.post(at("batch_act", batch.pk, act), data)


def test_a_batch_by_hand_from_the_form_to_the_report(client, monkeypatch):
    woken = []
    monkeypatch.setattr(pages.current_app, "send_task", woken.append)
    template, members = CouponTemplateFactory(), MemberFactory.create_batch(3)
    lead = person(client, "team_lead")
    response = client.post(
        at("batches"),
        {"name": "停电", "template": template.pk, "reason": "仓库停电", "same_reason_days": "0"},
    )
    batch = Batch.objects.get()
    assert response.url == at("batch", batch.pk)
    listed = "\n".join(member.external_id for member in members)
    file = SimpleUploadedFile("list.csv", listed.encode("gb18030"))
    assert do(client, batch, "choose", source="list", file=file).status_code == 302
    assert do(client, batch, "count").status_code == 302
    batch.refresh_from_db()
    assert "¥15.00" in client.get(at("batch", batch.pk)).content.decode()
    assert do(client, batch, "ask", seen=batch.content_hash).status_code == 302
    assert do(client, batch, "approve", seen=batch.content_hash).status_code == 403
    assert list(waiting(lead)) == []
    finance = person(client, "finance")
    Authority.objects.create(user=finance, per_batch_fen=1_499)
    assert list(waiting(finance)) == [batch]
    assert do(client, batch, "approve", seen=batch.content_hash).status_code == 403
    assert do(client, batch, "refuse", note="").status_code == 400
    Authority.objects.update(per_batch_fen=1_500)
    assert do(client, batch, "approve", seen="x").status_code == 409
    assert do(client, batch, "approve", seen=batch.content_hash).status_code == 302
    page = client.get(at("batch", batch.pk), headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" in page
    assert "<html" not in page
    assert do(client, batch, "pause").status_code == 302
    assert do(client, batch, "resume").status_code == 302
    running.run_all(now=timezone.now)
    page = client.get(at("batch", batch.pk)).content.decode()
    assert "every 2s" not in page
    assert Grant.objects.count() == 3
    table = b"".join(client.get(at("list_export", "batch", "csv") + f"?batch={batch.pk}").streaming_content)
    assert all(member.external_id in table.decode() for member in members)
    assert client.get(at("list_export", "batch", "csv") + "?batch=x").status_code == 404
    assert do(client, batch, "cancel").status_code == 409


def test_refund_and_coupon_from_a_file_of_order_numbers_to_the_report(client):
    template = CouponTemplateFactory(code="sorry-100", value_fen=10_000)
    back, gone = make_order(1_000_000, external_id="A-1"), make_order(5_000, external_id="A-2")
    refund(gone, 5_000)
    Cap.objects.create(scope="member", period="month", limit_fen=20_000)
    Budget.objects.create(
        starts_at=timezone.now() - timedelta(days=1),
        ends_at=timezone.now() + timedelta(days=1),
        amount_fen=1_000_000,
    )
    lead = person(client, "team_lead")
    form = {
        "name": "停电",
        "template": template.pk,
        "refunds": "on",
        "reason": "停电",
        "same_reason_days": "0",
    }
    client.post(at("batches"), form)
    batch = Batch.objects.get()
    file = SimpleUploadedFile("orders.csv", b"A-1,x\r\nA-2\r\n")
    assert do(client, batch, "choose", source="list", file=file).status_code == 302
    assert do(client, batch, "count").status_code == 302
    batch.refresh_from_db()
    assert (batch.total_fen, batch.at_caps) == (1_020_000, 1)
    page = client.get(at("batch", batch.pk)).content.decode()
    for shown in ("¥10,200.00", "¥10,000.00", "¥100.00", "banner is-warn", "banner is-bad"):
        assert shown in page
    assert str(NotRefunded.REFUNDED.label) in page
    by = made.allowed(lead, "add_batch")
    commands.ask(batch_id=batch.pk, content_hash=batch.content_hash, actor=by, at=timezone.now())
    finance = person(client, "finance")
    Authority.objects.create(user=finance, per_batch_fen=2_000_000)
    assert do(client, batch, "approve", seen=batch.content_hash).status_code == 409  # the budget
    Budget.objects.update(amount_fen=2_000_000)
    assert do(client, batch, "approve", seen=batch.content_hash).status_code == 302
    running.run_all(now=timezone.now)
    table = b"".join(
        client.get(at("list_export", "batch", "csv") + f"?batch={batch.pk}").streaming_content
    ).decode()
    assert f"{back.member.external_id},order:{back.pk}" in table
    assert "A-1,10000.00" in table
    assert "A-2: " in table
    assert back.refunds.count() == 1


@pytest.mark.parametrize("number", [1, 3])
def test_the_report_asks_as_often_for_one_as_for_three(client, number, django_assert_num_queries):
    by = person(client, "team_lead")
    orders = [make_order(1_000) for _n in range(number)]
    batch = commands.create(
        terms=made.terms(refunds=True), actor=made.allowed(by, "add_batch"), at=timezone.now()
    )
    listed = "\n".join(order.external_id for order in orders)
    commands.choose(batch_id=batch.pk, source="list", listed=listed, actor=by, at=timezone.now())
    commands.count(batch_id=batch.pk, actor=by, at=timezone.now())
    with django_assert_num_queries(2):
        assert len([list(item.refunds.all()) for item in queries.report(batch)]) == number


def test_a_list_with_errors_names_its_lines_and_hostile_text_stays_text(client):
    lead = person(client, "team_lead")
    batch = made.counted(
        [MemberFactory()], by=made.allowed(lead, "add_batch"), name="<script>alert(1)</script>"
    )
    response = do(client, batch, "choose", source="list", listed="NO-1\n<b>x</b>")
    assert response.status_code == 400
    text = response.content.decode()
    assert "NO-1" in text
    assert list(response.context["choose"]["listed"].value().split()) == ["NO-1", "<b>x</b>"]
    assert "<b>x</b>" not in text
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("choose", {"source": "nowhere"}, 400),
        ("choose", {"source": "orders"}, 400),
        ("choose", {"source": "orders", "since": "x"}, 400),
        ("choose", {"source": "orders", "since": "2026-01-01", "until": "9999-12-31"}, 400),
        ("choose", {"source": "cases", "since": "0001-01-01", "until": "2026-12-31"}, 400),
        ("change", {"name": ""}, 400),
        ("change", {"name": "x", "reason": "x", "same_reason_days": "0"}, 400),
        ("ask", {"seen": "x"}, 409),
        ("nothing", {}, 404),
        ("resume", {}, 409),
    ],
)
def test_what_cannot_be_done_says_so(client, name, data, status):
    PointsRuleFactory()
    lead = person(client, "team_lead")
    batch = made.counted([MemberFactory()], by=made.allowed(lead, "add_batch"))
    assert do(client, batch, name, **data).status_code == status
    batch.refresh_from_db()
    assert batch.status == BatchStatus.COUNTED
    assert client.get(at("batch_act", batch.pk, "count")).status_code == 405
    assert client.post(at("batch_act", batch.pk + 1, "count")).status_code == 404


def test_what_was_typed_stays_when_it_is_refused(client):
    lead = person(client, "team_lead")
    batch = made.counted([MemberFactory()], by=made.allowed(lead, "add_batch"))
    typed = {"name": "n", "reason": "a long reason", "same_reason_days": "0", "message": "so sorry"}
    for more in ({}, {"points": "1", "template": batch.template_id, "name": "\0 "}):
        shown = do(client, batch, "change", **typed | more)
        assert shown.status_code == 400
        assert "so sorry" in shown.content.decode()
    asked = made.asked([MemberFactory()])
    made.allowed(lead, "approve_batch", "approve_grant")
    shown = do(client, asked, "approve", seen="old", note="Looks right")
    assert shown.status_code == 409
    assert 'value="Looks right"' in shown.content.decode()


def test_a_batch_that_stopped_says_why(client):
    person(client, "team_lead")
    batch = made.running([MemberFactory()])
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.PAUSED, stopped="budget")
    assert "the budget has not so much left" in client.get(at("batch", batch.pk)).content.decode()


def test_cases_and_broken_promises_are_sources(client):
    lead = person(client, "team_lead")
    department = DepartmentFactory()
    hit = CaseFactory(kind="complaint", category="数码", department=department, subject="停电")
    CaseFactory(kind="enquiry", department=department)
    batch = made.counted([MemberFactory()], by=made.allowed(lead, "add_batch"))
    today = timezone.localdate()
    days = {"since": str(today - timedelta(days=400)), "until": str(today)}
    more = {"kind": "complaint", "category": "数码", "department": department.code, "words": "停"}
    assert do(client, batch, "choose", source="cases", **days, **more).status_code == 302
    assert [item.about for item in batch.items.all()] == [[f"case:{hit.pk}"]]
    assert do(client, batch, "count").status_code == 302
    line = OrderLineFactory(order__region="上海")
    promise = Promise.objects.create(line=line, aspect=Aspect.DELIVERY, due_at=timezone.now())
    Gap.objects.create(
        order=line.order, promise=promise, aspect=Aspect.DELIVERY, cause="supply", days=-3,
        expected_at=timezone.now(), severity=Severity.SEVERE, detected_at=timezone.now(),
        changed_at=timezone.now(),
    )  # fmt: skip
    more = {"aspect": "delivery", "cause": "supply", "severity": "2", "region": "上海"}
    assert do(client, batch, "choose", source="gaps", **days, **more).status_code == 302
    assert [item.member_id for item in batch.items.all()] == [line.order.member_id]


def queries_of(client, path):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


def test_the_list_asks_as_much_for_one_as_for_three(client):
    person(client, "team_lead")
    made.asked([MemberFactory()])
    queries_of(client, at("batches"))
    one = queries_of(client, at("batches"))
    for _n in range(2):
        made.running([MemberFactory()])
    assert queries_of(client, at("batches")) == one


def granted(department, points, who):
    PointsRuleFactory()
    case = CaseFactory(department=department)
    remedies.grant_for_case(
        case_id=case.pk, kind="points", points=points, reason="r", key="k", actor=who, at=timezone.now()
    )
    return case


def test_supervisors_see_what_their_departments_gave_and_finance_all(client):
    mine, other = DepartmentFactory(), DepartmentFactory()
    giver = StaffFactory()
    Authority.objects.create(
        user=giver, per_grant_fen=10**6, per_problem_fen=10**6, per_order_fen=10**6, per_member_day_fen=10**6
    )
    granted(mine, 7_001, giver)
    granted(other, 8_002, giver)
    person(client, "supervisor", leads=[mine])
    for path in (at("finance"), at("finance") + f"?department={other.code}"):
        text = client.get(path).content.decode()
        assert "8,002" not in text
        assert ("7,001" in text) == ("department" not in path)
    assert client.get(at("finance_holders")).status_code == 403
    person(client, "finance")
    rolling.prove(at=timezone.now())
    text = client.get(at("finance")).content.decode()
    assert "7,001" in text
    assert "8,002" in text
    assert "15,003" in text
    assert "difference to the balances" in text
    text = client.get(at("finance") + f"?department={other.code}").content.decode()
    assert "7,001" not in text
    for name in ("finance", "finance-reasons", "finance-promised"):
        assert client.get(at("list_export", name, "xlsx")).status_code == 200


@pytest.mark.parametrize(
    "query", ["since=x", "since=0001-01-01", "since=2026-12-01&until=2020-01-01", "until=9999-12-31"]
)
def test_hostile_periods_are_answered(client, query):
    person(client, "finance")
    assert client.get(f"{at('finance')}?{query}").status_code == 200


def test_a_members_movements_are_paged(client, monkeypatch):
    monkeypatch.setattr("feedback.admin.finance.MOVES", 2)
    giver = StaffFactory()
    Authority.objects.create(
        user=giver, per_grant_fen=10**6, per_problem_fen=10**6, per_order_fen=10**6, per_member_day_fen=10**6
    )
    department = DepartmentFactory()
    case = granted(department, 11, giver)
    for n in range(2):
        remedies.grant_for_case(
            case_id=CaseFactory(department=department, member=case.member).pk, kind="points", points=20 + n,
            reason="r", key="k", actor=giver, at=timezone.now(),
        )  # fmt: skip
    person(client, "finance")
    found = client.get(at("finance_holders") + f"?member={case.member.external_id}").content.decode()
    assert at("finance_member", case.member.pk) in found
    text = client.get(at("finance_member", case.member.pk)).content.decode()
    assert "before=2" in text
    assert ">11<" not in text
    assert ">11<" in client.get(at("finance_member", case.member.pk) + "?before=2").content.decode()
    assert client.get(at("finance_member", case.member.pk) + "?unit=x&before=y").status_code == 200


def test_the_finance_page_asks_as_much_for_one_as_for_three(client):
    giver = StaffFactory()
    Authority.objects.create(
        user=giver, per_grant_fen=10**6, per_problem_fen=10**6, per_order_fen=10**6, per_member_day_fen=10**6
    )
    granted(DepartmentFactory(), 5, giver)
    person(client, "finance")
    queries_of(client, at("finance"))
    one = queries_of(client, at("finance"))
    for _n in range(2):
        granted(DepartmentFactory(), 5, giver)
    assert queries_of(client, at("finance")) == one
