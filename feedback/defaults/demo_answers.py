"""Reviews of a marketplace in the demo shop, and what becomes of them: answered by themselves, or drafted.

They come in by the command behind the signed webhook, are read by triage and taken up as beat would do it;
an agent approves some of the drafts, one of them changed, and ticks off what is posted by hand.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from compensation.models import OrderLine
from feedback.cases import commands as cases
from feedback.defaults import demo_goods
from feedback.defaults.demo_staff import Staff
from feedback.models import Case, Reply, ReplyPost, ReplyState, Resolution, Review, WebhookSource
from feedback.moderation import screening
from feedback.replies import automatic, commands, posting, queries
from feedback.reviews import following, own, taking_in
from feedback.triage import following as triage

HOUR = timedelta(hours=1)
CODE = "tmall"
SAID = (
    (300, 5, "纯棉圆领短袖", "质量很好，面料舒服，做工细致，非常满意！"),
    (280, 5, "无线耳机", "物流很快，第二天就到了，包装也很好。"),
    (260, 2, "手机支架", "质量太差，用了两天就坏了，很失望。"),
    (230, 4, "婴儿湿巾整箱", "性价比高，价格实惠，推荐购买。"),
    (200, 3, "绘本套装", "东西还行，就是快递太慢了，等了五天。"),
    (160, 5, "机械键盘", "客服态度很好，回答耐心，好评！"),
    (140, 1, "羊毛开衫", "与描述不符，颜色差很多，非常失望。"),
    (120, 5, "云南小粒咖啡豆", "质量很好，已经回购第三次了，很喜欢。"),
    (90, 4, "香薰蜡烛", "质量不错，但是包装破损了，有点不满意。"),
    (70, 5, "明前龙井", ""),
    (50, 5, "坚果礼盒", "物流很快，质量很好，非常满意。"),
    (28, 2, "陶瓷马克杯两只装", "包装破损，杯子碎了一个，很失望。"),
    (20, 3, "记忆棉枕头", "一般般吧，没有想象中好。"),
    (9, 5, "亚麻长裤", "质量很好，很喜欢，推荐！"),
    (5, 1, "儿童保温杯", "杯盖漏水，质量太差了，客服态度也不好，后悔购买。"),
    (2, 4, "四件套床品", "挺好的，就是物流慢了点。"),
)
"""How many hours ago, the stars, of what, and the words."""
LOOKED_AT = range(285, 20, -24)
"""How many hours ago an agent looked at the drafts."""
LEFT = 8
"""The cases of bad reviews that are of fewer hours wait for an agent."""
CALLED = "刚才与您通过电话，再次向您道歉。退换已经登记，进展会以短信告知您。"
Step = tuple[datetime, "partial[None]"]


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    for at, given in demo_goods.steps(end):
        yield at, partial(_take_in, given)
        yield at + HOUR / 2, partial(_call, staff)
    for number, (hours, stars, product, text) in enumerate(SAID):
        yield end - hours * HOUR, partial(_come_in, number, stars, product, text)
        if hours > LEFT:
            yield end - hours * HOUR + HOUR / 2, partial(_call, staff)
    for number, hours in enumerate(LOOKED_AT):
        yield end - hours * HOUR, partial(_look, staff, number)


def _source() -> WebhookSource:
    names = {"name": "天猫旗舰店", "name_en": "Tmall shop", "channel": "marketplace"}
    return WebhookSource.objects.get_or_create(code=CODE, defaults=names)[0]


def _come_in(number: int, stars: int, product: str, text: str, at: datetime) -> None:
    """A review of what has lately come comes in and is taken up."""
    lines = own.with_receipt(OrderLine.objects.filter(order__external_id__startswith="DEMO"))
    free = lines.filter(product__name=product, received_at__lt=at, reviews=None).select_related("order")
    line = free.order_by("-received_at", "pk").first()
    if line is None:
        return
    given = taking_in.Given(
        external_id=f"88{number:03}", order=line.order.external_id, line=line.external_id, stars=stars,
        text=text, written_at=at, url=f"https://detail.tmall.example/review/88{number:03}",
    )  # fmt: skip
    _take_in([given], at)


def _take_in(given: Sequence[taking_in.Given], at: datetime) -> None:
    """Reviews come in and are taken up."""
    taking_in.take_in(source=_source(), given=demo_goods.unwritten(given), at=at)
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


def _call(staff: Staff, at: datetime) -> None:
    """Who lately gave few stars is called, and the case resolved."""
    fresh = Case.objects.filter(key__startswith=following.KEY, opened_at__gt=at - HOUR, agent=None)
    for case in fresh.order_by("pk"):
        agent = staff.agents[case.pk % len(staff.agents)]
        cases.claim(case_id=case.pk, actor=agent, at=at)
        cases.resolve(
            case_id=case.pk,
            resolution=Resolution.SOLVED,
            message=CALLED,
            call="made",
            actor=agent,
            at=at + HOUR / 4,
        )
