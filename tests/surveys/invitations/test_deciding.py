from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import ConsentChoice, Member
from config.common.models import OutboxMessage
from surveys.campaigns import commands
from surveys.campaigns.queries import preview
from surveys.campaigns.waves import wave_at
from surveys.invitations import deciding
from surveys.invitations.commands import ask, draw, invite_due
from surveys.models import Campaign, Invitation, Occasion, Skip, SurveyTerms, Waiting, WaveCell
from tests.factories.care import SegmentFactory
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.feedback import CaseFactory
from tests.factories.surveys import NOW, drafted, questionnaire, running
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NIGHT = NOW.replace(hour=15)  # eleven in the evening in Shanghai


def reachable(**fields) -> Member:
    return MemberFactory(**{"phone": "13800000001", "email": "m@example.com", **fields})


def refuse(member, *channels):
    ConsentChoice.objects.bulk_create(
        ConsentChoice(
            member=member, purpose="survey", channel=one, is_given=False, source="portal", changed_at=T0
        )
        for one in channels
    )


def reasons() -> dict[int, str]:
    return dict(Skip.objects.values_list("member", "reason"))


def test_every_member_who_is_drawn_is_asked_or_has_a_reason(settings):
    settings.LAPTOP, settings.PUSH_WEBHOOK_URL = False, ""
    settings.SMS_WEBHOOK_URL = "http://gateway.example"
    asked, by_letter = reachable(), reachable(phone="")
    nobody = MemberFactory(phone="", email="")
    unwilling = reachable()
    refuse(unwilling, "sms", "email")
    partly = reachable()
    refuse(partly, "sms")
    failing = reachable(phone="", email_failed_at=T0)
    busy = reachable()
    CaseFactory(member=busy)
    campaign = running(channels=["push", "sms", "email"])
    before = preview(campaign, NOW)
    decided = ask(at=NOW)
    assert dict(Invitation.objects.values_list("member", "channel")) == {
        asked.pk: "sms", by_letter.pk: "email", partly.pk: "email",
    }  # fmt: skip
    assert reasons() == {nobody.pk: "no_channel", failing.pk: "no_channel", unwilling.pk: "consent"}
    assert Waiting.objects.get().member == busy
    assert (decided.asked, decided.skipped, decided.postponed) == (3, 3, 1)
    assert before.total.by_channel == {"sms": 1, "email": 2}
    assert before.total.not_asked == {"no_channel": 2, "consent": 1}
    assert before.total.later == {"later_case": 1}
    assert before.total.total == 7
    messages = OutboxMessage.objects.filter(kind="survey")
    assert messages.count() == 3


def test_the_portal_asks_whoever_has_not_refused_everything():
    asked, unwilling = MemberFactory(phone="", email=""), MemberFactory()
    refuse(unwilling, "sms", "email", "push", "wechat")
    running(channels=[])
    ask(at=NIGHT)  # it disturbs nobody
    assert Invitation.objects.get().member == asked
    assert reasons() == {unwilling.pk: "consent"}
    assert not OutboxMessage.objects.filter(kind="survey").exists()


def test_who_was_asked_the_same_not_long_ago_is_not_asked_again():
    member = reachable()
    running("first", rest_days=90)
    ask(at=NOW)
    running("same", rest_days=90, is_capped=False)
    running("other", survey=questionnaire("other"), rest_days=90)
    ask(at=NOW + 89 * DAY)
    assert list(Skip.objects.values_list("wave__campaign__code", "reason")) == [("same", "resting")]
    running("later", rest_days=90, is_capped=False, survey=questionnaire("quarterly"))
    assert Invitation.objects.filter(member=member).count() == 2
    ask(at=NOW + 180 * DAY)
    assert Invitation.objects.filter(member=member, wave__campaign__code="later").exists()


