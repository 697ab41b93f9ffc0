"""Campaigns, invitations and answers for tests."""

from datetime import time

from surveys.campaigns import commands
from surveys.defaults import campaigns
from surveys.invitations import links
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Campaign, Invitation, Occasion, QuestionKind, Stratum, Survey, SurveyTerms
from surveys.questionnaires import commands as questionnaires
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory

NOW = T0.replace(hour=9)  # some hours after closed cases of CaseFactory were closed


def after_case() -> Campaign:
    """The campaign that ships, which asks at night as well."""
    campaigns.seed(T0)
    SurveyTerms.objects.get_or_create(defaults={"quiet_from": time(0), "quiet_until": time(0)})
    return Campaign.objects.get(code="after-case")


def invited(case=None, **kwargs) -> Invitation:
    """The invitation for a closed case."""
    after_case()
    case = case or CaseFactory(closed=True, **kwargs)
    invite_closed_cases(at=NOW)
    return Invitation.objects.select_related("member", "case", "wave__campaign").get(case=case)


def token_of(invitation) -> str:
    return links.token(invitation.nonce)


def answers(csat=5, ces=5, text="") -> dict[str, object]:
    """Answers to the campaign that ships, by question; None leaves one out."""
    given = {"csat": csat, "ces": ces, "words": text}
    return {code: value for code, value in given.items() if value not in {None, ""}}


def questionnaire(code="quarterly") -> Survey:
    """A published questionnaire of one question."""
    survey = Survey.objects.filter(code=code).first()
    if survey is None:
        survey = Survey(code=code, name="满意度", name_en="Satisfaction")
        version = questionnaires.create(survey=survey, title="满意吗？", actor=None, at=T0)
        question = {"code": "csat", "kind": QuestionKind.CSAT, "text": "满意吗？", "bad_up_to": 2}
        questionnaires.add_question(version_id=version.pk, actor=None, at=T0, **question)
        questionnaires.publish(version_id=version.pk, actor=None, at=T0)
    return survey


def drafted(code="wave", *, strata=(), **fields) -> Campaign:
    """A campaign that is being prepared, asking everybody once unless `fields` say otherwise."""
    fields = {"occasion": Occasion.ONCE, "survey": questionnaire(), "channels": ["sms"], **fields}
    campaign = commands.save_campaign(campaign=Campaign(code=code, name=code, **fields), actor=None, at=T0)
    for position, (segment, share) in enumerate(strata, start=1):
        Stratum.objects.create(
            campaign=campaign, position=position, name=f"{position}", segment=segment, share=share
        )
    return campaign


def running(code="wave", **fields) -> Campaign:
    """The same, launched."""
    campaign = drafted(code, **fields)
    return commands.launch(campaign_id=campaign.pk, actor=None, at=T0)
