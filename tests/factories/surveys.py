"""Campaigns, invitations and answers for tests."""

from surveys.campaigns.queries import questions_of
from surveys.defaults import campaigns
from surveys.invitations import links
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Campaign, Invitation
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory

NOW = T0.replace(hour=9)  # some hours after closed cases of CaseFactory were closed


def after_case() -> Campaign:
    """The campaign that ships."""
    campaigns.seed(T0)
    return Campaign.objects.get(code="after-case")


def invited(case=None, **kwargs) -> Invitation:
    """The invitation for a closed case."""
    after_case()
    case = case or CaseFactory(closed=True, **kwargs)
    invite_closed_cases(at=NOW)
    return Invitation.objects.select_related("member", "case", "campaign").get(case=case)


def token_of(invitation) -> str:
    return links.token(invitation.nonce)


def answers(invitation, csat=5, ces=5, text="") -> dict[int, object]:
    """Answers by question, in the order of the campaign that ships; None leaves one out."""
    pairs = zip(questions_of(invitation), (csat, ces, text), strict=True)
    return {question.pk: value for question, value in pairs if value not in {None, ""}}
