"""What is true of the demo shop's goods, what channels claim about them, and what was decided about that."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from compensation.models import Product
from feedback.claims import auditing, commands, facts
from feedback.defaults.demo_staff import Staff
from feedback.models import (
    ClaimChannel,
    ClaimValue,
    FactKind,
    Finding,
    FindingKind,
    FindingStatus,
    ValueState,
)

DAY = timedelta(days=1)
FROM = 62 * DAY
FACTS = {
    "纯棉圆领短袖": {"material": "棉 95%，氨纶 5%", "price": "89", "list-price": "129", "origin": "山东"},
    "羊毛开衫": {
        "material": "羊毛 70%，聚酯纤维 30%",
        "price": "399",
        "list-price": "599",
        "origin": "内蒙古",
    },
    "亚麻长裤": {"material": "亚麻 55%，棉 45%", "price": "239"},
    "四件套床品": {"material": "棉 100%", "size": "200×230 厘米", "price": "329"},
    "儿童保温杯": {"material": "不锈钢", "price": "119", "origin": "浙江"},
    "无线耳机": {"price": "299", "list-price": "399", "guarantee": "30 天"},
    "明前龙井": {"produced": "2026-04-02", "origin": "浙江杭州", "price": "268"},
    "云南小粒咖啡豆": {"origin": "云南保山", "price": "88"},
    "婴儿湿巾整箱": {"size": "150×200 毫米", "price": "79"},
}
"""What has been true of each since before the first order."""


class Said(NamedTuple):
    """A claim: where it is made, since and until how many days ago, about what, and what it says."""

    channel: ClaimChannel
    since: int
    until: int
    product: str
    source: str
    text: str
    order_channel: str = ""
    promises: tuple[str, ...] = ()
    """What a person has confirmed that it promises."""


SAID = (
    Said(
        ClaimChannel.PRODUCT_PAGE, 60, 0, "纯棉圆领短袖", "商品详情页",
        "100% 纯棉，柔软透气。全网最低价 89 元，48 小时内发货，7 天保价。", "", ("shipping",),
    ),
    Said(
        ClaimChannel.LIVESTREAM, 24, 16, "纯棉圆领短袖", "周末直播间",
        "家人们，今天直播价 69 元，拍下就是这个价，顶级棉料。", "livestream", ("price",),
    ),
    Said(
        ClaimChannel.ADVERT, 40, 0, "羊毛开衫", "秋装上新",
        "100% 羊毛，唯一一款不起球的开衫，立减 100 元。",
    ),
    Said(
        ClaimChannel.KOL, 30, 0, "保湿精华", "某美妆达人",
        "用了三天，皮肤明显变好，效果立竿见影，百分百有效！",
    ),
    Said(
        ClaimChannel.PRODUCT_PAGE, 60, 0, "儿童保温杯", "商品详情页",
        "316 不锈钢内胆，倒置不漏，五星品质，保温 12 小时。",
    ),
    Said(
        ClaimChannel.MARKETPLACE, 45, 0, "明前龙井", "天猫旗舰店",
        "产地杭州，生产日期：2026-03-28，国家级非遗工艺。",
    ),
    Said(
        ClaimChannel.ADVERT, 20, 0, "无线耳机", "信息流广告",
        "销量第一的降噪耳机，到手价 259 元，30 天保价。",
    ),
    Said(
        ClaimChannel.PRODUCT_PAGE, 60, 0, "四件套床品", "商品详情页",
        "全棉面料，被套 200×230 厘米，48 小时内发货。",
    ),
    Said(
        ClaimChannel.ADVERT, 35, 0, "云南小粒咖啡豆", "公众号推文",
        "云南保山庄园直供，下单后现烘，两天内发货。",
    ),
)  # fmt: skip
WAIVED = "直播间限时价，与活动排期表核对无误。"
Step = tuple[datetime, Callable[[datetime], None]]


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    yield end - 30 * DAY, partial(_know, end)
    for number, said in enumerate(SAID):
        yield max(end - said.since * DAY, end - 30 * DAY), partial(_claim, staff, number, said, end)
    yield end - 10 * DAY, _audit
    yield end - 9 * DAY, partial(_decide, staff)


def _know(end: datetime, at: datetime) -> None:
    kinds = {kind.code: kind for kind in FactKind.objects.all()}
    for product in Product.objects.filter(name__in=FACTS, external_id__startswith="DEMO"):
        for code, text in FACTS[product.name].items():
            known = facts.Content(product_id=product.pk, kind=kinds[code], text=text, valid_from=end - FROM)
            facts.put(content=known, actor=None, at=at)


def _claim(staff: Staff, number: int, said: Said, end: datetime, at: datetime) -> None:
    """A claim comes, and somebody says which of its numbers are promises."""
    content = commands.Content(
        key=f"demo-{number + 1}",
        channel=said.channel,
        text=said.text,
        valid_from=end - said.since * DAY,
        valid_to=end - said.until * DAY if said.until else None,
        product_id=Product.objects.get(name=said.product, external_id__startswith="DEMO").pk,
        order_channel=said.order_channel,
        source=said.source,
    )
    claim, _new = commands.put(content=content, actor=staff.lead, at=at)
    for value in ClaimValue.objects.filter(claim=claim, measure__in=said.promises).order_by("pk"):
        commands.decide_value(value_id=value.pk, state=ValueState.CONFIRMED, actor=staff.lead, at=at)


def _audit(at: datetime) -> None:
    auditing.catch_up(at=at)


def _decide(staff: Staff, at: datetime) -> None:
    """Some of what the audit found is accepted; a price that differs for a reason is waived."""
    found = Finding.objects.filter(gone_at=None).order_by("pk")
    for finding in found.filter(kind=FindingKind.ABSOLUTE)[:2]:
        auditing.decide(finding_id=finding.pk, status=FindingStatus.ACCEPTED, actor=staff.supervisor, at=at)
    special = found.filter(kind=FindingKind.CONTRADICTION, claim__channel=ClaimChannel.LIVESTREAM)
    for finding in special:
        auditing.decide(
            finding_id=finding.pk, status=FindingStatus.WAIVED, reason=WAIVED, actor=staff.supervisor, at=at
        )
