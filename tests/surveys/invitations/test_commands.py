from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import Notice
from compensation.notices import links as notice_links
from compensation.segments import commands as segments
from config.common.errors import InUse, NotFound
from config.common.models import Event, OutboxMessage
from config.common.outbox import Dropped
from feedback.models import Resolution
from surveys.campaigns import commands as campaigns
from surveys.campaigns import subjects
from surveys.invitations import links, queries
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Campaign, Invitation, Response
from tests.factories.care import SegmentFactory
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.surveys import NOW, after_case, invited, token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2")]


def test_a_closed_case_invites_its_member_once():
    invitation = invited()
    assert invite_closed_cases(at=NOW + timedelta(minutes=1)) == 0
    assert invitation.member == invitation.case.member
    assert invitation.expires_at == NOW + timedelta(days=14)
    assert Notice.objects.filter(member=invitation.member, kind="survey.invited").count() == 1
    assert OutboxMessage.objects.get(kind="survey").payload["channel"] == invitation.channel
    assert Event.objects.get(kind="survey.invited").subject_id == invitation.case_id


def test_the_secret_is_in_no_row_and_goes_out_with_the_message():
    invitation = invited()
    token = token_of(invitation)
    assert len(token) == 43
    assert queries.by_token(token) == invitation
    with connection.cursor() as cursor:
        for table in ("surveys_invitation", "compensation_notice", "common_outboxmessage", "common_event"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            assert all(token not in row for (row,) in cursor.fetchall())
    notice = Notice.objects.get()
    assert notice.path == f"/portal/surveys/{invitation.pk}/"
    assert notice_links.link_of(notice) == f"{settings.PUBLIC_URL}/s/{token}/"
    notice.key = "invitation:0"
    with pytest.raises(Dropped):
        notice_links.link_of(notice)
    assert notice_links.link_of(Notice(kind="other", path="/x/")) == f"{settings.PUBLIC_URL}/x/"


def test_a_member_is_asked_in_their_language():
    invited(member=MemberFactory(language="en"))
    assert Notice.objects.get().title.startswith("How did we do")


def test_who_is_not_asked():
    after_case()
    CaseFactory()
    CaseFactory(resolved=True)
    CaseFactory(closed=True, resolution=Resolution.DUPLICATE)
    CaseFactory(closed=True, member=MemberFactory(erased_at=T0))
    CaseFactory(closed=True, closed_at=NOW - timedelta(days=7))
    CaseFactory(closed=True, closed_at=NOW + timedelta(seconds=1))
    assert invite_closed_cases(at=NOW) == 0
    CaseFactory(closed=True, closed_at=NOW)
    assert invite_closed_cases(at=NOW) == 1


def test_a_campaign_that_is_paused_or_not_begun_invites_nobody():
    campaign = after_case()
    CaseFactory(closed=True)
    campaigns.pause(campaign_id=campaign.pk, actor=None, at=NOW)
    assert invite_closed_cases(at=NOW) == 0
    campaigns.launch(campaign_id=campaign.pk, actor=None, at=NOW)
    Campaign.objects.update(starts_at=NOW + timedelta(days=1))
    assert invite_closed_cases(at=NOW) == 0
    Campaign.objects.update(starts_at=NOW)
    assert invite_closed_cases(at=NOW) == 1


def follow_up_of(case):
    """A closed follow-up of a case, as a bad answer leads to."""
    invitation = Invitation.objects.get(case=case)
    follow_up = CaseFactory(closed=True, channel="survey")
    Response.objects.create(
        invitation=invitation,
        wave=invitation.wave,
        version=invitation.version,
        at=NOW,
        week=NOW.date() - timedelta(days=NOW.weekday()),
        follow_up=follow_up,
    )
    return follow_up


@pytest.mark.req("S6")
def test_asking_about_follow_ups_ends():
    first = invited().case
    second = follow_up_of(first)
    assert invite_closed_cases(at=NOW) == 1  # the outcome is asked for
    follow_up_of(second)
    assert invite_closed_cases(at=NOW) == 0  # and that is where it ends


def test_invites_in_steps_with_a_constant_number_of_queries():
    invited()  # the wave is there
    counts = []
    for cases in (1, 3):
        for _ in range(cases):
            CaseFactory(closed=True)
        with CaptureQueriesContext(connection) as made:
            assert invite_closed_cases(at=NOW) == cases
        counts.append(len(made))
    assert counts[0] == counts[1]
    for _ in range(3):
        CaseFactory(closed=True)
    assert [invite_closed_cases(at=NOW, limit=2) for _ in range(3)] == [2, 1, 0]


def test_a_member_sees_their_own_invitations():
    invitation = invited()
    stranger = MemberFactory()
    assert list(queries.open_for(invitation.member, NOW)) == [invitation]
    assert not queries.open_for(invitation.member, invitation.expires_at)
    assert not queries.open_for(stranger, NOW)
    with pytest.raises(NotFound):
        queries.by_member(invitation.pk, stranger)
    with pytest.raises(NotFound):
        queries.by_token("x" * 43)


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_invite_each_case_once():
    after_case()
    for _ in range(6):
        CaseFactory(closed=True)
    results = at_once(*[lambda: invite_closed_cases(at=NOW) for _ in range(6)])
    assert not refused(results)
    while more := invite_closed_cases(at=NOW):
        results.append(more)
    assert sum(results) == Invitation.objects.count() == Notice.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_a_pass_that_saw_the_cases_before_another_ended_invites_nobody_twice(monkeypatch):
    """The lock is free again and the other's invitations are there, but not in this pass's snapshot."""
    after_case()
    case = CaseFactory(closed=True)
    known = list(subjects.happened(Campaign.objects.get(), NOW))
    assert [row["about_case"] for row in known] == [case.pk]
    invite_closed_cases(at=NOW)
    monkeypatch.setattr(subjects, "happened", lambda *_args: known)
    assert invite_closed_cases(at=NOW) == 0
    assert Invitation.objects.count() == Notice.objects.count() == 1
    assert links.digest("a") != links.digest("b")


@pytest.mark.req("C12")
def test_a_campaign_for_a_segment_asks_its_members_alone():
    segment = SegmentFactory(filters={"region": "上海"})
    after_case()
    inside, _outside = (
        CaseFactory(closed=True, member=MemberFactory(region=region)) for region in ("上海", "北京")
    )
    Campaign.objects.update(segment=segment)
    invite_closed_cases(at=NOW)
    assert set(Invitation.objects.values_list("case", flat=True)) == {inside.pk}
    with pytest.raises(InUse, match=str(Campaign.objects.first())):
        segments.delete(segment_id=segment.pk, actor=None, at=NOW)


def test_a_segment_that_makes_no_sense_any_more_asks_nobody_and_stops_no_other_campaign():
    after_case()
    case = CaseFactory(closed=True)
    Campaign.objects.update(segment=SegmentFactory(filters={"shoe_size": "42"}))
    assert invite_closed_cases(at=NOW) == 0
    Campaign.objects.update(segment=None)
    assert invite_closed_cases(at=NOW) == 1
    assert Invitation.objects.get().case == case
