"""Answers to surveys of the tests' own, counted."""

from surveys.models import Campaign, QuestionKind
from surveys.responses.commands import answer
from surveys.results import answers, sums
from surveys.results.counted import Cut
from surveys.results.questions import asked
from tests.factories.compensation import T0
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.surveys import token_of

KINDS = (
    one(QuestionKind.CSAT, "csat"),
    one(QuestionKind.NPS, "nps", is_required=False),
    one(QuestionKind.CES, "ces", is_required=False),
    one(QuestionKind.SINGLE, "least", ["price", "speed", "words"], is_required=False),
    one(QuestionKind.MULTIPLE, "what", ["price", "speed", "words"], is_required=False),
    one(QuestionKind.RANKING, "order", ["price", "speed"], is_required=False),
    one(QuestionKind.MATRIX, "parts", ["box", "cup"], is_required=False),
    one(QuestionKind.KANO, "gift", is_required=False),
    one(QuestionKind.NUMBER, "paid", is_required=False),
    one(QuestionKind.DATE, "since", is_required=False),
    one(QuestionKind.CONSENT, "agree", is_required=False),
    one(QuestionKind.TEXT, "words", is_required=False),
)


def campaign(**fields) -> Campaign:
    """A running one that asks every kind of question."""
    return launched(*KINDS, **fields)


def given(campaign, number=1, *, at=T0, member=None, asked_at=T0, segments=(), stratum=None, **answers_):
    """Some who were asked and answered alike."""
    asked_by = answers_.pop("channel", "sms")
    found = []
    for _ in range(number):
        made = invitation(
            campaign, member, at=asked_at, segments=list(segments), stratum=stratum, channel=asked_by
        )
        found.append(answer(token=token_of(made), answers={"csat": 5, **answers_}, at=at))
    return found


def silent(campaign, number=1, **fields):
    """Some who were asked and have not answered."""
    return [invitation(campaign, **fields) for _ in range(number)]


def source(campaign, *waves, at=T0, narrow=(), until=()):
    """All that was answered, counted."""
    sums.catch_up()
    found = list(waves or campaign.waves.select_related("campaign").order_by("opens_at"))
    cut = Cut(waves=tuple(wave.pk for wave in found), narrow=narrow, until=until)
    return answers.source(campaign, found, cut, asked(campaign.survey), at)


def told(source, code):
    """What is told of a question."""
    question = next(one for one in source.questions if one.code == code)
    return answers.everyone(source).told(question)
