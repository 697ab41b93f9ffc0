"""What a member is sent after answering: thanks, and where the campaign says so a word about reviews."""

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from compensation.models import Purpose
from compensation.notices.commands import Telling, notify_all
from surveys.models import Response

THANKED, REVIEW = "survey.thanked", "survey.review"


def thank(response: Response, *, is_bad: bool, at: datetime) -> None:
    """Thank whoever was not unhappy, and invite whoever answered to a review, each once and by consent.

    Whether somebody is invited to a public review is the campaign's to say and never the score's: platforms
    and the law on unfair competition forbid choosing by it.
    """
    invitation = response.invitation
    if invitation is None or invitation.member is None:
        return
    member, campaign = invitation.member, response.wave.campaign
    tellings = []
    with translation.override(member.language):
        english = (member.language or "").startswith("en") and campaign.thanks_en
        if campaign.thanks and not is_bad:
            tellings.append(
                Telling(
                    member=member,
                    kind=THANKED,
                    key=f"survey-thanks:{response.pk}",
                    title=_("Thank you for your answer"),
                    body=campaign.thanks_en if english else campaign.thanks,
                    purpose=Purpose.SURVEY,
                )
            )
        if campaign.invites_reviews:
            tellings.append(
                Telling(
                    member=member,
                    kind=REVIEW,
                    key=f"survey-review:{response.pk}",
                    title=_("Would you write a review?"),
                    body=_("Good or bad: others who shop with us are glad of what you have seen."),
                    path="/portal/reviews/",
                    purpose=Purpose.SURVEY,
                )
            )
    notify_all(tellings, at=at)
