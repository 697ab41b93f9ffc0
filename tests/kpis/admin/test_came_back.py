import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.models import Case, CaseStatus
from kpis.attribution import common
from tests.factories.common import UserFactory
from tests.factories.compensation import OrderFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.kpis import make_answer

pytestmark = [pytest.mark.django_db, pytest.mark.req("K5")]
DAY = timedelta(days=1)


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def lead(client, ours):
    user = StaffFactory(role="agent")
    AgentFactory(user=user, departments=[ours])
    client.force_login(user)
    return user


@pytest.fixture
def then(monkeypatch):
    """So long ago that it is known what became of members; a few of them are enough here."""
    monkeypatch.setattr(common, "FEW", 6)
    monkeypatch.setattr(common, "RARE", 2)
    return timezone.now() - 50 * DAY


def lose(department, then, *, helped=False, back=False):
    invitation = make_answer(department, 1, at=then).response.invitation
    member = invitation.member
    Case.objects.filter(pk=invitation.case_id).update(
        status=CaseStatus.CLOSED,
        resolution="重新发货",
        opened_at=then - DAY,
        resolved_at=then - DAY / 2,
        closed_at=then - DAY / 4,
    )
    if helped:
        CaseFactory(member=member, opened_at=then + DAY)
    if back:
        OrderFactory(member=member, placed_at=then + 12 * DAY)
    return member


@pytest.fixture
def members(ours, then):
    """Eight whose case was worked on came back, eight without one did not."""
    held = [lose(ours, then, helped=True, back=True) for _ in range(8)]
    return held + [lose(ours, then) for _ in range(8)]


def test_every_number_opens_to_as_many_members(client, lead, members):
    shown = client.get(reverse("admin:drivers_back"))
    found = shown.context["found"]
    assert (found.n, found.back) == (16, 8)
    assert [said for said, _n, _link in shown.context["states"]]
    for row in shown.context["chart"].table.rows:
        for cell in row.cells[:2]:
            assert len(client.get(cell.href).context["rows"]) == int(cell.text)
    for _state, n, link in shown.context["states"]:
        assert len(client.get(link).context["rows"]) == n


def test_a_sure_trait_is_told_with_both_shares(client, lead, members):
    shown = client.get(reverse("admin:drivers_back"))
    (told,) = [one for one in shown.context["told"] if one["trait"].name == "case:taken"]
    assert (told["trait"].share, told["trait"].share_without) == (100, 0)
    assert told["said"] in shown.content.decode()
    assert {one.member for one, *_ in client.get(told["link"]).context["rows"]} == set(members[:8])


def test_too_few_members_are_refused_in_words(client, lead, ours, then):
    lose(ours, then)
    shown = client.get(reverse("admin:drivers_back"))
    assert shown.status_code == 200
    assert shown.context["found"].is_few
    assert shown.context["told"] == []


def test_another_departments_members_are_not_there(client, lead, members, then):
    theirs = DepartmentFactory()
    lose(theirs, then)
    assert client.get(reverse("admin:drivers_back")).context["found"].n == len(members)
    assert len(client.get(reverse("admin:drivers_back_rows")).context["rows"]) == len(members)
    assert client.get(reverse("admin:drivers_back"), {"department": theirs.pk}).status_code == 400


@pytest.mark.parametrize("name", ["drivers_back", "drivers_back_rows"])
def test_without_a_department_or_the_right_there_is_nothing(client, name, ours):
    assert client.get(reverse(f"admin:{name}")).status_code == 302
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse(f"admin:{name}")).status_code == 403
    moderator = StaffFactory(role="moderator")
    AgentFactory(user=moderator, departments=[ours])
    client.force_login(moderator)
    assert client.get(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.parametrize(
    "asked", [{"start": "2020-01-01"}, {"by": "y"}, {"trait": "a\0"}, {"state": "x"}, {"page": "-1"}]
)
def test_what_does_not_fit_is_refused(client, lead, asked):
    assert client.get(reverse("admin:drivers_back_rows"), asked).status_code == 400


def test_names_of_members_are_text(client, lead, ours, then):
    member = lose(ours, then)
    member.name = "<script>alert(1)</script>"
    member.save(update_fields=["name"])
    shown = client.get(reverse("admin:drivers_back_rows"), {"trait": "<b>x"}).content.decode()
    assert "<b>x" not in shown
    assert "<script>alert" not in client.get(reverse("admin:drivers_back_rows")).content.decode()


def test_who_may_not_see_members_sees_their_numbers_alone(client, lead, ours, then):
    member = lose(ours, then)
    shown = client.get(reverse("admin:drivers_back_rows")).content.decode()
    assert member.name in shown
    client.force_login(StaffFactory(role="analyst"))
    shown = client.get(reverse("admin:drivers_back_rows")).content.decode()
    assert (member.name in shown, member.external_id in shown) == (False, True)


@pytest.mark.parametrize("name", ["drivers_back", "drivers_back_rows"])
def test_pages_ask_as_often_however_many_members(client, lead, ours, then, name, django_assert_num_queries):
    lose(ours, then)
    with CaptureQueriesContext(connection) as single:
        client.get(reverse(f"admin:{name}"))
    for _ in range(2):
        lose(ours, then)
    with django_assert_num_queries(len(single)):
        client.get(reverse(f"admin:{name}"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_days_shown_are_those_counted_in_every_language(client, lead, ours, language):
    """A date field takes one way of writing only, whatever the language's is."""
    client.cookies["django_language"] = language
    for name in ("drivers", "drivers_back"):
        shown = client.get(reverse(f"admin:{name}"))
        start = shown.context["form"].cleaned_data["start"]
        assert f'value="{start.isoformat()}"' in shown.content.decode()


def test_intervals_are_read_from_end_to_end(client, lead, members):
    client.cookies["django_language"] = "en"
    (row,) = client.get(reverse("admin:drivers_back")).context["chart"].table.rows
    assert re.fullmatch(r"\+100\.0 \(\+\d+\.\d to \+\d+\.\d\)", row.cells[5].text)
