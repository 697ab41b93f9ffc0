import pytest
from django.utils import timezone

from kpis.defaults import schemes
from kpis.defaults.demo_people import seed
from kpis.models import Appraisal, AppraisalAppeal, AppraisalMark
from tests.factories.appraisals import person
from tests.factories.feedback import DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]


def test_the_demo_shop_has_a_scored_month():
    department = DepartmentFactory()
    for name, role in [("supervisor", "supervisor"), ("lead", "team_lead"), ("agent2", "agent")]:
        user = person(department, role)
        type(user).objects.filter(pk=user.pk).update(username=name)
    now = timezone.now()
    schemes.seed(now)
    seed(now)
    assert Appraisal.objects.count() == AppraisalMark.objects.count() == 1
    assert AppraisalAppeal.objects.get().by.username == "agent2"


def test_where_nobody_leads_there_is_nothing():
    seed(timezone.now())
    assert not Appraisal.objects.exists()
