"""Reviews in the demo shop: useful ones that are rewarded, some that wait for a moderator, one refused.

Members write them by the same commands as in the portal, about what lately arrived.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.db.models import QuerySet

from compensation.models import Member, OrderLine
from feedback.defaults.demo_goods import Writer
from feedback.defaults.demo_staff import Staff, tried
from feedback.models import PORTAL, Review, ReviewStatus
from feedback.moderation import commands as moderation
from feedback.reviews import own, writing
from feedback.rewards import commands as rewards
from feedback.rewards import following

HOUR = timedelta(hours=1)
SAID = (
    (5, "机械键盘", "用了一周再来写。轴体声音不大，键帽不打油，换轴很方便，办公室里用也不吵，推荐给新手。"),
    (
        2,
        "亚麻长裤",
        "面料比图片上薄不少，洗过一次裤脚就起球了，尺码倒是合适。客服答应补偿，先说实话给大家参考。",
    ),
    (
        4,
        "四件套床品",
        "四件套没有异味，水洗后略微缩了一点，大概一厘米。被套的绑带有八个，不容易跑，这点很好。",
    ),
    (
        1,
        "陶瓷马克杯两只装",
        "少发了一个杯子，联系了两次才补发，包装盒也压坏了。杯子本身没有问题，釉面很均匀。",
    ),
    (3, "香薰蜡烛", "一般般。"),
)
"""Stars, product and words of reviews that are public at once."""
HELD = (
    (5, "保湿精华", "加微信 tea88613 领返现红包，五星都有"),
    (1, "快充移动电源", "有问题直接打 13812345678 找我，别的地方都是骗人的"),
    (4, "明前龙井", "本店同款更便宜，搜索“清风茶业旗舰店”进店领券"),
)
"""The same of those that wait for a moderator; the last one is refused, and its member appeals."""
Step = tuple[datetime, Callable[[datetime], None]]


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    for number, (stars, product, text) in enumerate((*SAID, *HELD)):
        yield end - (30 - number) * HOUR, partial(_write, stars, product, text)
    yield end - 8 * HOUR, _write_own
    yield end - 5 * HOUR, partial(_refuse, staff)
    yield end - 4 * HOUR, partial(_find_helpful, staff)
    yield end - 3 * HOUR, partial(_settle)


def _write(stars: int, product: str, text: str, at: datetime) -> None:
    """Have another member who may review the product write, and rate how it is and how soon it came."""
    theirs = OrderLine.objects.filter(order__member__external_id__startswith="DEMO", product__name=product)
    wrote = Review.objects.filter(source=PORTAL).values("member")
    theirs = theirs.exclude(order__member__in=wrote)
    _say(_open(theirs, at), stars, text, at)


def _write_own(at: datetime) -> None:
    """Have the member whose account visitors try write about what came to them last."""
    member = tried()
    if member is not None:
        line = _open(OrderLine.objects.filter(order__member=member), at)
        text = Writer(Random(5)).text(line.product.name, line.product.category, 4) if line else ""  # noqa: S311
        _say(line, 4, text, at)


def _open(lines: QuerySet[OrderLine], at: datetime) -> OrderLine | None:
    """The first of some lines that is open for a review: of the member with the lowest number."""
    since = at - timedelta(days=own.setup().window_days)
    came = own.with_receipt(lines.filter(order__member__erased_at=None, reviews=None))
    found: OrderLine | None = (
        came.filter(received_at__gte=since, received_at__lt=at)
        .select_related("order__member", "product")
        .order_by("order__member", "-received_at", "pk")
        .first()
    )
    return found


def _say(line: OrderLine | None, stars: int, text: str, at: datetime) -> None:
    if line is not None:
        scores = {"product-quality": stars, "logistics-speed": 4}
        writing.write(member=line.order.member, line_id=line.pk, stars=stars, scores=scores, text=text, at=at)


def _refuse(staff: Staff, at: datetime) -> None:
    """One is refused for what it advertises; its member asks for a second look."""
    held = Review.objects.filter(source="portal", status=ReviewStatus.HELD)
    last = held.order_by("-pk").first()
    if last is not None:
        moderation.decide(review_id=last.pk, verdict="refuse", reason="advert", actor=staff.supervisor, at=at)
        moderation.appeal(review_id=last.pk, text="我只是说别家也有，不是广告。", actor=last.member, at=at)


def _find_helpful(staff: Staff, at: datetime) -> None:
    """Others find the criticism helpful, and it is picked for what it tells."""
    useful = Review.objects.filter(source="portal", status=ReviewStatus.PUBLISHED, stars=2).first()
    if useful is None:
        return
    others = Member.objects.exclude(pk=useful.member_id).filter(external_id__startswith="DEMO")
    for member in others.order_by("pk")[:6]:
        writing.vote(member=member, review_id=useful.pk, helpful=True, at=at)
    rewards.pick(review_id=useful.pk, actor=staff.supervisor, at=at)


def _settle(at: datetime) -> None:
    following.sweep(at=at)
