"""Whatever happens to members, in whatever order, nobody is asked too often, and chance keeps its word."""

import hashlib
from datetime import timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from compensation.consents.commands import choose
from compensation.models import OFFERED, OrderStatus, Purpose
from feedback.models.case import ENDED
from surveys.campaigns import commands as campaigns
from surveys.invitations.commands import ask, draw, find, invite_due, remind_due
from surveys.models import Campaign, CampaignState, Invitation, Occasion, Skip, SurveyTerms, Waiting, Wave
from surveys.responses.commands import answer
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.surveys import NOW, questionnaire, running, token_of

MOST, DAYS = 2, 14
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUIET = range(13, 24), range(1)  # nine in the evening until nine in the morning, in Shanghai
SHARE, HELD = 70, 25


def place(*parts):
    """The first 32 bits of the MD5, as a share of one: written here anew, since the house's may be wrong."""
    text = "|".join(map(str, parts))
    return int(hashlib.md5(text.encode()).hexdigest()[:8], 16) / 2**32


class Year:
    """Some members, five campaigns, and what may happen to them."""

    def __init__(self, random):
        self.random, self.now = random, NOW
        self.asked, self.fates = {}, {}
        SurveyTerms.objects.create(most=MOST, days=DAYS)
        DepartmentFactory(takes_new=True)
        self.members = []
        for _n in range(5):
            self.does_join()
        some = {"strata": [(None, SHARE)], "holdout": HELD}
        month = {"occasion": Occasion.RECURRING, "rhythm": "month"}
        self.campaigns = [
            running("monthly", rest_days=20, **month, **some),
            running("bought", occasion=Occasion.ORDERED, rest_days=12, is_capped=False, **some),
            running("helped", occasion=Occasion.CASE_CLOSED, survey=questionnaire("case"), **some),
            running("uncapped", survey=questionnaire("case"), rest_days=9, is_capped=False, **month, **some),
            running("patient", survey=questionnaire("other"), waits_for_cases=False, **month),
        ]

    @property
    def someone(self):
        return self.random.choice(self.members)

    def live(self, steps):
        can = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("does_")]
        holds = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("holds_")]
        for _step in range(steps):
            self.random.choice(can)()
            fresh = Invitation.objects.exclude(pk__in=self.asked)
            self.fresh = fresh.select_related("wave__campaign", "member")
            for hold in holds:
                hold()
            self.asked |= {one.pk: one for one in self.fresh}

    def does_join(self):
        self.members.append(MemberFactory(phone="13800000001", email=""))

    def does_buy(self):
        for member in self.random.sample(self.members, 3):
            OrderFactory(member=member, status=OrderStatus.PAID, paid_at=self.now - HOUR)

    does_buy_again = does_buy

    def does_complain(self):
        CaseFactory(member=self.someone)

    def does_hear_back(self):
        for case in self.someone.cases.exclude(status__in=ENDED):
            type(case).objects.filter(pk=case.pk).update(
                status="resolved", resolved_at=self.now, resolution="solved"
            )

    def does_get_help(self):
        CaseFactory(closed=True, member=self.someone, closed_at=self.now - HOUR)

    def does_answer(self):
        open_ = Invitation.objects.filter(is_answered=False, expires_at__gt=self.now).order_by("pk")
        if open_:
            score = self.random.randint(1, 5)
            answer(token=token_of(self.random.choice(open_)), answers={"csat": score}, at=self.now)

    def does_choose(self):
        wanted = {(Purpose.SURVEY, one): self.random.random() < 0.5 for one in OFFERED[Purpose.SURVEY]}
        choose(member=self.someone, wanted=wanted, source="portal", at=self.now)

    def does_pause(self):
        """Pause a campaign, or launch the one that is paused."""
        paused = Campaign.objects.filter(state=CampaignState.PAUSED).first()
        move = campaigns.launch if paused else campaigns.pause
        move(campaign_id=(paused or self.random.choice(self.campaigns)).pk, actor=None, at=self.now)

    def does_wait(self):
        self.now += timedelta(hours=self.random.randint(1, 30))
        self.does_a_pass()

    does_wait_on = does_wait_again = does_wait

    def does_a_week(self):
        self.now += timedelta(days=self.random.randint(3, 9))
        self.does_a_pass()

    def does_a_pass(self):
        ask(at=self.now)
        remind_due(at=self.now)

    def does_a_piece(self):
        """A worker that is stopped in the middle."""
        find(at=self.now, limit=1)
        draw(at=self.now, step=3)
        invite_due(at=self.now, limit=self.random.randint(1, 3))

    def holds_the_rest(self):
        for one in self.fresh:
            campaign = one.wave.campaign
            if campaign.rest_days:
                same = Invitation.objects.filter(member=one.member, wave__campaign__survey=campaign.survey_id)
                rested = one.invited_at - campaign.rest_days * DAY
                assert not same.exclude(pk=one.pk).filter(invited_at__gt=rested).exists()

    def holds_the_cap(self):
        for one in self.fresh:
            capped = Invitation.objects.filter(member=one.member, wave__campaign__is_capped=True)
            assert capped.filter(invited_at__gt=one.invited_at - DAYS * DAY).count() <= MOST

    def holds_what_the_member_wants(self):
        for one in self.fresh:
            refused = one.member.consent_choices.filter(purpose="survey", channel=one.channel, is_given=False)
            assert not refused.exists()
            assert not any(one.invited_at.hour in hours for hours in QUIET)
            if one.wave.campaign.waits_for_cases:
                assert (
                    not one.member.cases.exclude(status__in=ENDED)
                    .filter(opened_at__lte=one.invited_at)
                    .exists()
                )

    def holds_the_sample(self):
        """Who is drawn is so by their place alone; the holdout is never asked. One fate each, for good."""
        fates = {}
        for table in (Invitation, Skip, Waiting):
            for row in table.objects.select_related("wave__campaign"):
                assert (row.wave_id, row.key) not in fates
                reason = getattr(row, "reason", "")
                fates[row.wave_id, row.key] = (table, reason)
                drawn, held = self.lot(row.wave, row.member_id)
                assert drawn == (reason != "not_drawn")
                assert (drawn and held) == (reason == "holdout")
        for key, fate in self.fates.items():
            assert fates[key] == fate or fate[0] is Waiting
        self.fates = fates

    def holds_who_was_drawn(self):
        for wave in Wave.objects.exclude(drawn_at=None).select_related("campaign"):
            for member in self.members:
                if member.pk <= wave.drawn_up_to:
                    assert ((wave.pk, f"member:{member.pk}") in self.fates) == self.lot(wave, member.pk)[0]

    def lot(self, wave, member_id):
        """Whether chance draws a member for a wave, and whether it keeps them from ever being asked."""
        code = wave.campaign.code
        if code == "patient":
            return True, False
        drawn = place(code, wave.label, member_id) < SHARE / 100
        return drawn, place(code, "holdout", member_id) < HELD / 100


@pytest.mark.django_db
@pytest.mark.req("S1")
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)
def test_no_sequence_of_things_asks_anybody_too_often(seed):
    with transaction.atomic():
        year = Year(Random(seed))
        year.live(steps=40)
        assert len(year.asked) > 5
        assert any(reason in {"holdout", "not_drawn"} for _table, reason in year.fates.values())
        transaction.set_rollback(True)
