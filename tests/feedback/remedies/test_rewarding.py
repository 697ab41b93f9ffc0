"""Points for accepted suggestions, once each."""

from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from compensation.ledger.queries import balance
from compensation.models import EarningRule, Notice
from compensation.points.commands import RuleOff
from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.remedies.rewarding import suggestion_accepted
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.points import rules
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def member():
    rules()
    return MemberFactory(language="en")


def accepted(case):
    return suggestion_accepted(case_id=case.pk, actor=UserFactory(), at=timezone.now())


def test_an_accepted_suggestion_earns_its_points_once(member):
    case = CaseFactory(member=member, kind="suggestion")
    assert [known for _earning, known in (accepted(case), accepted(case))] == [False, True]
    assert balance(member) == 50
    assert Event.objects.filter(kind="case.suggestion_accepted", subject_id=case.pk).count() == 1


def test_a_case_that_is_no_suggestion_is_refused(member):
    with pytest.raises(Invalid):
        accepted(CaseFactory(member=member, kind="complaint"))
    assert balance(member) == 0


def test_what_is_not_there_or_not_given_for_is_refused(member):
    with pytest.raises(NotFound):
        suggestion_accepted(case_id=0, actor=UserFactory(), at=timezone.now())
    EarningRule.objects.update(is_active=False)
    with pytest.raises(RuleOff):
        accepted(CaseFactory(member=member, kind="suggestion"))
    assert not Notice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_at_once_thank_once(member):
    case = CaseFactory(member=member, kind="suggestion")
    users = [UserFactory() for _ in range(4)]
    acts = [partial(suggestion_accepted, case_id=case.pk, actor=user, at=timezone.now()) for user in users]
    assert not refused(at_once(*acts))
    assert balance(member) == 50
    assert Notice.objects.count() == 1


def test_staff_choose_them_in_their_lists(admin_client, member):
    good, wrong = (CaseFactory(member=member, kind=kind) for kind in ("suggestion", "complaint"))
    chosen = {"action": "accept_suggestions", "_selected_action": [good.pk, wrong.pk]}
    said = admin_client.post(reverse("admin:feedback_case_changelist"), chosen, follow=True)
    assert wrong.number in said.content.decode()
    assert balance(member) == 50
