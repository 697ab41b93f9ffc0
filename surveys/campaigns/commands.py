"""A campaign's life: prepared, launched, paused, ended."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound
from config.common.events import Actor, record
from surveys.campaigns import rules
from surveys.models import Campaign, CampaignState, SkipReason, Stratum, Survey, SurveyTerms
from surveys.questionnaires.queries import current

FIXED = ("survey_id", "occasion", "rhythm", "is_anonymous")
"""What answers rest on: it stays as it is once the campaign was launched."""
TERMS = ("most", "days", "quiet_from", "quiet_until", "told_at", "few", "smallest_cell")
"""What people set of the terms of surveys; the rest is where the work stands."""


class Launched(MoveNotAllowed):
    """What answers rest on is not changed any more."""

    code = "launched"
    default = _("The campaign has been launched: questionnaire, occasion and anonymity stay as they are.")


@transaction.atomic
def save_campaign(*, campaign: Campaign, actor: Actor, at: datetime) -> Campaign:
    """Keep a new or changed campaign. Invitations that are out keep what they were sent with.

    Raises:
        Launched: what answers rest on was changed.
        Invalid: it makes no sense.
    """
    for name, problem in rules.problems(vars(campaign)):
        raise Invalid(problem, field=name)
    known = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign.pk).first()
    if known is not None:
        was, now = ([getattr(one, name) for name in FIXED] for one in (known, campaign))
        if known.state != CampaignState.DRAFT and was != now:
            raise Launched
        campaign.state = known.state
    campaign.save()
    record(
        "campaign.saved",
        campaign,
        actor=actor,
        at=at,
        survey=campaign.survey_id,
        segment=campaign.segment_id,
        is_anonymous=campaign.is_anonymous,
        holdout=campaign.holdout,
        within_days=campaign.within_days,
        valid_days=campaign.valid_days,
    )
    return campaign


@transaction.atomic
def save_strata(*, campaign_id: int, strata: Sequence[Stratum], actor: Actor, at: datetime) -> None:
    """Give a draft these strata, in this order, in place of those that it had.

    Raises:
        Launched: members were drawn by what it has.
        Invalid: nobody could be in one of them.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
    if campaign.state != CampaignState.DRAFT:
        raise Launched
    if problem := rules.problem_of_strata([one.segment_id for one in strata]):
        raise Invalid(problem, field="strata")
    campaign.strata.all().delete()
    for position, stratum in enumerate(strata, start=1):
        stratum.campaign, stratum.position = campaign, position
    Stratum.objects.bulk_create(strata)
    record("campaign.strata_saved", campaign, actor=actor, at=at, strata=len(strata))


@transaction.atomic
def launch(*, campaign_id: int, actor: Actor, at: datetime) -> Campaign:
    """Begin to ask, or go on after a pause.

    Raises:
        Invalid: nothing is published that could be asked, or the questionnaire was retired.
    """
    campaign = _move(campaign_id, CampaignState.RUNNING, actor, at)
    survey = Survey.objects.select_for_update(no_key=True).get(pk=campaign.survey_id)
    if survey.retired_at is not None:
        raise Invalid(_("The questionnaire was retired. Take it up again first."))
    if current(campaign.survey) is None:
        raise Invalid(_("No version of the questionnaire is published yet."))
    if campaign.starts_at is None:
        campaign.starts_at = at
        campaign.save(update_fields=["starts_at"])
    return campaign


UNASKED = """
WITH gone AS (DELETE FROM surveys_waiting WHERE wave_id IN (
  SELECT id FROM surveys_wave WHERE campaign_id = %(campaign)s) RETURNING wave_id, member_id, key)
INSERT INTO surveys_skip (wave_id, member_id, key, reason, at)
SELECT wave_id, member_id, key, %(reason)s, %(at)s FROM gone ON CONFLICT (wave_id, key) DO NOTHING
"""


@transaction.atomic
def pause(*, campaign_id: int, actor: Actor, at: datetime) -> Campaign:
    """Ask and remind nobody for the time being. Those who were asked can answer, those who wait go on."""
    return _move(campaign_id, CampaignState.PAUSED, actor, at)


@transaction.atomic
def end(*, campaign_id: int, actor: Actor, at: datetime) -> Campaign:
    """Ask and remind nobody any more, for good. Those who were asked can answer; nobody waits any more."""
    campaign = _move(campaign_id, CampaignState.ENDED, actor, at)
    with connection.cursor() as cursor:
        cursor.execute(UNASKED, {"campaign": campaign_id, "reason": str(SkipReason.ENDED), "at": at})
    return campaign


def end_due(*, at: datetime) -> int:
    """End the campaigns whose time is over; returns how many."""
    over = Campaign.objects.filter(state__in=[CampaignState.RUNNING, CampaignState.PAUSED], ends_at__lte=at)
    ended = 0
    for campaign_id in over.order_by("pk").values_list("pk", flat=True):
        with suppress(MoveNotAllowed):  # somebody has just ended it
            end(campaign_id=campaign_id, actor=None, at=at)
            ended += 1
    return ended


@transaction.atomic
def save_terms(*, terms: SurveyTerms, actor: Actor, at: datetime) -> SurveyTerms:
    """Keep what holds for all campaigns together, and leave alone how far results were told meanwhile."""
    values = {name: getattr(terms, name) for name in TERMS}
    kept, _is_new = SurveyTerms.objects.update_or_create(pk=terms.pk, defaults=values)
    record(
        "surveyterms.saved",
        kept,
        actor=actor,
        at=at,
        **{name: value if isinstance(value, int) else str(value) for name, value in values.items()},
    )
    return kept


def _move(campaign_id: int, to: CampaignState, actor: Actor, at: datetime) -> Campaign:
    campaign = (
        Campaign.objects.select_for_update(no_key=True, of=("self",))
        .select_related("survey")
        .filter(pk=campaign_id)
        .first()
    )
    if campaign is None:
        raise NotFound
    if to not in rules.MOVES[CampaignState(campaign.state)]:
        raise MoveNotAllowed(
            _("A campaign that is %(state)s cannot become that.") % {"state": campaign.get_state_display()}
        )
    was, campaign.state = campaign.state, to
    campaign.save(update_fields=["state"])
    record("campaign.moved", campaign, actor=actor, at=at, was=was, to=str(to))
    return campaign