def test_no_more_than_the_cap_of_all_surveys_but_for_those_that_do_not_count():
    reachable()
    SurveyTerms.objects.create(most=2, days=30)
    for number in range(4):
        running(f"capped-{number}", survey=questionnaire(f"q{number}"))
    running("uncapped", survey=questionnaire("q9"), is_capped=False)
    ask(at=NOW)
    assert Invitation.objects.filter(wave__campaign__is_capped=True).count() == 2
    assert Invitation.objects.filter(wave__campaign__code="uncapped").count() == 1
    assert list(Skip.objects.values_list("reason", flat=True)) == ["cap", "cap"]
    running("again", survey=questionnaire("q10"))
    ask(at=NOW + 30 * DAY)  # the days are over
    assert Invitation.objects.filter(wave__campaign__code="again").count() == 1


def test_two_orders_of_one_member_are_decided_on_one_after_the_other():
    member = reachable()
    for _ in range(3):
        OrderFactory(member=member, status="paid", paid_at=NOW - DAY)
    campaign = running("paid", occasion=Occasion.ORDERED, rest_days=7, is_capped=False)
    counted = preview(campaign, NOW).total
    assert (counted.asked, counted.not_asked) == (1, {"resting": 2})
    ask(at=NOW)
    assert Invitation.objects.count() == 1
    assert list(Skip.objects.values_list("reason", flat=True)) == ["resting", "resting"]


def test_at_night_everybody_waits_until_morning():
    reachable()
    running()
    assert ask(at=NIGHT).postponed == 1
    waiting = Waiting.objects.get()
    assert waiting.due_at == NIGHT.replace(hour=1) + DAY  # nine in the morning
    assert invite_due(at=NIGHT + HOUR).total == 0
    assert ask(at=waiting.due_at).asked == 1


def test_quiet_hours_are_the_houses_own():
    reachable()
    SurveyTerms.objects.create(quiet_from=time(16), quiet_until=time(18))
    running()
    assert ask(at=NOW).postponed == 1  # five in the afternoon
    assert ask(at=NOW + HOUR).asked == 1


def test_while_a_case_is_open_the_member_waits_and_is_then_asked_or_not():
    busy, patient = reachable(), reachable()
    for member in (busy, patient):
        CaseFactory(member=member)
    running(within_days=2)
    assert ask(at=NOW).postponed == 2
    patient.cases.update(status="resolved", resolved_at=NOW, resolution="solved")
    assert ask(at=NOW + HOUR).asked == 1
    assert Invitation.objects.get().member == patient
    ask(at=NOW + 2 * DAY + HOUR)
    assert reasons() == {busy.pk: "open_case"}
    relaxed = running("relaxed", waits_for_cases=False, survey=questionnaire("other"))
    ask(at=NOW)
    assert Invitation.objects.filter(wave__campaign=relaxed).count() == 2


def test_what_waited_too_long_is_too_old():
    member = reachable()
    running(within_days=2)
    draw(at=NOW)
    ask(at=NOW + 3 * DAY)
    assert reasons() == {member.pk: "too_old"}


def test_who_was_erased_meanwhile_is_not_asked():
    member = reachable()
    running()
    draw(at=NOW)
    Member.objects.update(erased_at=NOW)
    ask(at=NOW)
    assert reasons() == {member.pk: "erased"}


def test_nobody_is_asked_once_enough_have_answered():
    segment = SegmentFactory(filters={"region": "北京"})
    full, free = reachable(region="北京"), reachable(region="上海")
    campaign = running(strata=[(segment, 100), (None, 100)])
    campaign.strata.filter(position=1).update(quota=5)
    wave_at(campaign, NOW)
    WaveCell.objects.update(answered=5)
    counted = preview(campaign, NOW)
    assert [line.asked for line in counted.lines] == [0, 1]
    ask(at=NOW)
    assert reasons() == {full.pk: "quota"}
    assert Invitation.objects.get().member == free


def test_an_invitation_knows_the_segments_of_its_member():
    SegmentFactory(code="north", filters={"region": "北京"})
    SegmentFactory(code="all", filters={})
    SegmentFactory(code="senseless", filters={"shoe_size": "42"})
    reachable(region="北京")
    running()
    ask(at=NOW)
    assert Invitation.objects.get().segments == ["all", "north"]


