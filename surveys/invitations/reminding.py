"""Reminding those who have not answered, and nobody else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from compensation.consents import queries as consents
from compensation.consents import rules as consent_rules
from compensation.models import Purpose
from feedback.models import Case
from feedback.models.case import ENDED
from surveys.campaigns import judging
from surveys.invitations import links, sending
from surveys.invitations.deciding import first_reminder
from surveys.models import CampaignState, Invitation, SpentLink, WaveCell

AT_ONCE = 1_000


@transaction.atomic
def remind_due(*, at: datetime, limit: int = AT_ONCE) -> int:
    """Send up to `limit` reminders whose time has come; returns how many were looked at.

    None after an answer (of an anonymous campaign: a link that was used), the end of the time to answer or of
    the campaign, a bounce, a withdrawn consent, a full quota, or when a case of the member was opened. At
    night, or while the campaign is paused, they wait.
    """
    if judging.morning(at, using=judging.terms()) > at:
        return 0
    found = list(
        Invitation.objects.filter(remind_at__lte=at, is_answered=False, wave__campaign__state__in=_MOVING)
        .order_by("remind_at", "pk")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("wave__campaign", "member")[:limit]
    )
    wanted = _wanted(found, at)
    for one in found:
        campaign = one.wave.campaign
        is_sent = one.pk in wanted
        one.reminders += is_sent
        one.remind_at = first_reminder(campaign, one.invited_at, one.reminders) if is_sent else None
    Invitation.objects.bulk_update(found, ["reminders", "remind_at"])
    by_turn: dict[int, list[Invitation]] = {}
    for one in found:
        if one.pk in wanted:
            by_turn.setdefault(one.reminders, []).append(one)
    for turn, some in sorted(by_turn.items()):
        sending.put([(one.pk, one.member_id, one.channel) for one in some], turn=turn, at=at)
    return len(found)


_MOVING = (CampaignState.RUNNING, CampaignState.ENDED)
"""A campaign that is paused leaves its reminders where they are."""


def _wanted(found: Sequence[Invitation], at: datetime) -> set[int]:
    """Those who are to be reminded."""
    members = {one.member_id for one in found if one.member_id}
    choices = consents.choices_of(members)
    cases = Case.objects.filter(member__in=members).exclude(status__in=ENDED)
    busy = set(cases.values_list("member", flat=True))
    keys = {one.pk: links.draft_key(links.token(one.nonce)) for one in found if one.is_anonymous}
    spent = set(SpentLink.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    full: set[tuple[int, int | None]] = set(
        WaveCell.objects.filter(
            Q(wave__in={one.wave_id for one in found}), answered__gte=F("quota")
        ).values_list("wave", "stratum")
    )

    def is_wanted(one: Invitation) -> bool:
        campaign, member = one.wave.campaign, one.member
        if member is None or member.erased_at or at >= one.expires_at or one.bounced_at or one.opted_out_at:
            return False
        allowed: Any = consent_rules.channels(Purpose.SURVEY, marketing=False, choices=choices[member.pk])
        return (
            campaign.state == CampaignState.RUNNING
            and one.channel in allowed
            and not (campaign.waits_for_cases and member.pk in busy)
            and keys.get(one.pk) not in spent
            and (one.wave_id, None) not in full
            and (one.wave_id, one.stratum_id) not in full
        )

    return {one.pk for one in found if is_wanted(one)}
