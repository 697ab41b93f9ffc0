"""Anonymous answers: nothing that is kept leads from them to whoever gave them."""

import re

import pytest
from django.db import IntegrityError, connection, transaction

from config.common.models import Event
from feedback.models import Case
from surveys.invitations import queries
from surveys.models import Answer, Draft, Invitation, Response, SpentLink
from surveys.responses.commands import AlreadyAnswered, answer
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S10")]


@pytest.fixture
def asked():
    return invitation(launched(is_anonymous=True))


def test_an_anonymous_answer_has_neither_member_nor_link_nor_moment(asked):
    given = answer(token=token_of(asked), answers={"csat": 1}, at=T0)
    assert (given.invitation, given.at, given.week.isoweekday()) == (None, None, 1)
    assert (given.tier, given.agent, given.segments, given.follow_up) == (None, None, [], None)
    asked.refresh_from_db()
    assert not asked.is_answered  # it is marked with the others, at the end of the day
    assert queries.is_spent(asked)
    assert not Case.objects.exists()  # nobody is called back
    assert not Event.objects.filter(kind="survey.answered").exists()


def test_it_is_answered_once(asked):
    answer(token=token_of(asked), answers={"csat": 4}, at=T0)
    with pytest.raises(AlreadyAnswered):
        answer(token=token_of(asked), answers={"csat": 5}, at=T0)
    Invitation.objects.filter(pk=asked.pk).update(is_answered=True)
    SpentLink.objects.all().delete()
    with pytest.raises(AlreadyAnswered):
        answer(token=token_of(asked), answers={"csat": 5}, at=T0)
    assert Response.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_answers_by_one_link_at_once_count_once(asked):
    token = token_of(asked)
    results = at_once(*[lambda: answer(token=token, answers={"csat": 3}, at=T0) for _n in range(4)])
    assert [type(error) for error in refused(results)] == [AlreadyAnswered] * 3
    assert Response.objects.count() == 1


def test_numbers_tell_nothing_of_the_order():
    campaign = launched(is_anonymous=True)
    given = [answer(token=token_of(invitation(campaign)), answers={"csat": 5}, at=T0).pk for _n in range(12)]
    assert given != sorted(given)
    rows = list(Answer.objects.order_by("response").values_list("pk", flat=True))
    assert rows != sorted(rows)


def test_no_row_holds_both_the_answer_and_what_leads_to_the_member(asked):
    answer(token=token_of(asked), answers={"csat": 5}, at=T0)
    leads = {str(asked.pk), str(asked.nonce), asked.digest, token_of(asked)}
    with connection.cursor() as cursor:
        for table in ("surveys_response", "surveys_answer", "surveys_spentlink", "surveys_draft"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (row,) in cursor.fetchall():
                assert not leads & set(re.split(r"[(),\"{}]", row))


@pytest.mark.parametrize("name", ["invitation", "at", "follow_up"])
def test_the_database_refuses_what_would_lead_to_somebody(asked, name):
    given = answer(token=token_of(asked), answers={"csat": 5}, at=T0)
    values = {"invitation": asked, "at": T0, "follow_up": None}
    if name == "follow_up":
        values["follow_up"] = Case.objects.create(
            member=MemberFactory(), kind="complaint", channel="portal", subject="x",
            department=DepartmentFactory(), opened_at=T0,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Response.objects.filter(pk=given.pk).update(**{name: values[name]})


def test_a_named_answer_has_both():
    named = invitation(launched())
    given = answer(token=token_of(named), answers={"csat": 5}, at=T0)
    assert (given.invitation, given.at) == (named, T0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Response.objects.filter(pk=given.pk).update(at=None)
    assert not Draft.objects.exists()
