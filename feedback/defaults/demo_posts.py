"""What people say of the demo shop elsewhere, and what its members suggest: nine weeks of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from compensation.models import Member
from feedback.defaults.demo_staff import Staff
from feedback.models import Post, PostKind, PostState, WatchSort, WatchWord
from feedback.posts import counting, deciding, following, suggesting, taking_in, watching
from feedback.posts.taking_in import Given

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NETWORKS = ("weibo", "xiaohongshu", "douyin")
AUTHORS = ("爱喝水的猫", "城南旧事", "小满妈妈", "数码老王", "今天也要早睡", "南瓜汤")
LEAKING = (
    "保温杯的杯盖漏水，放包里一路漏，书包湿透，太失望了",
    "新买的保温杯盖子拧紧了还是漏水，差评",
    "杯盖漏水的问题到底修不修？客服让我自己垫一圈胶带",
    "保温杯倒过来就漏水，杯盖密封圈是松的，垃圾",
    "给孩子买的保温杯漏水，烫到手，非常生气",
    "又一个保温杯杯盖漏水的，第二个了，退货",
)
SLOW = (
    "快递停在中转站三天不动，打电话没人接，物流太慢",
    "物流显示派送中已经两天，快递小哥说没看到包裹",
    "别家隔天到，这家快递要五天，物流真的慢",
    "大促之后快递慢得离谱，催了也没用",
)
PRAISING = (
    "保温杯颜值很高，早上装的热水下午还烫，满意",
    "纯棉衬衫面料舒服，版型也好，推荐给同事了",
    "客服耐心，换货很快，下次还来买",
    "包装很用心，送的贺卡孩子很喜欢",
)
SIZES = ("衬衫尺码偏小，建议大一号，尺码表不准", "尺码表和实物对不上，衬衫肩宽窄了两公分")
SPARE = "已与供应商确认，配件计划明年一月上架，届时会通知您。"
WISHES = (
    ("保温杯的盖子能不能单独卖？盖子坏了整个杯子就废了。", PostState.PLANNED, SPARE),
    ("希望杯盖可以单独购买，漏水了只想换个盖子。", PostState.PLANNED, SPARE),
    ("退换货的包裹能不能预约上门取件，快递点太远。", PostState.DONE, "上门取件已开通，申请售后时勾选。"),
    ("希望衬衫多出几个颜色，现在只有黑白灰。", PostState.LOOKED_AT, ""),
    ("App 字体太小了，长辈看不清，希望有大字版。", "", ""),
    ("优惠券快到期的时候能不能提醒一下？", "", ""),
)  # fmt: skip


def seed(staff: Staff, at: datetime) -> None:
    """Take in posts and suggestions, read them, and decide about some."""
    for name, sort, words in (
        ("保温杯", WatchSort.PRODUCT, ["保温杯", "保溫杯"]), ("物流口碑", WatchSort.TOPIC, ["物流", "快递"]),
    ):  # fmt: skip
        WatchWord.objects.create(name=name, sort=sort, words=words, department=staff.service, least=4)
    dice = Random(23)  # noqa: S311 - the same posts every time
    for network in NETWORKS:
        rows = [
            one
            for place, one in enumerate(_said(at, dice))
            if place % len(NETWORKS) == NETWORKS.index(network)
        ]
        taking_in.take_in(source=network, given=rows, at=at)
    _suggest(staff, at)
    while following.catch_up(at=at):
        pass
    while counting.catch_up(at=at):
        pass
    counting.compare(at=at)
    watching.look(at=at)


def _said(at: datetime, dice: Random) -> Iterator[Given]:
    """Posts of nine weeks: what is usual, and a heap about leaking lids in the last day."""
    number = 0
    for texts, ages in (
        (PRAISING, [3 * n + 1 for n in range(20)]),
        (SLOW, [5 * n + 2 for n in range(12)]),
        (SIZES, [9 * n + 4 for n in range(6)]),
        (LEAKING[:2], [13, 29, 47]),
        (LEAKING, [n / 10 + 0.05 for n in range(9)]),
    ):
        for age in ages:
            number += 1
            yield Given(
                external_id=f"D{number:04d}",
                kind=PostKind.COMMENT if number % 4 == 0 else PostKind.POST,
                written_at=at - age * DAY,
                author=dice.choice(AUTHORS),
                author_id=f"u{dice.randrange(40)}",
                text=_varied(dice.choice(texts), number, dice),
                likes=dice.randrange(200),
                comments=dice.randrange(40),
                shares=dice.randrange(15),
                reads=dice.randrange(200, 30_000),
            )


def _varied(text: str, number: int, dice: Random) -> str:
    """Nobody says it in quite the same words."""
    ends: Sequence[str] = ("", "，有同样情况的吗", "。先观望", "！", "，求官方看看", "。记录一下")
    parts = text.split("，")
    if number % 3 and len(parts) > 2:  # noqa: PLR2004 - so that something is left
        parts.pop(dice.randrange(1, len(parts)))
    return "，".join(parts) + dice.choice(ends)


def _suggest(staff: Staff, at: datetime) -> None:
    """What members put into the feedback box, and what became of it."""
    members = Member.objects.filter(erased_at=None).exclude(external_id__startswith="guest:").order_by("pk")
    for number, (member, (text, state, answer)) in enumerate(zip(members, WISHES, strict=False)):
        moment = at - (12 - 2 * number) * DAY
        post: Post = suggesting.suggest(member=member, text=text, at=moment)
        if state:
            deciding.decide(
                post_id=post.pk, state=state, answer=answer, actor=staff.lead, at=moment + 3 * HOUR
            )
