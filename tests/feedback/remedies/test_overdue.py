"""What nobody decided in time goes a level up, and those there are told."""

from datetime import timedelta

import pytest
from django.urls import reverse

from compensation.models import ApprovalRound
from feedback.models import Alert
from feedback.remedies.overdue import raise_overdue
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.money import AT
from tests.feedback.admin.conftest import client_for
from tests.feedback.remedies.test_commands import give, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]

HOURS = timedelta(hours=4)


def test_a_level_up_those_there_are_alerted():
    ours = DepartmentFactory()
    agent, lead, supervisor = (
        somebody("agent", ours),
        *(somebody(role, ours, leads=[ours]) for role in ("team_lead", "supervisor")),
    )
    elsewhere = somebody("supervisor", DepartmentFactory())
    finance = somebody("finance", DepartmentFactory())
    give(CaseFactory(department=ours), agent, yuan=60)
    told = lambda: set(Alert.objects.filter(kind="remedy.overdue").values_list("user", flat=True))  # noqa: E731
    assert raise_overdue(at=AT) == 0
    assert raise_overdue(at=AT + HOURS) == 1
    assert told() == {supervisor.pk}
    assert raise_overdue(at=AT + HOURS) == 0
    shown = client_for(lead).get(reverse("admin:approvals")).content.decode()
    assert "主管" in shown
    assert raise_overdue(at=AT + 2 * HOURS) == 1
    assert told() == {supervisor.pk, finance.pk}
    assert elsewhere.pk not in told()
    assert ApprovalRound.objects.get().raised == 2
