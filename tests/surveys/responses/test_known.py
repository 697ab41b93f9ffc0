import pytest

from feedback.models import Triage
from surveys.models import Invitation
from surveys.responses.known import known_of
from tests.factories.compensation import T0, OrderLineFactory, ProductFactory
from tests.factories.feedback import CaseFactory
from tests.factories.questionnaires import invitation, launched

pytestmark = [pytest.mark.django_db, pytest.mark.req("S3")]


def test_what_a_case_was_about_is_known_as_it_was_read():
    case = CaseFactory(category="鞋")
    asked = invitation(launched(), case.member, case=case)
    assert known_of(asked)["aspect"] == set()
    Triage.objects.create(case=case, aspects=["logistics", "packaging"], read_at=T0)
    known = known_of(Invitation.objects.get(pk=asked.pk))
    assert known["aspect"] == {"logistics", "packaging"}
    assert known["category"] == {"鞋"}


def test_of_an_order_the_categories_are_known():
    line = OrderLineFactory(product=ProductFactory(category="外套"))
    asked = invitation(launched(), line.order.member, order=line.order)
    known = known_of(asked)
    assert known["category"] == {"外套"}
    assert "aspect" not in known
