import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import Product
from feedback.models import Gap
from kpis.attribution import rules
from surveys.models import Answer, Invitation, QuestionKind
from tests.factories.common import UserFactory
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.kpis import make_answer, make_promised_order
from tests.factories.questionnaires import launched, one
from tests.factories.results import given

pytestmark = [pytest.mark.django_db, pytest.mark.req("K5")]


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
def answers(ours, monkeypatch):
    """Six answers, two of them late and bad; as many are enough here."""
    for name, value in (("FEW", 6), ("RARE", 2), ("EACH", 3)):
        monkeypatch.setattr(rules, name, value)
    at = timezone.now()
    made = [make_answer(ours, score, at=at) for score in (1, 2, 4, 5, 5, 4)]
    for each in made[:2]:
        case = each.response.invitation.case
        case.order = make_promised_order(due_at=at, late=True)
        case.save(update_fields=["order"])
    Gap.objects.update(detected_at=at - timedelta(hours=1))
    Product.objects.update(category="")  # else what was late would be of other categories
    return made


def test_a_driver_is_told_in_words_and_opens_to_its_answers(client, lead, answers):
    shown = client.get(reverse("admin:drivers"), {"metric": "csat"})
    (late,) = [told for told in shown.context["told"] if told["driver"].name == "gap:delivery"]
    assert (late["driver"].n, late["driver"].effect) == (2, pytest.approx(-3))
    rows = client.get(late["link"])
    assert set(rows.context["rows"]) == set(answers[:2])


def test_too_few_answers_are_refused_in_words(client, lead, ours):
    make_answer(ours, 1, at=timezone.now())
    shown = client.get(reverse("admin:drivers"), {"metric": "csat"})
    assert shown.context["found"].is_few
    assert shown.status_code == 200


def test_another_departments_answers_are_not_there(client, lead, answers):
    theirs = DepartmentFactory()
    make_answer(theirs, 1, at=timezone.now())
    assert client.get(reverse("admin:drivers"), {"metric": "csat"}).context["found"].n == len(answers)
    assert client.get(reverse("admin:drivers"), {"department": theirs.pk}).status_code == 400
    rows = client.get(reverse("admin:drivers_rows"), {"metric": "csat", "driver": "tier:"})
    assert len(rows.context["rows"]) <= Answer.objects.count() - 1


@pytest.mark.parametrize("page", ["drivers", "drivers_rows", "drivers_back", "drivers_back_rows"])
def test_no_colleagues_answers_are_shown(client, lead, ours, page):
    asked = {"metric": "csat", "driver": "tier:", "by": "agent"}
    colleague = AgentFactory(departments=[ours])
    for agent, status in ((colleague, 403), (lead.agent, 200)):
        assert client.get(reverse(f"admin:{page}"), asked | {"key": str(agent.pk)}).status_code == status


@pytest.mark.parametrize("name", ["drivers", "drivers_rows"])
def test_without_a_department_or_the_right_there_is_nothing(client, name, ours):
    assert client.get(reverse(f"admin:{name}")).status_code == 302
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse(f"admin:{name}")).status_code == 403
    moderator = StaffFactory(role="moderator")
    AgentFactory(user=moderator, departments=[ours])
    client.force_login(moderator)
    assert client.get(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.parametrize(
    "asked", [{"metric": "x"}, {"start": "2020-01-01"}, {"by": "y"}, {"driver": "a\0"}, {"values": "1,x"}]
)
def test_what_does_not_fit_is_refused(client, lead, asked):
    assert client.get(reverse("admin:drivers_rows"), asked).status_code == 400


@pytest.fixture
def company(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))


def day_of(at, **asked):
    return {"start": at.date() - timedelta(1), "end": at.date() + timedelta(1), **asked}


