from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from compensation.models import Product
from feedback.models import Gap
from kpis.attribution import rules
from surveys.models import Answer
from tests.factories.common import UserFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.kpis import make_answer, make_promised_order

pytestmark = pytest.mark.django_db


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
    for one in made[:2]:
        case = one.response.invitation.case
        case.order = make_promised_order(due_at=at, late=True)
        case.save(update_fields=["order"])
    Gap.objects.update(detected_at=at - timedelta(hours=1))
    Product.objects.update(category="")  # else what was late would be of other categories
    return made


def test_a_driver_is_told_in_words_and_opens_to_its_answers(client, lead, answers):
    shown = client.get(reverse("admin:drivers"), {"metric": "csat"})
    (late,) = [one for one in shown.context["told"] if one["driver"].name == "gap:delivery"]
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


@pytest.mark.parametrize("name", ["drivers", "drivers_rows"])
def test_without_a_department_or_the_right_there_is_nothing(client, name):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.parametrize("asked", [{"metric": "x"}, {"start": "2020-01-01"}, {"by": "y"}, {"driver": "a\0"}])
def test_what_does_not_fit_is_refused(client, lead, asked):
    assert client.get(reverse("admin:drivers_rows"), asked).status_code == 400
