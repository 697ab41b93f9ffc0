"""Complaints and enquiries that come in files."""

import csv
import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from compensation.defaults import tiers
from compensation.models import Member, Notice
from compensation.shop_import.reports import Report
from config.common.models import Event
from feedback.cases.timeline import timeline_of
from feedback.intake import cases, shop
from feedback.models import Case, ChannelMessage, Clock, DepartmentRule, Message, Priority
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = pytest.mark.req("F1")
AT = datetime(2026, 3, 10, 2, tzinfo=UTC)
COLUMNS = (
    "external_id", "member", "phone", "email", "name", "order", "kind", "subject", "body", "priority",
    "department", "opened_at",
)  # fmt: skip
GOOD = {"external_id": "T-1", "member": "M1", "kind": "投诉", "subject": "箱子破了", "body": "杯子碎了"}


@pytest.fixture
def house(db):
    """A member with an order, a department that takes new cases, and another one."""
    tiers.seed(AT)
    member = MemberFactory(external_id="M1", name="王小明", phone="13800000001")
    OrderFactory(external_id="O1", member=member)
    DepartmentFactory(code="logistics", name="物流部")
    return DepartmentFactory(code="service", name="客服部", takes_new=True)


def bring(folder, *rows, at=AT, actor=None, report=None):
    """Import the rows by the map that ships; gives what became of them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "cases.csv"
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    column_map = shop.load_map(shop.stored_maps()["cases"])
    with Report(report) as rejects:
        return shop.of_files([path], column_map, actor).run(at=at, report=rejects).counts["case"]


def refused(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["line"]: row for row in csv.DictReader(file, ["file", "line", "column", "value", "why"])}


def test_a_row_opens_a_case_with_clocks_and_a_notice(house, tmp_path):
    make_policy(targets={"first_reply": 30})
    count = bring(tmp_path, {**GOOD, "order": "O1", "priority": "高", "opened_at": "2026-03-01 08:00"})
    assert (count.read, count.inserted, count.rejected) == (1, 1, 0)
    case = Case.objects.get()
    assert (case.key, case.channel, case.kind, case.subject) == ("file:T-1", "file", "complaint", "箱子破了")
    assert (case.member.external_id, case.order.external_id) == ("M1", "O1")
    assert (case.priority, case.department, case.opened_at) == (Priority.HIGH, house, AT)
    message = case.messages.get()
    assert (message.body, message.author, message.at) == ("杯子碎了", "member", AT)
    assert Clock.objects.get(milestone="first_reply").started_at == AT
    assert Notice.objects.filter(member=case.member, kind="case.received").count() == 1
    carried = ChannelMessage.objects.get()
    assert (carried.message, carried.case, carried.external_id) == (message, case, "T-1")
    assert carried.at == datetime(2026, 3, 1, tzinfo=UTC)
    assert carried.data == {"file": "cases.csv", "line": 2}


def test_the_same_file_again_changes_nothing(house, tmp_path):
    bring(tmp_path, GOOD, {**GOOD, "external_id": "T-2", "member": "", "phone": "13900000009"})
    before = Event.objects.count(), Member.objects.count(), Notice.objects.count(), Message.objects.count()
    count = bring(
        tmp_path, {**GOOD, "body": "另一个说法"}, {**GOOD, "external_id": "T-2"}, at=AT + timedelta(1)
    )
    assert (count.inserted, count.unchanged, count.rejected) == (0, 2, 0)
    assert before == (
        Event.objects.count(),
        Member.objects.count(),
        Notice.objects.count(),
        Message.objects.count(),
    )


def test_a_stranger_becomes_a_member_by_the_contact(house, tmp_path):
    stranger = {**GOOD, "member": "", "phone": "+86 139 0000 0009", "name": "李雷"}
    known = {**GOOD, "external_id": "T-3", "member": "", "phone": "13800000001"}
    bring(tmp_path, stranger, {**stranger, "external_id": "T-2"}, known)
    guest = Member.objects.get(phone="13900000009")
    assert (guest.name, guest.cases.count()) == ("李雷", 2)
    assert Case.objects.get(key="file:T-3").member.external_id == "M1"
    assert Member.objects.count() == 2


def test_the_rules_choose_the_department_unless_the_row_does(house, tmp_path):
    rule = DepartmentRule.objects.create(name="退款", department=house, kinds=["refund"])
    bring(
        tmp_path,
        {**GOOD, "kind": "refund"},
        {**GOOD, "external_id": "T-2", "kind": "refund", "department": "logistics"},
    )
    assert Case.objects.get(key="file:T-1").department_rule == rule
    assert Case.objects.get(key="file:T-2").department.code == "logistics"


def test_a_text_alone_is_enough(house, tmp_path):
    bring(tmp_path, {**GOOD, "subject": ""})
    assert Case.objects.get().subject == "杯子碎了"


def test_who_brought_the_file_is_on_record(house, tmp_path):
    user = UserFactory(name="小李")
    bring(tmp_path, GOOD, actor=user)
    [entry] = [one for one in timeline_of(Case.objects.get()) if one.kind == "case.opened"]
    assert "小李" in entry.who
    assert Message.objects.get().author == "member"


def test_bad_rows_are_named_and_the_good_ones_opened(house, tmp_path):
    other = OrderFactory(external_id="O2")
    closed = DepartmentFactory(code="closed", is_active=False)
    rows = [
        ("external_id", "", {"external_id": ""}),
        ("member", "M9", {"member": "M9"}),
        ("", "", {"member": ""}),
        ("phone", "abc", {"member": "", "phone": "abc"}),
        ("email", "nobody", {"member": "", "email": "nobody"}),
        ("order", "O9", {"order": "O9"}),
        ("order", "O2", {"order": other.external_id}),
        ("order", "O2", {"order": other.external_id, "member": "", "phone": "13700000007"}),
        ("kind", "review", {"kind": "review"}),
        ("kind", "", {"kind": ""}),
        ("priority", "9", {"priority": "9"}),
        ("department", "none", {"department": "none"}),
        ("", "", {"department": closed.code}),
        ("opened_at", "昨天", {"opened_at": "昨天"}),
        ("opened_at", None, {"opened_at": "2026-03-11"}),
        ("body", "", {"body": ""}),
        ("body", "\x07", {"body": "\x07"}),
        ("body", None, {"body": "长" * 20_001}),
    ]
    report = tmp_path / "bad.csv"
    members = Member.objects.count()
    bad = [{**GOOD, "external_id": f"B-{n}", **changed} for n, (_column, _value, changed) in enumerate(rows)]
    count = bring(tmp_path, *bad, GOOD, report=report)
    assert (count.inserted, count.rejected) == (1, len(rows))
    assert [case.key for case in Case.objects.all()] == ["file:T-1"]
    assert Member.objects.count() == members
    found = refused(report)
    for number, (column, value, _changed) in enumerate(rows):
        row = found[str(number + 2)]
        assert row["column"] == column, row
        assert row["why"]
        if value is not None and column not in {"", "body"}:
            assert row["value"] == value


def test_an_erased_member_is_not_found(house, tmp_path):
    Member.objects.filter(external_id="M1").update(erased_at=AT, phone="")
    assert bring(tmp_path, GOOD).rejected == 1
    assert not Case.objects.exists()


def test_without_departments_every_row_says_so(db, tmp_path):
    tiers.seed(AT)
    MemberFactory(external_id="M1")
    assert bring(tmp_path, GOOD).rejected == 1


def test_two_rows_of_one_number(house, tmp_path):
    count = bring(tmp_path, GOOD, GOOD, {**GOOD, "body": "另一个说法"})
    assert (count.inserted, count.skipped, count.rejected) == (1, 1, 1)
    assert Message.objects.get().body == "杯子碎了"


def test_hostile_text_stays_text(house, tmp_path, client):
    evil = "<script>alert(1)</script>\x00"[:-1] + " =cmd|' /C calc'!A0 \u202e\x1b[31m{{ 7*7 }} %(number)s"
    bring(tmp_path, {**GOOD, "subject": evil, "body": evil, "external_id": "=1+1'; DROP TABLE x;--"})
    case = Case.objects.get()
    assert "<script>" in case.messages.get().body
    assert "\x1b" not in case.messages.get().body + case.subject
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    shown = client.get(reverse("admin:case", args=[case.pk])).content.decode()
    assert "<script>alert(1)" not in shown
    assert "DROP TABLE" in shown


def test_the_longest_text_is_taken_whole(house, tmp_path):
    bring(tmp_path, {**GOOD, "subject": "标" * 300, "body": "长" * 20_000})
    case = Case.objects.get()
    assert (len(case.messages.get().body), len(case.subject)) == (20_000, 200)


def test_a_file_that_breaks_off_keeps_whole_cases(house, tmp_path, monkeypatch):
    target = cases.target()
    object.__setattr__(target, "batch", 1)
    monkeypatch.setattr(cases, "target", lambda _actor=None: target)
    path = tmp_path / "cases.csv"
    path.write_text(
        ",".join(COLUMNS) + "\nT-1,M1,,,,,投诉,破了,碎了,,,\n" + 'T-2,M1,,,,,投诉,破了,"' + "x" * 200_000
    )
    column_map = shop.load_map(shop.stored_maps()["cases"])
    with Report(None) as rejects:
        result = shop.of_files([path], column_map).run(at=AT, report=rejects)
    assert len(result.failures) == 1
    assert [case.key for case in Case.objects.all()] == ["file:T-1"]
    assert ChannelMessage.objects.count() == Message.objects.count() == 1


def test_a_preview_shows_faults_and_opens_nothing(house, tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(",".join(COLUMNS) + "\nT-1,M1,,,,,投诉,破了,碎了,,,\nT-2,,,,,,投诉,破了,碎了,,,\n")
    [part] = shop.of_files([path], shop.load_map(shop.stored_maps()["cases"])).preview()
    assert (part.entity, len(part.rows), len(part.rejects)) == ("case", 1, 1)
    assert not Case.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_in_the_middle_is_completed_by_the_next(tmp_path, monkeypatch):
    _house()
    rows = [{**GOOD, "external_id": f"T-{n}", "member": "", "phone": f"1390000000{n}"} for n in range(4)]
    target = cases.target()
    object.__setattr__(target, "batch", 2)
    monkeypatch.setattr(cases, "target", lambda _actor=None: target)
    real = cases.open_case

    def dying(**given):
        if given["key"] == "file:T-3":
            raise KeyboardInterrupt
        return real(**given)

    monkeypatch.setattr(cases, "open_case", dying)
    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path, *rows)
    assert Case.objects.count() == Member.objects.count() == 2
    monkeypatch.setattr(cases, "open_case", real)
    count = bring(tmp_path, *rows)
    assert (count.inserted, count.unchanged) == (2, 2)
    assert Case.objects.count() == Member.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once(tmp_path, monkeypatch):
    """Both look at what is known before either opens the first case."""
    _house()
    rows = [{**GOOD, "external_id": f"T-{n}", "member": "", "phone": "13900000009"} for n in range(3)]
    together = threading.Barrier(2)
    real = cases._look_up
    met = threading.local()

    def look_up(items):
        known = real(items)
        if not getattr(met, "once", False):
            met.once = True
            together.wait(timeout=20)
        return known

    monkeypatch.setattr(cases, "_look_up", look_up)
    counts, errors = [], []

    def work(name):
        try:
            folder = tmp_path / name
            folder.mkdir()
            counts.append(bring(folder, *rows))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sum(count.inserted for count in counts) == 3
    assert sum(count.unchanged for count in counts) == 3
    assert Case.objects.count() == Message.objects.count() == ChannelMessage.objects.count() == 3
    assert Member.objects.count() == 1


def _house():
    tiers.seed(AT)
    DepartmentFactory(code="service", takes_new=True)