def test_the_rows_of_a_reason_add_up_to_its_bar(client, company, monkeypatch):
    """Satisfied answers may name a reason too: those are in no bar, and in none of its rows."""
    monkeypatch.setattr(rules, "FEW", 3)
    asks = launched(one(QuestionKind.CSAT, "csat"), one(QuestionKind.MULTIPLE, "what", ["slow", "rude"]))
    for score, named in ((1, ["slow", "rude"]), (2, ["slow"]), (5, ["slow"])):
        given(asks, csat=score, what=named)
    shown = client.get(reverse("admin:drivers"), day_of(T0, metric="csat"))
    slow, rude = shown.context["reasons"].table.rows
    assert [row.cells[0].text for row in (slow, rude)] == ["2", "1"]
    rows = client.get(slow.cells[0].href)
    assert sorted(answer.score for answer in rows.context["rows"]) == [1, 2]
    assert rows.context["values"] == ["2", "1"]  # and the page says of which scores they are


def test_every_number_of_the_sides_opens_to_as_many_answers(client, lead, answers):
    shown = client.get(reverse("admin:drivers"), {"metric": "csat"})
    for _name, row in shown.context["sides"]:
        for side, link in row:
            assert len(client.get(link).context["rows"]) == side.hits


def test_who_has_no_tier_is_called_so(client, lead, answers):
    names = [name for name, _row in client.get(reverse("admin:drivers"), {"metric": "csat"}).context["sides"]]
    assert not [name for name in names if name.startswith(("tier:", "category:"))]


def test_scores_are_told_of_their_own_scale(client, company):
    asks = launched(one(QuestionKind.CSAT, "csat"), one(QuestionKind.NPS, "nps"))
    given(asks, nps=9)
    for metric, said in (("nps", "9 / 10"), ("csat", "5 / 5")):
        asked = day_of(T0, metric=metric, driver="category:")
        assert said in client.get(reverse("admin:drivers_rows"), asked).content.decode()


@pytest.mark.parametrize("metric", ["csat", "nps"])
def test_the_page_asks_as_often_whatever_is_there(
    client, lead, answers, metric, django_assert_max_num_queries
):
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("admin:drivers"), {"metric": metric})
    for each in answers:
        make_answer(each.response.department, each.score, at=timezone.now())
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("admin:drivers"), {"metric": metric})


def test_the_answers_are_listed_with_as_many_queries(client, lead, ours, django_assert_num_queries):
    asked = {"metric": "csat", "driver": "tier:"}
    make_answer(ours, 3, at=timezone.now())
    with CaptureQueriesContext(connection) as single:
        assert len(client.get(reverse("admin:drivers_rows"), asked).context["rows"]) == 1
    for score in (1, 2):
        make_answer(ours, score, at=timezone.now())
    with django_assert_num_queries(len(single)):
        assert len(client.get(reverse("admin:drivers_rows"), asked).context["rows"]) == 3


def test_an_answer_without_a_case_leads_to_what_was_answered_with_it(client, company, ours):
    answer = make_answer(ours, 3, at=timezone.now())
    Invitation.objects.filter(pk=answer.response.invitation_id).update(case=None)
    page = reverse("admin:surveys_response_change", args=[answer.response_id])
    rows = reverse("admin:drivers_rows")
    assert page in client.get(rows, {"metric": "csat", "driver": "tier:"}).content.decode()
    assert client.get(page).status_code == 200
    figure = client.get(reverse("admin:figure", args=["csat"]))
    assert page in figure.content.decode()


def test_who_may_not_read_responses_is_not_led_there(client, lead, ours):
    answer = make_answer(ours, 3, at=timezone.now())
    page = reverse("admin:surveys_response_change", args=[answer.response_id])
    shown = client.get(reverse("admin:drivers_rows"), {"metric": "csat", "driver": "tier:"})
    assert list(shown.context["rows"]) == [answer]
    assert page not in shown.content.decode()
    assert client.get(page).status_code == 403


@pytest.mark.parametrize(("language", "said"), [("en", "to"), ("zh-hans", "至")])
def test_intervals_are_read_from_end_to_end(client, lead, answers, language, said):
    client.cookies["django_language"] = language
    (row,) = client.get(reverse("admin:drivers"), {"metric": "csat"}).context["chart"].table.rows
    assert re.fullmatch(rf"−\d\.\d\d {said} −?\+?\d\.\d\d", row.cells[3].text)
    assert re.fullmatch(rf"[+−]?\d\.\d\d {said} \+\d\.\d\d", row.cells[5].text)
