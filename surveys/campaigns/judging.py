"""What becomes of each subject now: asked by which channel, asked later, or not asked and why.

One statement, for those who are about to be asked and for the count before a launch alike, so that the count
says what will happen.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from compensation.care.days import out_of_quiet
from compensation.members.commands import GUEST
from compensation.models import OFFERED, Purpose
from config.common import gateways
from feedback.models.case import ENDED
from surveys.models import AskChannel, Campaign, SurveyTerms

LATER_CASE, LATER_QUIET = "later_case", "later_quiet"
"""Not now: a case is open; it is night."""
LATER = (LATER_CASE, LATER_QUIET)

JUDGED = """
SELECT subject.*, known.heard, CASE
    WHEN member.erased_at IS NOT NULL THEN 'erased'
    WHEN known.is_late AND known.has_case THEN 'open_case'
    WHEN known.is_late THEN 'too_old'
    WHEN %(is_full)s OR subject.stratum_id = ANY(%(full)s) THEN 'quota'
    WHEN known.has_case THEN 'later_case'
    WHEN %(is_quiet)s THEN 'later_quiet'
    WHEN {resting} THEN 'resting'
    WHEN known.heard >= %(most)s THEN 'cap'
    {channels}
    WHEN {reached} THEN 'consent'
    ELSE 'no_channel' END AS verdict
FROM ({subjects}) AS subject JOIN compensation_member member ON member.id = subject.member_id
CROSS JOIN LATERAL (SELECT
    subject.happened_at + %(patience)s < %(at)s AS is_late,
    {has_case} AS has_case,
    {heard} AS heard,
    ARRAY(SELECT channel FROM compensation_consentchoice WHERE member_id = member.id
      AND purpose = 'survey' AND NOT is_given) AS refused
) AS known
"""
HAS_CASE = "EXISTS (SELECT FROM feedback_case WHERE member_id = member.id AND NOT status = ANY(%(ended)s))"
RESTING = """EXISTS (SELECT FROM surveys_invitation asked WHERE asked.member_id = member.id
  AND asked.way = 'asked' AND asked.invited_at > %(rested)s AND asked.wave_id IN (
    SELECT wave.id FROM surveys_wave wave JOIN surveys_campaign campaign ON campaign.id = wave.campaign_id
    WHERE campaign.survey_id = %(survey)s))"""
HEARD = """(SELECT count(*) FROM surveys_invitation asked WHERE asked.member_id = member.id
  AND asked.way = 'asked' AND asked.invited_at > %(heard_since)s AND asked.wave_id IN (
    SELECT wave.id FROM surveys_wave wave JOIN surveys_campaign campaign ON campaign.id = wave.campaign_id
    WHERE campaign.is_capped))"""

HAS: dict[str, str] = {
    AskChannel.EMAIL: "(member.email <> '' AND member.email_failed_at IS NULL)",
    AskChannel.SMS: "member.phone <> ''",
    AskChannel.PUSH: "NOT starts_with(member.external_id, %(guest)s)",
    AskChannel.WECHAT: "NOT starts_with(member.external_id, %(guest)s)",
    AskChannel.PORTAL: "true",
}
"""Who can be reached by a channel, as far as we know: whether there is an app, its gateway says."""


def terms() -> SurveyTerms:
    """What holds for all campaigns; as it ships until somebody changes it."""
    return SurveyTerms.objects.first() or SurveyTerms()


def channels_of(campaign: Campaign) -> list[str]:
    """The channels of a campaign that messages can leave by, in its order; of none, the portal."""
    return [one for one in campaign.channels or [AskChannel.PORTAL] if gateways.is_there(one)]


def morning(at: datetime, *, using: SurveyTerms) -> datetime:
    """The first moment from `at` on that is not quiet, in the shop's zone: members have told us none."""
    return out_of_quiet(at, using.quiet_from, using.quiet_until, ZoneInfo(settings.TIME_ZONE))


def judged(
    campaign: Campaign,
    subjects: str,
    *,
    at: datetime,
    using: SurveyTerms,
    full: Collection[int | None] = (),
    minds_the_night: bool = True,
) -> tuple[str, dict[str, Any]]:
    """The statement that judges subjects (`member_id`, `stratum_id`, `happened_at`), and its values.

    Adds `heard` (how often the member was asked within the days of the cap) and `verdict`: a channel, one of
    LATER, or a SkipReason. `full` are the strata that enough have answered of, None for the whole wave.
    """
    channels = channels_of(campaign)
    sends = any(one != AskChannel.PORTAL for one in channels)
    sql = JUDGED.format(
        subjects=subjects,
        has_case=HAS_CASE if campaign.waits_for_cases else "false",
        resting=RESTING if campaign.rest_days else "false",
        heard=HEARD if campaign.is_capped else "-1",
        channels="\n".join(f"WHEN {HAS[one]} AND NOT {_refused(one)} THEN '{one}'" for one in channels),
        reached=" OR ".join(HAS[one] for one in channels) or "false",
    )
    return sql, {
        "at": at,
        "patience": timedelta(hours=campaign.delay_hours, days=campaign.within_days),
        "is_full": None in full,
        "full": [pk for pk in full if pk is not None],
        "is_quiet": minds_the_night and sends and morning(at, using=using) > at,
        "most": using.most,
        "heard_since": at - timedelta(days=using.days),
        "rested": at - timedelta(days=campaign.rest_days),
        "survey": campaign.survey_id,
        "ended": [str(status) for status in ENDED],
        "guest": GUEST,
    }


def _refused(channel: str) -> str:
    """Whoever refuses every way of being asked is not asked in the portal either."""
    if channel == AskChannel.PORTAL:
        every = ",".join(f"'{one}'" for one in OFFERED[Purpose.SURVEY])
        return f"known.refused @> ARRAY[{every}]::varchar[]"
    return f"'{channel}' = ANY(known.refused)"
