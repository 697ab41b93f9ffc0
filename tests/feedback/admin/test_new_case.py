"""The page on which staff take a case down."""

import pytest
from django.urls import reverse

from feedback.models import Case, Department
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import DepartmentFactory, picture
from tests.factories.orders import OrderFactory
from tests.feedback.admin.conftest import client_for, open_case, staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]
PATH = "/admin/case/new/"


def filled(**fields):
    given = {
        "key": "key-12345678", "channel": "walk_in", "kind": "complaint", "priority": "2",
        "subject": "杯子碎了", "body": "打开就碎了。", "takes": "on",
    }  # fmt: skip
    return {**given, **fields}


def test_found_by_phone_then_taken_down(work, browser):
    member = MemberFactory(phone="13800009999", name="李雷")
    order, other = OrderFactory(member=member), OrderFactory()
    found = browser.get(PATH, {"q": "138 0000 9999"}).content.decode()
    assert f"?member={member.pk}" in found
    assert "13800009999" not in found
    form = browser.get(PATH, {"member": member.pk}).content.decode()
    assert order.external_id in form
    assert other.external_id not in form
    Department.objects.filter(pk=work.ours.pk).update(takes_new=True)
    given = filled(member=member.pk, order=order.pk, files=[picture()])
    answer = browser.post(PATH, given)
    case = Case.objects.latest("pk")
    assert answer.url.startswith(reverse("admin:case", args=[case.pk]))
    assert (case.member, case.order, case.agent, case.department) == (member, order, work.agent, work.ours)
    assert browser.post(PATH, filled(member=member.pk, order=order.pk, files=[picture()])).status_code == 302
    assert Case.objects.filter(member=member).count() == 1


def test_the_members_open_cases_are_shown_first_but_none_of_others(work, browser):
    theirs = open_case(work.theirs, member=work.case.member, subject="退款的银行卡")
    text = browser.get(PATH, {"member": work.case.member_id}).content.decode()
    assert work.case.number in text
    assert theirs.number not in text


def test_somebody_new_by_name_and_phone(work, browser):
    page = browser.get(PATH, {"stranger": "", "q": "13700001111"})
    assert page.context["stranger"].initial == {"phone": "13700001111"}
    given = filled(
        stranger="1", name="王女士", phone="13700001111", department=work.ours.pk, answer="马上查。"
    )
    assert browser.post(PATH, given).status_code == 302
    case = Case.objects.latest("pk")
    assert (case.member.name, case.member.phone, case.agent) == ("王女士", "13700001111", work.agent)
    assert case.first_replied_at is not None


def test_a_case_of_another_department_is_told_by_its_number(work, browser):
    answer = browser.post(PATH, filled(member=work.case.member_id, department=work.theirs.pk), follow=True)
    case = Case.objects.latest("pk")
    assert answer.redirect_chain[0][0].startswith(reverse("admin:desk"))
    assert case.number in answer.content.decode()
    assert case.agent is None


def test_what_is_refused_keeps_what_was_typed(work, browser):
    for wrong in (
        {"subject": ""}, {"body": " "}, {"channel": "gap"}, {"kind": "review"}, {"order": "999999"},
        {"department": "x"}, {"key": ""},
    ):  # fmt: skip
        answer = browser.post(PATH, filled(member=work.case.member_id, **{"body": "<b>碎了</b>", **wrong}))
        assert answer.status_code == 400, wrong
        if "body" not in wrong:
            assert "&lt;b&gt;碎了" in answer.content.decode()
    nobody = browser.post(PATH, filled(stranger="1"))
    assert nobody.status_code == 400
    sent = filled(member=work.case.member_id, department=work.ours.pk)
    assert browser.post(PATH, sent).status_code == 302
    again = browser.post(PATH, {**sent, "body": "别的事"})
    assert again.status_code == 400
    assert browser.post(PATH, {**sent, "body": "别的事", "key": again.context["form"]["key"].value()}).url


def test_who_may(work):
    for role, status in (("agent", 200), ("supervisor", 200), ("moderator", 403), ("finance", 403)):
        assert client_for(staff(role)).get(PATH).status_code == status, role
        assert client_for(staff(role)).post(PATH, filled(member=work.case.member_id)).status_code in {
            302,
            status,
        }
    assert client_for(None).get(PATH).status_code == 302
    DepartmentFactory(takes_new=True)
    assert Case.objects.exclude(pk=work.case.pk).exclude(channel="walk_in").count() == 0