def test_who_waits_goes_on_after_a_pause_and_is_told_of_when_it_ends():
    member = reachable()
    campaign = running()
    draw(at=NOW)
    commands.pause(campaign_id=campaign.pk, actor=None, at=NOW)
    assert invite_due(at=NOW).total == 0
    assert Waiting.objects.count() == 1
    commands.launch(campaign_id=campaign.pk, actor=None, at=NOW)
    commands.end(campaign_id=campaign.pk, actor=None, at=NOW)
    assert reasons() == {member.pk: "ended"}
    assert not Waiting.objects.exists()


def test_deciding_takes_as_many_queries_for_three_as_for_one():
    running(strata=[(None, 100)])
    reachable()
    ask(at=T0)
    counts = []
    for members in (1, 3):
        wave = Campaign.objects.get().waves.get()
        for member in [reachable() for _ in range(members)]:
            Waiting.objects.create(
                wave=wave, member=member, key=f"member:{member.pk}", happened_at=NOW, due_at=NOW
            )
        with CaptureQueriesContext(connection) as made:
            assert invite_due(at=NOW).asked == members
        counts.append(len(made))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_two_campaigns_at_once_never_ask_a_member_beyond_the_cap():
    SurveyTerms.objects.create(most=1, days=30)
    members = [reachable() for _ in range(6)]
    for number in range(4):
        running(f"capped-{number}", survey=questionnaire(f"q{number}"))
    while draw(at=NOW):
        pass
    waves = list(Waiting.objects.order_by("wave").values_list("wave", flat=True).distinct())

    def decide(pk):
        wave = deciding.Wave.objects.select_related("campaign__survey").get(pk=pk)
        return deciding._decide(wave, NOW, 100)

    assert not refused(at_once(*[lambda pk=pk: decide(pk) for pk in waves]))
    ask(at=NOW)
    for member in members:
        assert member.invitations.count() == 1
    assert Skip.objects.filter(reason="cap").count() == 3 * len(members)


@pytest.mark.django_db(transaction=True)
def test_a_pause_lets_nobody_be_asked_who_is_not_asked_already():
    for _ in range(5):
        reachable()
    campaign = running()
    draw(at=NOW)

    decided = behind(
        lambda: commands.pause(campaign_id=campaign.pk, actor=None, at=NOW),
        lambda: invite_due(at=NOW),
        lambda: None,
    )
    assert decided.total == 0
    assert not Invitation.objects.exists()
    assert Waiting.objects.count() == 5


def test_a_draft_can_be_counted_by_stratum():
    north = SegmentFactory(filters={"region": "北京"})
    for region in ["北京"] * 3 + ["上海"] * 2:
        reachable(region=region)
    counted = preview(drafted(strata=[(north, 100)]), NOW)
    (first, rest) = counted.lines
    assert (first.asked, rest.stratum, rest.not_asked) == (3, None, {"not_drawn": 2})
    assert preview(drafted("open", occasion=Occasion.OPEN), NOW).total.total == 0
    assert not Waiting.objects.exists()


def test_what_was_decided_on_is_not_decided_on_again():
    member = reachable()
    campaign = running(channels=["email"])
    wave = wave_at(campaign, NOW)
    skipped, asked = (reachable() for _ in range(2))
    Skip.objects.create(wave=wave, member=skipped, key="order:1", reason="cap", at=NOW)
    ask(at=NOW)
    before = Invitation.objects.count()
    for one, key in ((skipped, "order:1"), (asked, f"member:{asked.pk}"), (member, f"member:{member.pk}")):
        Waiting.objects.create(wave=wave, member=one, key=key, happened_at=NOW, due_at=NOW)
    assert invite_due(at=NOW).total == 0
    assert Invitation.objects.count() == before
    assert not Waiting.objects.exists()
