"""Answers without a person: given when we are sure enough, on record with what the member said to them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common.errors import NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.knowledge.queries import find, nearest
from feedback.models import AnswerGiven, AnsweringRule, AnswerOutcome, ArticleVersion, Audience, Case

CONFIDENCE, MARGIN = Decimal("0.55"), Decimal("0.05")
QUESTION_LENGTH = 500
ALTERNATIVES = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """A published text that we are sure enough answers a question."""

    version: ArticleVersion
    code: str
    confidence: float

    @property
    def title(self) -> str:
        """What the article is called."""
        return self.version.title

    @property
    def body(self) -> str:
        """What it says."""
        return self.version.body


def answer(text: str, *, language: str) -> Answer | None:
    """The answer to a question; None when we are not sure, or another article fits nearly as well.

    How sure we have to be is data (AnsweringRule).
    """
    rule = AnsweringRule.objects.filter(pk=1).first()
    if rule is not None and not rule.is_active:
        return None
    confidence, margin = (rule.confidence, rule.margin) if rule else (CONFIDENCE, MARGIN)
    found = find(text, audience=Audience.MEMBER, language=nearest(language), limit=ALTERNATIVES)
    if not found or found[0].score < confidence:
        return None
    if len(found) > 1 and found[0].score - found[1].score < margin:
        return None
    first = found[0]
    if first.text.in_force is None or not first.text.article.may_answer:
        return None
    return Answer(first.text.in_force, first.code, first.score)


@transaction.atomic
def give(
    *,
    text: str,
    language: str,
    channel: str,
    member: Member | None = None,
    case: Case | None = None,
    at: datetime,
) -> AnswerGiven | None:
    """Answer a question and keep that we did; None when we are not sure, and nothing is kept."""
    found = answer(text, language=language)
    if found is None:
        return None
    given = AnswerGiven.objects.create(
        version=found.version,
        member=member,
        case=case,
        channel=channel,
        question=" ".join(text.replace("\0", " ").split())[:QUESTION_LENGTH],
        confidence=Decimal(str(round(found.confidence, 3))),
        given_at=at,
    )
    if case is not None:
        record("answer.given", case, actor=None, at=at, answer=given.pk, article=found.code)
    return given


@transaction.atomic
def settle(
    *,
    answer_id: int,
    outcome: AnswerOutcome,
    case: Case | None = None,
    actor: Member | User | None,
    at: datetime,
) -> AnswerGiven:
    """Keep what the member said: it helped, or a person is wanted. The same again changes nothing.

    A member settles only answers that were given to that member. `case`: what came of wanting a person.

    Raises:
        NotFound: there is no such answer, or it was somebody else's.
        WrongState: the other outcome is on record.
    """
    given = AnswerGiven.objects.select_for_update(no_key=True).filter(pk=answer_id).first()
    if given is None or (isinstance(actor, Member) and given.member_id != actor.pk):
        raise NotFound
    if given.outcome == outcome:
        return given
    if given.outcome == AnswerOutcome.PERSON:
        raise WrongState(_("A person was already asked for."))
    given.outcome, given.outcome_at = outcome, at
    if case is not None and given.case_id is None:
        given.case = case
    given.save(update_fields=["outcome", "outcome_at", "case"])
    return given
