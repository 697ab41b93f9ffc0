from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.cases import commands, linking, rules
from feedback.models import CaseLink
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, HandoffFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.req("F7")


@pytest.fixture
def cases(service, member):
    return [CaseFactory(department=service, member=member) for _ in range(3)]


def linked(case, other, agent, kind="related"):
    return commands.link(case_id=case.pk, other_id=other.pk, kind=kind, actor=agent.user, at=T0)


def test_linked_from_both_ends_once(cases, agent):
    one, two, _three = cases
    link = linked(one, two, agent)
    assert linked(two, one, agent) == link
    assert Event.objects.filter(kind="case.linked").count() == 2
    for case, other in ((one, two), (two, one)):
        (found,) = linking.links_of(case, agent.user)
        assert found.case == other
    commands.unlink(case_id=two.pk, other_id=one.pk, actor=agent.user, at=T0)
    commands.unlink(case_id=two.pk, other_id=one.pk, actor=agent.user, at=T0)
    assert Event.objects.filter(kind="case.unlinked").count() == 2
    assert not CaseLink.objects.exists()


def test_a_parent_is_above_and_the_child_below(cases, agent):
    one, two, _three = cases
    linked(one, two, agent)
    linked(one, two, agent, "parent")
    assert str(linking.links_of(one, agent.user)[0].how) == "下级工单"
    assert str(linking.links_of(two, agent.user)[0].how) == "上级工单"
    linked(two, one, agent, "parent")
    assert str(linking.links_of(one, agent.user)[0].how) == "上级工单"
    assert CaseLink.objects.count() == 1


def test_no_circle_and_no_second_parent(cases, agent):
    one, two, three = cases
    linked(one, two, agent, "parent")
    linked(two, three, agent, "parent")
    with pytest.raises(Invalid):
        linked(three, one, agent, "parent")
    with pytest.raises(Invalid):
        linked(one, three, agent, "parent")


def test_refusals(cases, agent):
    one, two, _three = cases
    with pytest.raises(Invalid):
        linked(one, one, agent)
    for kind in ("", "split", "nonsense"):
        with pytest.raises(Invalid):
            linked(one, two, agent, kind)
    with pytest.raises(NotFound):
        commands.link(case_id=one.pk, other_id=10**9, kind="related", actor=agent.user, at=T0)


def test_other_departments_cases_are_not_shown(cases, agent):
    hidden = CaseFactory()
    linked(cases[0], hidden, agent)
    assert linking.links_of(cases[0], agent.user) == []


def test_duplicates_are_suggested_with_the_reason(service, member, agent):
    order = OrderFactory(member=member)
    case = CaseFactory(department=service, member=member, order=order, subject="杯子碎了要退款", opened_at=T0)
    same = CaseFactory(
        department=service, member=member, order=order, subject="别的", opened_at=T0 - timedelta(days=3)
    )
    near = CaseFactory(
        department=service, member=member, subject="要退款，杯子碎了", opened_at=T0 - timedelta(hours=1)
    )
    CaseFactory(department=service, subject="杯子碎了要退款", opened_at=T0)  # another member's
    CaseFactory(department=service, member=member, order=order, opened_at=T0 - timedelta(days=40))
    CaseFactory(department=service, member=member, order=order, resolved=True)
    CaseFactory(member=member, order=order, opened_at=T0)  # another department's
    unlike = {"department": service, "member": member, "kind": "enquiry"}
    CaseFactory(**unlike, subject="怎么开发票", opened_at=T0 - timedelta(days=5))
    found = linking.suggestions(case, agent.user, at=T0)
    assert [one.case for one in found] == [near, same]
    assert list(map(str, found[0].reasons)) == ["内容相近", "同一天"]
    assert list(map(str, found[1].reasons)) == ["同一订单"]
    linked(case, near, agent)
    assert [one.case for one in linking.suggestions(case, agent.user, at=T0)] == [same]


def test_named_by_number(cases, agent):
    case = cases[0]
    for text in (case.number, f" {case.number.lower()} ", str(case.pk)):
        assert linking.find_numbered(agent.user, text) == case
    for text in ("", "HY", "HY12x", "9" * 30, "-1"):
        with pytest.raises(Invalid):
            linking.find_numbered(agent.user, text)
    with pytest.raises(NotFound):
        linking.find_numbered(agent.user, CaseFactory().number)
    asked = HandoffFactory(case__department=CaseFactory().department, department=case.department)
    assert linking.find_numbered(AgentFactory(departments=[case.department]).user, asked.case.number)


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_a_share_and_goes_both_ways(one, two):
    share = rules.likeness(one, two)
    assert 0 <= share <= 1
    assert share == rules.likeness(two, one)
    assert rules.likeness(one, one) in {0, 1}
