"""What an invitation says: the campaign's words for its channel, or else the house's.

The campaign's may hold placeholders of what is known before an answer, such as {member} (see piping).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from compensation.models import Order
from config.common import variants
from feedback.models import Case
from surveys.models import Campaign, CampaignWording, Invitation
from surveys.questionnaires import piping


@dataclass(frozen=True, slots=True)
class Said:
    """A title and a text, in one language."""

    title: str
    body: str


class Words:
    """The words of a campaign for invitations about some cases and orders. Two queries for all of these."""

    def __init__(self, campaign: Campaign, *, cases: Collection[int], orders: Collection[int]) -> None:
        self.campaign = campaign
        self.wordings = {one.channel: one for one in campaign.wordings.all()}
        self.cases = Case.objects.in_bulk(cases) if cases else {}
        self.orders = Order.objects.in_bulk(orders) if orders else {}
        self.alike: dict[tuple[str, str | None], Said] = {}
        """What is said in the same words to all, by channel and language."""

    @classmethod
    def about(cls, invitation: Invitation) -> Self:
        """Those for one invitation."""
        return cls(
            invitation.wave.campaign,
            cases={invitation.case_id} if invitation.case_id else (),
            orders={invitation.order_id} if invitation.order_id else (),
        )

    def as_tested(self, invitation: Invitation, *, at: datetime) -> Self:
        """The same with the variant that its member gets where it is under test, which is put on record."""
        own = self.wordings.get(invitation.channel)
        if own is not None and invitation.member_id is not None:
            key, member = str(own.pk), invitation.member_id
            if variant := variants.choose(variants.Kind.WORDING, key, member_id=member, at=at):
                for name, value in variant.items():
                    setattr(own, name, value)  # never saved: these are the words of one message
        return self

    def of(self, invitation: Invitation, *, is_reminder: bool = False) -> Said:
        """What it says, in the language of its member."""
        language = invitation.member.language if invitation.member else None
        kind = (invitation.channel, language)
        if kind in self.alike and not is_reminder:
            return self.alike[kind]
        with translation.override(language or get_language()):
            return self.said(invitation, is_reminder=is_reminder)

    def said(self, invitation: Invitation, *, is_reminder: bool = False) -> Said:
        """What it says, in the language of the moment."""
        own = self.wordings.get(invitation.channel)
        said = Said(own.heading(), own.text()) if own else self._house(invitation)
        if is_reminder:
            said = Said(said.title, _reminder(own, invitation))
        if "{" not in said.title + said.body:
            if not is_reminder and (own or not (invitation.case_id or invitation.order_id)):
                self.alike[invitation.channel, get_language()] = said
            return said
        invitation.case = self.cases.get(invitation.case_id or 0)
        invitation.order = self.orders.get(invitation.order_id or 0)
        values = piping.values_of(invitation, {})
        return Said(piping.filled(said.title, values), piping.filled(said.body, values))

    def _house(self, invitation: Invitation) -> Said:
        """The words that there always are."""
        case, order = self.cases.get(invitation.case_id or 0), self.orders.get(invitation.order_id or 0)
        if case is not None:
            title = _("How did we do with case %(number)s?") % {"number": case.number}
            return Said(title, _("Two taps tell us what to do better. Thank you!"))
        if order is not None:
            title = _("How did we do with your order %(number)s?") % {"number": order.external_id}
            return Said(title, _("It takes about a minute. Thank you!"))
        return Said(_("How do you find us?"), _("It takes about a minute. Thank you!"))


def _reminder(own: CampaignWording | None, invitation: Invitation) -> str:
    if own and (text := own.reminding()):
        return text
    last = date_format(localtime(invitation.expires_at).date(), "DATE_FORMAT")
    return _("We would still like to know. You can answer until %(day)s.") % {"day": last}
