from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from compensation.models import ConsentChoice, MemberFigures, MessageChannel, Segment
from feedback.models import Case, CrisisCase
from surveys.interviews import commands, proposing
from surveys.models import Interview, InterviewQuota, InterviewTerms
from surveys.responses.commands import answer
from tests.factories.compensation import T0, MemberFactory
from tests.factories.crises import opened
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.interviews import MONTH, complainer, propose
from tests.factories.questionnaires import invitation, launched
from tests.factories.surveys import token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S7")]


def members(made):
    return [one.member for one in made]


def test_each_rule_proposes_and_says_why():
    DepartmentFactory(takes_new=True)
    unhappy, rich, loud = MemberFactory(), MemberFactory(), complainer(2)
    answer(token=token_of(invitation(launched(), unhappy)), answers={"csat": 1}, at=T0)
    MemberFigures.objects.filter(member=rich).update(year_fen=1_000_000)
    found = {one.member: one for one in propose()}
    assert set(found) == {unhappy, rich, loud}
    assert found[rich].reasons == {"spending": {"figure": 1_000_000, "points": 2}}
    assert found[loud].reasons == {"complaints": {"figure": 2, "points": 4}}
    # a bad answer opens a complaint, which counts as well
    assert found[unhappy].reasons["detractor"] == {"figure": 1, "points": 3}
    assert found[unhappy].points == sum(one["points"] for one in found[unhappy].reasons.values())


def test_what_was_long_ago_counts_no_more():
    complainer()
    assert propose(at=T0 + timedelta(days=200)) == []


@pytest.mark.parametrize("why", ["erased", "consent", "crisis", "talked", "rested"])
def test_who_is_left_out(why):
    member = complainer()
    if why == "erased":
        member.erased_at = T0
        member.save()
    elif why == "consent":
        ConsentChoice.objects.bulk_create(
            ConsentChoice(
                member=member, purpose="survey", channel=channel, is_given=False, source="portal",
                changed_at=T0,
            )
            for channel in MessageChannel.values
        )  # fmt: skip
    elif why == "crisis":
        CrisisCase.objects.create(crisis=opened(), case=member.cases.get(), joined_at=T0)
    else:
        month = (MONTH - timedelta(days=330 if why == "talked" else 400)).replace(day=1)
        Interview.objects.create(member=member, month=month, rest=month + timedelta(days=365))
    assert members(propose()) == ([member] if why == "rested" else [])


def test_again_proposes_nobody_else_and_a_swap_the_next():
    InterviewTerms.objects.create(pk=1, fewest=1, most=2)
    first, second, third = (complainer(times) for times in (3, 2, 1))
    made = propose()
    assert members(made) == [first, second]
    assert propose() == []
    actor = StaffFactory()
    assert commands.swap(interview_id=made[0].pk, actor=actor, at=T0).member == third
    assert commands.swap(interview_id=made[1].pk, actor=actor, at=T0) is None  # nobody is left
    assert Interview.objects.filter(state="dropped").count() == 2


def test_segments_have_their_share():
    InterviewTerms.objects.create(pk=1, fewest=1, most=10)
    north = Segment.objects.create(code="north", name="北", filters={"region": "北方"})
    InterviewQuota.objects.create(position=1, segment=north, most=1)
    InterviewQuota.objects.create(position=2, segment=None, most=1)
    for _n in range(3):
        complainer(region="北方")
        complainer(region="南方")
    made = propose()
    assert sorted(one.segment for one in made) == ["", "north"]
    assert propose() == []  # the shares are full


def test_the_database_lets_nobody_be_asked_twice_within_the_rest():
    member = MemberFactory()
    Interview.objects.create(member=member, month=MONTH, rest=MONTH + timedelta(days=365))
    later = (MONTH + timedelta(days=70)).replace(day=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Interview.objects.create(member=member, month=later, rest=later + timedelta(days=365))
    Interview.objects.update(state="dropped")
    Interview.objects.create(member=member, month=later, rest=later + timedelta(days=365))


@pytest.mark.django_db(transaction=True)
def test_two_proposals_at_once_fill_the_month_once():
    InterviewTerms.objects.create(pk=1, fewest=1, most=2)
    for _n in range(4):
        complainer()
    results = at_once(*[propose for _n in range(3)])
    assert not refused(results)
    assert Interview.objects.count() == 2


def test_a_month_is_begun_by_itself_once_in_the_shops_time():
    member = complainer()
    last_evening = datetime(2026, 2, 28, 16, 30, tzinfo=UTC)  # half past midnight of March in Shanghai
    Case.objects.update(opened_at=last_evening - timedelta(days=3))
    made = proposing.propose_this_month(at=last_evening)
    assert [(one.member, one.month) for one in made] == [(member, date(2026, 3, 1))]
    Interview.objects.update(state="dropped")
    assert proposing.propose_this_month(at=last_evening) == []  # what somebody decided stays
