"""Questionnaires and campaigns of the tests' own."""

from itertools import count

from surveys.campaigns import commands as campaigns
from surveys.campaigns.waves import wave_at
from surveys.invitations import links
from surveys.models import Campaign, Invitation, Occasion, QuestionKind, Survey
from surveys.questionnaires import commands
from surveys.questionnaires.queries import questions_of
from tests.factories.compensation import T0, MemberFactory

_numbers = count(1)


def one(kind, code="q", choices=(), **fields):
    """What `add_question` takes of a question; choices by their codes."""
    named = [{"code": choice, "text": choice} if isinstance(choice, str) else choice for choice in choices]
    return {"kind": kind, "code": code, "text": code, "choices": named, **fields}


def draft(*questions):
    """A draft with some questions."""
    survey = Survey(code=f"s{next(_numbers)}", name="问卷")
    version = commands.create(survey=survey, title="问卷", actor=None, at=T0)
    for question in questions:
        commands.add_question(version_id=version.pk, actor=None, at=T0, **question)
    return version


def published(*questions):
    """A published version with some questions."""
    return commands.publish(version_id=draft(*questions).pk, actor=None, at=T0)


def asked(*questions):
    """The questions of a published version, as they are put to somebody."""
    return list(questions_of(published(*questions).pk))


def launched(*questions, **fields):
    """A campaign that asks some questions, one of satisfaction where none is given."""
    survey = fields.pop("survey", None)
    if survey is None:
        survey = published(*questions or [one(QuestionKind.CSAT, "csat", bad_up_to=2)]).survey
    number = next(_numbers)
    campaign = campaigns.save_campaign(
        campaign=Campaign(
            **{
                "code": f"c{number}",
                "name": "调研",
                "survey": survey,
                "occasion": Occasion.ONCE,
                **fields,
            }
        ),
        actor=None,
        at=T0,
    )
    return campaigns.launch(campaign_id=campaign.pk, actor=None, at=T0)


def invitation(campaign, member=None, *, at=T0, **fields):
    """Somebody who was asked."""
    member = member or MemberFactory()
    case = fields.get("case")
    had_by = {"agent": case.agent, "department": case.department} if case else {}
    made = Invitation(
        wave=wave_at(campaign, at),
        version=campaign.survey.versions.order_by("-number").first(),
        member=member,
        key=f"member:{member.pk}",
        is_anonymous=campaign.is_anonymous,
        invited_at=at,
        expires_at=at.replace(year=at.year + 1),
        **{**had_by, **fields},
    )
    made.digest = links.digest(links.token(made.nonce))
    made.save()
    return made
