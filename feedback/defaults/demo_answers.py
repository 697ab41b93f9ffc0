"""Reviews of a marketplace in the demo shop, and what becomes of them: answered by themselves, or drafted.

They come in by the command behind the signed webhook, are read by triage and taken up as beat would do it;
an agent approves some of the drafts, one of them changed, and ticks off what is posted by hand.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from compensation.models import OrderLine
from feedback.defaults.demo_staff import Staff
from feedback.models import Reply, ReplyPost, ReplyState, Review, WebhookSource
from feedback.moderation import screening
from feedback.replies import automatic, commands, posting, queries
from feedback.reviews import following, taking_in
from feedback.triage import following as triage

HOUR = timedelta(hours=1)
CODE = "tmall"
SAID = (
    (300, 5, "质量很好，面料舒服，做工细致，非常满意！"),
    (280, 5, "物流很快，第二天就到了，包装也很好。"),
    (260, 2, "质量太差，用了两天就坏了，很失望。"),
    (230, 4, "性价比高，价格实惠，推荐购买。"),
    (200, 3, "东西还行，就是快递太慢了，等了五天。"),
    (160, 5, "客服态度很好，回答耐心，好评！"),
    (140, 1, "与描述不符，颜色差很多，非常失望。"),
    (120, 5, "质量很好，已经回购第三次了，很喜欢。"),
    (90, 4, "质量不错，但是包装破损了，有点不满意。"),
    (70, 5, ""),
    (50, 5, "物流很快，质量很好，非常满意。"),
    (28, 2, "包装破损，杯子碎了一个，很失望。"),
    (20, 3, "一般般吧，没有想象中好。"),
    (9, 5, "质量很好，很喜欢，推荐！"),
    (5, 1, "质量太差了，客服态度也不好，后悔购买。"),
    (2, 4, "挺好的，就是物流慢了点。"),
)
"""How many hours ago, the stars and the words."""
LOOKED_AT = (255, 195, 135, 85)
"""How many hours ago an agent looked at the drafts."""
Step = tuple[datetime, "partial[None]"]


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    for number, (hours, stars, text) in enumerate(SAID):
        yield end - hours * HOUR, partial(_come_in, number, stars, text)
    for number, hours in enumerate(LOOKED_AT):
        yield end - hours * HOUR, partial(_look, staff, number)


def _come_in(number: int, stars: int, text: str, at: datetime) -> None:
    """A review comes in and is taken up."""
    names = {"name": "天猫旗舰店", "name_en": "Tmall shop", "channel": "marketplace"}
    source, _new = WebhookSource.objects.get_or_create(code=CODE, defaults=names)
    lines = OrderLine.objects.filter(order__external_id__startswith="DEMO", order__placed_at__lt=at)
    free = lines.exclude(reviews__isnull=False).select_related("order").order_by("-order__placed_at", "pk")
    line = free[number % 5 :].first()
    if line is None:
        return
    given = taking_in.Given(
        external_id=f"88{number:03}", order=line.order.external_id, line=line.external_id, stars=stars,
        text=text, written_at=at, url=f"https://detail.tmall.example/review/88{number:03}",
    )  # fmt: skip
    taking_in.take_in(source=source, given=[given], at=at)
    _take_up(at)


def _take_up(at: datetime) -> None:
    """What beat would do now."""
    for take_up in (triage.take_up_reviews, screening.catch_up, following.follow_up, following.take_up):
        take_up(at=at)
    automatic.take_up(at=at)


def _look(staff: Staff, number: int, at: datetime) -> None:
    """An agent approves what waits, and posts it over there; the lead where somebody else has to."""
    agent = staff.agents[number % len(staff.agents)]
    drafts: Sequence[Reply] = list(queries.to_look_at().filter(review__source=CODE))
    for place, reply in enumerate(drafts):
        approver, version = staff.lead if reply.needs_approval else agent, reply.version
        if place == number == 1:
            text = f"{reply.text}给您添麻烦了。"
            version = commands.edit(reply_id=reply.pk, version=version, text=text, actor=agent, at=at).version
        commands.approve(reply_id=reply.pk, version=version, actor=approver, at=at + HOUR / 4)
    done = ReplyPost.objects.filter(
        reply__review__in=Review.objects.filter(source=CODE), reply__state=ReplyState.APPROVED, by_hand=True,
        ticked_by=None,
    )  # fmt: skip
    for post in done:
        posting.tick(post_id=post.pk, turn=post.turn, actor=agent, at=at + HOUR / 2)
