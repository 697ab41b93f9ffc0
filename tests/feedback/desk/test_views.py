"""Saved views: kept, shared with departments, arranged; each sees only their own cases through them."""

import pytest

from config.common.errors import Invalid, NotFound, NotPermitted, Taken
from feedback.cases.filtering import Filter, filter_from
from feedback.cases.queue import VIEWS, place_of, queue
from feedback.desk import views
from feedback.models import SavedView
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F7")]
PLAIN = {"name": "急件", "base": "department", "narrow": {}, "sort": "due", "columns": []}


@pytest.fixture
def ours():
    return DepartmentFactory()


@pytest.fixture
def lead(ours):
    return AgentFactory(leads=[ours], user__role="team_lead").user


def seen(user):
    return views.kept_views(user, place_of(user).ours)


def test_kept_with_filter_order_and_columns(ours, lead):
    row = views.save_view(
        user=lead,
        name=" 急件 ",
        base="unassigned",
        narrow={"kinds": ["refund", "nonsense"], "priorities": ["4"], "due": "hour"},
        sort="priority",
        columns=["order", "nonsense"],
    )
    (kept,) = seen(lead)
    assert (kept.row, kept.row.name, kept.is_mine, kept.columns) == (row, "急件", True, ("order",))
    assert kept.listed.narrow == Filter(kinds=("refund",), priorities=(4,), due="hour")
    assert (kept.listed.view, kept.listed.sort) == ("unassigned", "priority")


def test_a_shared_view_shows_each_their_own_cases(ours, lead):
    views.save_view(user=lead, departments=[ours.pk], **PLAIN)
    mate, stranger = (
        AgentFactory(departments=[ours]).user,
        AgentFactory(departments=[DepartmentFactory()]).user,
    )
    case = CaseFactory(department=ours)
    CaseFactory()
    (kept,) = seen(mate)
    assert (kept.is_mine, len(kept.shared)) == (False, 1)
    assert queue(place_of(mate), kept.listed).cases == [case]
    assert seen(stranger) == []
    with pytest.raises(NotFound):
        views.save_view(user=mate, view_id=kept.row.pk, **PLAIN)
    with pytest.raises(NotFound):
        views.delete_view(user=mate, view_id=kept.row.pk)


def test_sharing_is_for_who_assigns_and_with_their_own_departments(ours, lead):
    agent = AgentFactory(departments=[ours]).user
    for user, department in ((agent, ours), (lead, DepartmentFactory())):
        with pytest.raises(NotPermitted):
            views.save_view(user=user, departments=[department.pk], **PLAIN)
    assert not SavedView.objects.exists()


def test_one_name_once_and_not_too_many(lead, monkeypatch):
    row = views.save_view(user=lead, **PLAIN)
    with pytest.raises(Taken):
        views.save_view(user=lead, **PLAIN)
    assert views.save_view(user=lead, view_id=row.pk, **PLAIN | {"sort": "newest"}) == row
    with pytest.raises(Invalid):
        views.save_view(user=lead, **PLAIN | {"name": " "})
    monkeypatch.setattr(views, "MOST", 1)
    with pytest.raises(Invalid):
        views.save_view(user=lead, **PLAIN | {"name": "又一个"})
    views.delete_view(user=lead, view_id=row.pk)
    assert seen(lead) == []


def test_the_desk_is_arranged(lead):
    views.arrange(
        user=lead, order=["resolved", "view-7", "mine", "x"], hidden=["waiting"], columns=["number"]
    )
    setup = views.setup_of(lead)
    assert (setup.columns, setup.hidden) == (("number",), frozenset({"waiting"}))
    shown = views.arranged([*VIEWS, "view-7"], setup, current="mine")
    assert shown[:3] == ["resolved", "view-7", "mine"]
    assert "waiting" not in shown
    assert "waiting" in views.arranged(VIEWS, setup, current="waiting")
    with pytest.raises(Invalid):
        views.arrange(user=lead, order=[], hidden=VIEWS, columns=[])


@pytest.mark.parametrize(
    "content", [{}, {"kinds": "refund"}, {"kinds": [1, None]}, {"tiers": ["x", "-1", "9" * 40]}]
)
def test_nonsense_narrows_nothing(content):
    assert filter_from(content) == Filter()
    assert filter_from(filter_from(content).to_json()) == Filter()
