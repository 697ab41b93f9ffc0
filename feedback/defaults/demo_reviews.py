"""Reviews in the demo shop: useful ones that are rewarded, some that wait for a moderator, one refused.

Members write them by the same commands as in the portal, about what lately arrived.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from compensation.models import Member
from feedback.defaults.demo_staff import Staff
from feedback.models import Review, ReviewStatus
from feedback.moderation import commands as moderation
from feedback.reviews import own, writing
from feedback.rewards import commands as rewards
from feedback.rewards import following

HOUR = timedelta(hours=1)
SAID = (
    (5, "用了一周再来写。壶嘴出水很稳，手柄不烫手，滤网拆下来就能洗，第一次手冲就成功了，推荐给新手。"),
    (
        2,
        "面料比图片上薄不少，洗过一次袖口就起球了，尺码倒是合适。客服答应补偿，先说实话给大家参考。",
    ),
    (4, "四件套没有异味，水洗后略微缩了一点，大概一厘米。被套的绑带有八个，不容易跑，这点很好。"),
    (1, "少发了一个杯子，联系了两次才补发，包装盒也压坏了。杯子本身没有问题，釉面很均匀。"),
    (3, "一般般。"),
)
"""Stars and words of reviews that are public at once."""
HELD = (
    (5, "加微信 tea88613 领返现红包，五星都有"),
    (1, "有问题直接打 13812345678 找我，别的地方都是骗人的"),
    (4, "本店同款更便宜，搜索“清风茶具旗舰店”进店领券"),
)
"""The same of those that wait for a moderator; the last one is refused, and its member appeals."""
Step = tuple[datetime, "partial[None]"]


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    for number, (stars, text) in enumerate(SAID):
        yield end - (30 - number) * HOUR, partial(_write, number, stars, text)
    for number, (stars, text) in enumerate(HELD, len(SAID)):
        yield end - (30 - number) * HOUR, partial(_write, number, stars, text)
    yield end - 5 * HOUR, partial(_refuse, staff)
    yield end - 4 * HOUR, partial(_find_helpful, staff)
    yield end - 3 * HOUR, partial(_settle)


def _write(number: int, stars: int, text: str, at: datetime) -> None:
    """Have the next member with something to review write."""
    members = Member.objects.filter(external_id__startswith="DEMO", erased_at=None).order_by("pk")
    lines = (line for member in members for line in own.to_review(member, at)[:1])
    for line in islice(lines, number % 3, number % 3 + 1):
        writing.write(member=line.order.member, line_id=line.pk, stars=stars, text=text, at=at)


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
