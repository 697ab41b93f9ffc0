"""Improvements of the demo shop in each state: one was proved, and told to the members whose voice led to it.

They go by the same commands as in the shop's own work, at the moments at which they would have been given.
What comes out of a check is reckoned from the shop's figures, never written here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from config.common.models import User
from feedback.models import Aspect, Department, Gap, Review, SpotBy
from kpis.improvements import causes, commands, telling
from kpis.improvements.commands import Aim, Spot
from kpis.models import Dimension, Improvement, ImprovementKind, MetricCode, Verdict
from surveys.models import Need

DAY = timedelta(days=1)
SHIRT, SHRINKS, CLOTHES = "纯棉圆领短袖", "缩水", "服饰"
MENDED = 29
"""So many days ago the shirt was mended, a day before its reviews are better (demo_reviews.toml, `early`)."""
WHYS = (
    "买了短袖的人说洗一次就缩水",
    "页面上写着“不易缩水”，没有写怎么洗",
    "这段介绍是从去年的款式抄来的，今年换了面料",
    "换面料的时候，没有人负责核对商品资料",
)
TASKS = ("实测五种洗法的缩水率", "改写面料与洗涤说明，附尺码前后对照", "换成预缩面料")
SAID = "“洗一次就缩水”——您说的我们听到了。短袖已换成预缩面料，页面也写明了怎么洗、会缩多少。"
SAID_EN = (
    "“It shrank in the first wash”: we heard you. The shirt is now made of pre-shrunk cotton, and its page "
    "says how to wash it and by how much it shrinks."
)


def seed(at: datetime) -> None:
    """Put improvements forward, and carry some of them out."""
    departments = {one.code: one for one in Department.objects.all()}
    leads = {code: User.objects.filter(username=f"{code}_lead").first() for code in departments}
    product, lead = departments.get("product"), leads.get("product")
    if product is None or lead is None:
        return
    _proved(product, lead, at)
    _late(departments["logistics"], leads["logistics"], at)
    _too_early(departments["service"], User.objects.filter(username="lead").first(), at)
    need = Need.objects.filter(code="spare-parts").first()
    if need is not None:
        commands.propose(
            title="杯盖、密封圈单独上架", kind=ImprovementKind.PROCESS, department=product,
            problem="坏了一个小配件，只能整个重买。", need=need, actor=lead, at=at - 3 * DAY,
        )  # fmt: skip


def _proved(department: Department, lead: User, at: datetime) -> None:
    reviews = Review.objects.filter(product__name=SHIRT, text__contains=SHRINKS, deleted_at=None)
    first = reviews.order_by("pk").first()
    if first is None:
        return
    aim = Aim(
        metric=MetricCode.BAD_REVIEWS,
        expected=Decimal(30),
        dimension=Dimension.CATEGORY,
        key=CLOTHES,
        window=21,
    )
    found = commands.propose(
        title="短袖：预缩面料，写明怎么洗", kind=ImprovementKind.FACTS, department=department,
        problem="短袖的差评里说得最多的是洗一次就缩水，与页面说的不一样。", aim=aim,
        spot=Spot(Aspect.QUALITY, SpotBy.PRODUCT, str(first.product_id)), actor=lead, at=at - 34 * DAY,
    )  # fmt: skip
    given: dict[str, Any] = {"improvement_id": found.pk, "actor": lead}
    deepest = _ask_why(found, lead, at - 33 * DAY, reviews)
    causes.mark_root(**given, why_id=deepest, is_root=True, at=at - 33 * DAY)
    _begin(found, lead, due_in=7, at=at - 32 * DAY)
    for number, text in enumerate(TASKS):
        task = causes.add_task(**given, text=text, owner=lead, at=at - 32 * DAY)
        causes.done_task(**given, task_id=task.pk, at=at - (MENDED + 3 - number) * DAY)
    commands.carry_out(**given, at=at - MENDED * DAY)
    checked = commands.check(**given, at=at - DAY / 8)
    if checked.verdict != Verdict.PROVED:
        return
    words: dict[str, Any] = {
        "title": "您说过，我们改了：短袖不再缩水",
        "text": SAID,
        "title_en": "You said, we did",
        "text_en": SAID_EN,
    }
    telling.word(**given, **words, at=at - DAY / 12)
    telling.tell(**given, at=at - DAY / 12)


def _ask_why(found: Improvement, lead: User, at: datetime, reviews: QuerySet[Review]) -> int:
    """Why, and why that, down to the deepest; the first rests on what members wrote and on the gaps in it."""
    given: dict[str, Any] = {"improvement_id": found.pk, "actor": lead, "at": at}
    parent: int | None = None
    for text in WHYS:
        why = causes.add_why(**given, text=text, parent_id=parent)
        if parent is None:
            said = list(reviews.filter(written_at__lt=at).order_by("-written_at")[:6])
            gaps = list(Gap.objects.filter(review__in=said, withdrawn_at=None).order_by("pk")[:2])
            _rest_on(given, why.pk, "review", said)
            _rest_on(given, why.pk, "gap", gaps)
            causes.add_figure(
                **given, why_id=why.pk, metric=MetricCode.BAD_REVIEWS, dimension=Dimension.CATEGORY,
                key=CLOTHES, first=timezone.localdate(at - 21 * DAY), last=timezone.localdate(at - DAY),
            )  # fmt: skip
        parent = why.pk
    return why.pk


def _rest_on(given: dict[str, Any], why: int, source: str, rows: Sequence[Model]) -> None:
    for row in rows:
        causes.add_row(**given, why_id=why, source=source, row_id=row.pk)


def _begin(found: Improvement, owner: User, *, due_in: int, at: datetime) -> None:
    given: dict[str, Any] = {"improvement_id": found.pk, "actor": owner}
    due_on = timezone.localdate(at) + timedelta(due_in)
    commands.accept(**given, owner=owner, due_on=due_on, at=at)
    commands.start(**given, at=at + DAY / 24)


def _late(department: Department, lead: User | None, at: datetime) -> None:
    """Logistics' own: its day was yesterday, and a task is open."""
    if lead is None:
        return
    aim = Aim(
        metric=MetricCode.GAP_RATE,
        expected=Decimal(1),
        dimension=Dimension.REGION,
        key="陕西",
        control_key="四川",
    )
    found = commands.propose(
        title="陕西改由西安仓发货", kind=ImprovementKind.SUPPLIER, department=department,
        problem="陕西的订单绕道上海，常常晚到一天。", aim=aim, actor=lead, at=at - 12 * DAY,
    )  # fmt: skip
    _begin(found, lead, due_in=10, at=at - 11 * DAY)
    causes.add_why(
        improvement_id=found.pk, text="承诺的时间按直发算，实际绕道中转", actor=lead, at=at - 10 * DAY
    )
    causes.add_task(
        improvement_id=found.pk, text="与快递公司定西安仓的取件时间", owner=lead, actor=lead, at=at - 10 * DAY
    )


def _too_early(department: Department, lead: User | None, at: datetime) -> None:
    """Service's own: carried out a few days ago, so that it is too early to tell."""
    if lead is None:
        return
    aim = Aim(metric=MetricCode.FIRST_REPLY, expected=Decimal(5), window=14)
    found = commands.propose(
        title="午休时间留一人值班", kind=ImprovementKind.PROCESS, department=department,
        problem="十二点到一点半没有人回复，中午来的案件常常超时。", aim=aim, actor=lead, at=at - 16 * DAY,
    )  # fmt: skip
    _begin(found, lead, due_in=14, at=at - 15 * DAY)
    commands.carry_out(improvement_id=found.pk, actor=lead, at=at - 6 * DAY)
    commands.check(improvement_id=found.pk, actor=lead, at=at - DAY)
