"""Thanks after answering, on the page and by message, and where the campaign says so a word about reviews."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from compensation.models import Purpose
from compensation.notices.commands import Telling, notify_all
from surveys.models import Answer, Invitation, QuestionKind, Response, SurveyVersion
from surveys.models.questionnaire import in_language
from surveys.questionnaires.piping import filled, values_of
from surveys.questionnaires.rules import ends
from surveys.responses.rules import Given

THANKED, REVIEW = "survey.thanked", "survey.review"
PROMOTERS, PASSIVES = "promoters", "passives"
TELLING = (
    QuestionKind.NPS,
    QuestionKind.CSAT,
    QuestionKind.STARS,
    QuestionKind.LIKERT,
    QuestionKind.CES,
)
"""What tells promoters from passives: the first of these kinds that was answered."""
PASSIVE_FROM = 7
"""Of recommendation, up to 8 (Reichheld 2003); of other scales from the middle on."""


def group_of(given: Sequence[Given | Answer]) -> str:
    """Whether somebody is among the promoters or the passives; empty: neither, or nothing says so.

    Promoters give one of the two best scores. Of several questions of one kind the first counts.
    """
    scored = [one for one in given if one.question.kind in TELLING and one.score is not None and not one.row]
    if not scored:
        return ""
    first = min(
        scored, key=lambda one: (TELLING.index(QuestionKind(one.question.kind)), one.question.position)
    )
    low, high = ends(first.question)
    score = first.score or 0
    if score >= high - 1:
        return PROMOTERS
    passive_from = PASSIVE_FROM if first.question.kind == QuestionKind.NPS else (low + high) / 2
    return PASSIVES if score >= passive_from else ""


def words(version: SurveyVersion, invitation: Invitation | None, given: Sequence[Given | Answer]) -> str:
    """The questionnaire's thanks for whoever answered so, filled in, in the language of the moment.

    Without words for their group, the thanks of everybody; empty where there are none either. Of an anonymous
    answer nothing is known afterwards: those of everybody.
    """
    group = group_of(given)
    own = (
        in_language(getattr(version, f"thanks_{group}"), getattr(version, f"thanks_{group}_en"))
        if group
        else ""
    )
    questions = [one.question for one in given]
    answers = {one.question.code: _value(one) for one in given if not one.row}
    values = values_of(invitation, answers, questions)
    return filled(own or in_language(version.thanks, version.thanks_en), values)


def answers_of(response: Response) -> list[Answer]:
    """What was answered, as `words` takes it. Two queries."""
    rows = response.answers.select_related("question").prefetch_related("question__choices")
    return list(rows.order_by("question__position", "pk"))


def _value(given: Given | Answer) -> Any:
    """An answer as the page holds it."""
    if given.picked is not None:
        return {"picked": list(given.picked), "text": given.text}
    if given.score is not None:
        return given.score
    return f"{given.number.normalize():f}" if given.number is not None else given.day or given.text


def thank(response: Response, given: Sequence[Given], *, is_bad: bool, at: datetime) -> None:
    """Thank whoever was not unhappy, and invite whoever answered to a review, each once and by consent.

    Whether somebody is invited to a public review is the campaign's to say and never the score's: platforms
    and the law on unfair competition forbid choosing by it.
    """
    invitation = response.invitation
    if invitation is None or invitation.member is None:
        return
    campaign = response.wave.campaign
    tellings = []
    with translation.override(invitation.member.language):
        if campaign.sends_thanks and not is_bad:
            body = words(response.version, invitation, given)
            tellings.append(
                _telling(
                    invitation,
                    kind=THANKED,
                    key=f"survey-thanks:{response.pk}",
                    title=_("Thank you for your answer"),
                    body=body or _("Your answers go into what we improve next."),
                )
            )
        if campaign.invites_reviews:
            tellings.append(
                _telling(
                    invitation,
                    kind=REVIEW,
                    key=f"survey-review:{response.pk}",
                    title=_("Would you write a review?"),
                    body=_("Good or bad: others who shop with us are glad of what you have seen."),
                    path="/portal/reviews/",
                )
            )
    notify_all(tellings, at=at)


def _telling(invitation: Invitation, **what: str) -> Telling:
    told: Mapping[str, Any] = {"member": invitation.member, "purpose": Purpose.SURVEY, **what}
    return Telling(**told)
