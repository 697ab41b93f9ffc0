"""Inviting members to answer."""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.models import Purpose
from compensation.notices.commands import Telling, notify_all
from config.common.errors import Invalid
from config.common.events import Happening, record_all
from feedback.models import Case
from surveys.campaigns.queries import questions_at
from surveys.invitations import links, queries
from surveys.models import Campaign, Invitation, Trigger

log = logging.getLogger(__name__)


def invite_closed_cases(*, at: datetime, limit: int = 500) -> int:
    """Invite the members of closed cases, each case once; returns how many were invited.

    One transaction a campaign, at most `limit` cases each. Two passes at once share the work.
    """
    campaigns = Campaign.objects.filter(trigger=Trigger.CASE_CLOSED, is_active=True).order_by("pk")
    invited = 0
    for campaign in campaigns.select_related("segment"):
        try:
            invited += _invite(campaign, at, limit)
        except Invalid as error:  # its segment asks for a criterion that is no more; the others go on
            log.warning("campaign %s asks nobody: %s", campaign.code, error)
    return invited


@transaction.atomic
def _invite(campaign: Campaign, at: datetime, limit: int) -> int:
    if not questions_at(campaign, at).exists():
        return 0
    cases = list(
        queries.cases_to_ask(campaign, at)
        .select_related("member")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))[:limit]
    )
    # A pass that ended in between has invited some of them: the constraint leaves those out.
    made = [_invitation(campaign, case, at) for case in sorted(cases, key=lambda case: case.pk)]
    Invitation.objects.bulk_create(made, ignore_conflicts=True)
    mine = Invitation.objects.filter(digest__in=[one.digest for one in made]).select_related("case", "member")
    tellings, happenings = [], []
    for invitation in mine:
        if invitation.case is None:
            continue
        tellings.append(_telling(invitation, invitation.case))
        happenings.append(
            Happening("survey.invited", invitation.case, at, data={"invitation": invitation.pk})
        )
    record_all(happenings)
    notify_all(tellings, at=at)
    return len(happenings)


def _invitation(campaign: Campaign, case: Case, at: datetime) -> Invitation:
    nonce = uuid.uuid4()
    return Invitation(
        campaign=campaign,
        member_id=case.member_id,
        case=case,
        nonce=nonce,
        digest=links.digest(links.token(nonce)),
        invited_at=at,
        expires_at=at + timedelta(days=campaign.valid_days),
    )


def _telling(invitation: Invitation, case: Case) -> Telling:
    with translation.override(invitation.member.language):
        return Telling(
            member=invitation.member,
            kind=links.NOTICE_KIND,
            key=links.notice_key(invitation),
            title=_("How did we do with case %(number)s?") % {"number": case.number},
            body=_("Two taps tell us what to do better. Thank you!"),
            path=f"/portal/surveys/{invitation.pk}/",
            purpose=Purpose.SURVEY,
        )
