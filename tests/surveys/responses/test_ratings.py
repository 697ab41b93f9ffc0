import pytest

from surveys.responses.ratings import ratings
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.kpis import make_answer

pytestmark = [pytest.mark.django_db, pytest.mark.req("F6")]


def test_a_case_has_the_rating_that_its_member_gave():
    answer = make_answer(DepartmentFactory(), 4, at=T0)
    case = answer.response.invitation.case if hasattr(answer, "response") else answer.invitation.case
    silent = CaseFactory()
    assert ratings([case.pk, silent.pk]) == {case.pk: 4}
    assert ratings([]) == {}
