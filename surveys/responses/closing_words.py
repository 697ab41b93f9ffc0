"""Answers in words, as a follow-up case and staff read them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.cases.rules import BODY_LENGTH
from surveys.models import Answer, Question, QuestionKind
from surveys.questionnaires.rules import SCORED, ends
from surveys.responses.fields import FELT
from surveys.responses.rules import FILED, Given


def in_words(given: Sequence[Given], limit: int = BODY_LENGTH) -> str:
    """The answers as the member would say them, in the language of the moment, in `limit` characters.

    A long questionnaire of open questions holds more than a message does: it is cut, and says so.
    """
    whole = "\n\n".join(f"{one.question}\n{words}" for one in given if (words := said(one)))
    if len(whole) <= limit:
        return whole
    rest = "…\n\n" + _("(The rest stands in the survey beside this case.)")
    return whole[: limit - len(rest)] + rest


def said(given: Given | Answer) -> str:
    """One answer in words, in the language of the moment. Of a row, prefetch choices and files."""
    question = given.question
    if question.kind in FILED:
        return _sent(question, len(given.files if isinstance(given, Given) else given.files.all()))
    texts = {choice.code: str(choice) for choice in question.choices.all()}
    if given.row:
        return f"{texts[given.row]}: {given.score}"
    if given.picked is not None:
        picked = _(", ").join(texts.get(code, code) for code in given.picked)
        return f"{picked}: {given.text}" if given.text else picked
    if given.score is not None:
        return _scored(question, given.score, given.second)
    if given.number is not None:
        return f"{given.number:f}"
    return str(given.day) if given.day else given.text


def _sent(question: Question, number: int) -> str:
    """That files came with an answer; after their time they are gone, and nothing is said of them."""
    if not number:
        return ""
    if question.kind == QuestionKind.PICTURE:
        return ngettext("(%(n)s picture)", "(%(n)s pictures)", number) % {"n": number}
    return ngettext("(%(n)s recording)", "(%(n)s recordings)", number) % {"n": number}


def _scored(question: Question, score: int, second: int | None) -> str:
    if second is not None:
        return f"{FELT[score]} / {FELT[second]}"
    if question.kind == QuestionKind.CONSENT:
        return _("agreed") if score else _("did not agree")
    return _("%(score)s of %(top)s") % {"score": score, "top": ends(question)[1]}


def was_bad(answer: Answer) -> bool:
    """Whether one answer is at most what its question calls bad."""
    bad_up_to = answer.question.bad_up_to
    return (
        answer.question.kind in SCORED
        and answer.score is not None
        and bad_up_to is not None
        and answer.score <= bad_up_to
    )
