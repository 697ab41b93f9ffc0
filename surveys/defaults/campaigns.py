"""The survey that ships: two taps and a word after a case is closed. Edits are never overwritten."""

from datetime import datetime

from surveys.campaigns import commands
from surveys.models import Campaign, Question, QuestionKind, Trigger

QUESTIONS = (
    (
        QuestionKind.CSAT,
        "您对这次问题的处理结果满意吗？",
        "How satisfied are you with how your problem was handled?",
        True,
    ),
    (QuestionKind.CES, "这次解决问题，您觉得轻松吗？", "How easy was it to get your problem solved?", True),
    (
        QuestionKind.TEXT,
        "还有什么想告诉我们的？",
        "Is there anything else you would like to tell us?",
        False,
    ),
)


def seed(at: datetime) -> None:
    """Bring the campaign that asks after a case into the database."""
    if Campaign.objects.filter(code="after-case").exists():
        return
    campaign = commands.save_campaign(
        campaign=Campaign(
            code="after-case", name="服务回访", name_en="After a case", trigger=Trigger.CASE_CLOSED
        ),
        actor=None,
        at=at,
    )
    for position, (kind, text, text_en, is_required) in enumerate(QUESTIONS, start=1):
        question = Question(
            campaign=campaign,
            position=position,
            kind=kind,
            text=text,
            text_en=text_en,
            is_required=is_required,
        )
        commands.save_question(question=question, actor=None, at=at)
