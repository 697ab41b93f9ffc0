"""Needs and what speaks of them, for tests."""

from itertools import count

from feedback.models import Post, Review
from surveys.models import Answer, QuestionKind
from surveys.needs import commands
from surveys.responses.commands import answer
from tests.factories.compensation import T0, OrderFactory
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.surveys import token_of

_numbers = count(1)


def need(name="盖子单卖", **fields):
    return commands.create(name=name, actor=None, at=T0, **fields)


def review(text="盖子坏了只能买整个", at=T0):
    order = OrderFactory()
    return Review.objects.create(
        external_id=f"n{next(_numbers)}", member=order.member, order=order, stars=2, text=text, written_at=at
    )


def post(text="希望盖子单卖", at=T0):
    return Post.objects.create(
        kind="post", source="weibo", external_id=f"n{next(_numbers)}", text=text, written_at=at, taken_at=at
    )


def words(text="盖子", *, campaign=None, **asked) -> Answer:
    campaign = campaign or launched(one(QuestionKind.TEXT, "words"))
    given = answer(token=token_of(invitation(campaign, **asked)), answers={"words": text}, at=T0)
    return given.answers.get()


def link(need, source, row, actor=None):
    return commands.link(need_id=need.pk, source=source, row_id=row.pk, actor=actor, at=T0)


def kano_campaign(need, **fields):
    """A campaign that asks a Kano pair about a need."""
    return launched(one(QuestionKind.KANO, "kano", need=need), **fields)


def kano_answer(campaign, so, otherwise, segments=()):
    asked = invitation(campaign, segments=list(segments))
    return answer(token=token_of(asked), answers={"kano": {"so": so, "not": otherwise}}, at=T0)
