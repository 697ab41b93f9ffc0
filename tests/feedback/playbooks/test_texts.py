from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from compensation.models import Shipment
from config.common.errors import Invalid
from feedback.cases import commands as cases
from feedback.cases.waiting import promise_call_back
from feedback.models import Language, Template
from feedback.playbooks.texts import NAMES, check, fill, render, values_of
from feedback.remedies.commands import grant_for_case
from tests.factories.compensation import T0, MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.money import CouponTemplateFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F6")]


def template(body, language="zh-hans"):
    return Template(code="t", language=language, problem="late", name="t", body=body)


def test_every_name_is_filled_in():
    make_policy(targets={"first_reply": 30, "resolution": 1440, "refund": 60, "call_back": 60})
    member = MemberFactory(name="王女士")
    order = OrderFactory(member=member, external_id="O1")
    OrderLineFactory(order=order)
    Shipment.objects.create(
        order=order, external_id="1", carrier="顺丰", tracking_number="SF1", shipped_at=T0
    )
    department = DepartmentFactory(name="客服部")
    agent = AgentFactory(departments=[department], user__name="小李")
    case = cases.open_case(
        member=member, kind="refund", channel="app", subject="晚了", order=order, department=department,
        actor=member, at=T0,
    )  # fmt: skip
    promise_call_back(case_id=case.pk, actor=agent.user, at=T0)
    coupon = CouponTemplateFactory()
    from feedback.defaults.authority import seed_authority

    seed_authority(T0)
    grant_for_case(
        case_id=case.pk, kind="coupon", template_id=coupon.pk, reason="x", key="k", actor=agent.user, at=T0
    )
    values = values_of(case, language="zh-hans", agent=agent, at=T0)
    assert {name for name, value in values.items() if value} == set(NAMES)
    body = (
        "{{ member.name }}，{{order.number}}由{{ order.carrier }}送，{{ due.answer }}前回复。{{ agent.name }}"
    )
    found = render(template(body), case, agent=agent.user, at=T0)
    assert found.missing == ()
    assert found.text.startswith("王女士，O1由顺丰送，11月18日 ")
    assert found.text.endswith("前回复。小李")
    assert "November" in values_of(case, language="en", agent=agent, at=T0)["due.answer"]


def test_what_is_missing_leaves_a_blank_and_is_named():
    case = CaseFactory(member=MemberFactory(name=""))
    found = render(
        template("{{ member.name }}：{{ order.number }}{{ order.number }} {{ coupon.name }}"),
        case,
        agent=None,
        at=T0,
    )
    assert found.text == "顾客：________ ____"
    assert found.missing == ("order.number", "coupon.name")
    assert "None" not in found.text


def test_a_coupon_that_waits_for_approval_is_not_promised():
    from feedback.defaults.authority import seed_authority

    department = DepartmentFactory()
    case, agent = CaseFactory(department=department), AgentFactory(departments=[department])
    seed_authority(T0)
    coupon = CouponTemplateFactory(code="sorry-60")
    grant_for_case(
        case_id=case.pk, kind="coupon", template_id=coupon.pk, reason="x", key="k", actor=agent.user, at=T0
    )
    assert "coupon.name" not in values_of(case, language="zh-hans", agent=None, at=T0)


def test_what_a_member_writes_is_never_read_as_a_name_or_a_tag():
    member = MemberFactory(name="{{ order.number }}{% debug %}<b>")
    found = render(template("{{ member.name }}"), CaseFactory(member=member), agent=None, at=T0)
    assert found.text == "{{ order.number }}{% debug %}<b>"


@pytest.mark.parametrize(
    "body",
    [
        "{{ member.phone }}",
        "{{ }}",
        "{{ member.name",
        "member.name }}",
        "{% if x %}",
        "{{ member.name|upper }}",
        "{{ a.__class__ }}",
    ],
)
def test_what_cannot_be_filled_in_is_refused(body):
    with pytest.raises(Invalid):
        check(body)


def test_what_can_be_is_not():
    check("{{ member.name }} {{due.answer}} 100% {ok}")


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(sorted(NAMES)), st.text(max_size=20)))
def test_any_text_is_filled_in_once(body, values):
    found = fill(body, values)
    assert isinstance(found.text, str)
    try:
        check(body)
    except Invalid:
        return
    assert set(found.missing) <= set(NAMES)


def test_twenty_templates_cost_the_queries_of_one():
    case = CaseFactory(order=OrderFactory())
    with CaptureQueriesContext(connection) as queries:
        values = values_of(case, language=Language.CHINESE, agent=StaffFactory(), at=T0 + timedelta(days=1))
        for _each in range(20):
            fill("{{ member.name }}{{ order.number }}", values)
    assert len(queries) <= 5
