"""A believable shop: products, members and two months of orders, most of them on time.

Nobody in it exists: a member is a surname with a form of address, a phone number is from no operator's range.
"""

import random
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from compensation.models import EarningRule, Member, Order, OrderLine, OrderStatus, Product, Shipment
from compensation.points import commands as points
from compensation.tiers import commands as tiers

MEMBERS, ORDERS, DAYS, WITH_POINTS = 900, 4_000, 60, 15
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
REGIONS = {  # hours from the warehouse in Shanghai: same city, other cities, remote
    "上海": 24,
    "江苏": 48,
    "浙江": 48,
    "北京": 48,
    "广东": 48,
    "四川": 48,
    "湖北": 48,
    "陕西": 48,
    "新疆": 72,
    "西藏": 72,
}
PRODUCTS = {
    "服饰": (("纯棉圆领短袖", 89), ("亚麻长裤", 239), ("羊毛开衫", 399), ("防晒外套", 199)),
    "家居": (("陶瓷马克杯两只装", 59), ("记忆棉枕头", 169), ("四件套床品", 329), ("香薰蜡烛", 79)),
    "数码": (("无线耳机", 299), ("快充移动电源", 149), ("机械键盘", 459), ("手机支架", 39)),
    "食品": (("云南小粒咖啡豆", 88), ("坚果礼盒", 128), ("新疆灰枣", 49), ("明前龙井", 268)),
    "美妆": (("氨基酸洁面乳", 69), ("保湿精华", 219), ("防晒霜", 109)),
    "母婴": (("婴儿湿巾整箱", 79), ("儿童保温杯", 119), ("绘本套装", 158)),
}
CARRIERS = ("顺丰速运", "中通快递", "圆通速递", "京东物流")
CHANNELS = ("app", "portal", "marketplace", "livestream")
LATE_SHARE, CANCELLED_SHARE, CONSENTING_SHARE = 0.03, 0.03, 0.7
REGULARS_SHARE = 0.6  # of the orders come from a third of the members


@transaction.atomic
def seed(at: datetime) -> None:
    """Make the shop as it would stand at that moment."""
    dice = random.Random(20_26)  # noqa: S311 - the same shop every time
    products = _products()
    members = _members(at, dice)
    _orders(at, dice, members, products)
    tiers.reassess(member_ids=[member.pk for member in members], at=at)
    _points(at, members[:WITH_POINTS])


def _products() -> list[tuple[Product, int]]:
    rows = [(category, name, yuan) for category, goods in PRODUCTS.items() for name, yuan in goods]
    made = Product.objects.bulk_create(
        Product(external_id=f"DEMO-P{number:03d}", name=name, category=category)
        for number, (category, name, _yuan) in enumerate(rows, start=1)
    )
    return [(product, yuan * 100) for product, (_category, _name, yuan) in zip(made, rows, strict=True)]


def _members(at: datetime, dice: random.Random) -> list[Member]:
    lowest = tiers.lowest()
    members = Member.objects.bulk_create(
        Member(
            external_id=f"DEMO-{number:04d}",
            name=dice.choice(SURNAMES) + dice.choice(("女士", "先生")),
            phone=f"1000000{number:04d}",
            email=f"member{number}@demo.invalid",
            birthday=(at - timedelta(days=dice.randint(19 * 365, 60 * 365))).date(),
            registered_at=at - timedelta(days=dice.randint(DAYS, 3 * 365), minutes=dice.randint(0, 1439)),
            region=dice.choice(list(REGIONS)),
            consent_marketing=dice.random() < CONSENTING_SHARE,
            tier=lowest,
        )
        for number in range(1, MEMBERS + 1)
    )
    tiers.start(member_ids=[member.pk for member in members], at=at)
    return members


def _orders(
    at: datetime, dice: random.Random, members: list[Member], products: list[tuple[Product, int]]
) -> None:
    orders, lines, shipments = [], [], []
    for number in range(1, ORDERS + 1):
        member = dice.choice(members[: MEMBERS // 3] if dice.random() < REGULARS_SHARE else members)
        placed = at - timedelta(minutes=dice.randint(20, DAYS * 1440))
        bought = dice.sample(products, dice.choice((1, 1, 1, 2, 3)))
        order = Order(
            external_id=f"DEMO{placed:%y%m%d}{number:05d}",
            member=member,
            channel=dice.choice(CHANNELS),
            region=member.region,
            payment_method=dice.choice(("alipay", "wechat", "card")),
            total_fen=sum(fen for _product, fen in bought),
            placed_at=placed,
            paid_at=placed + timedelta(minutes=2),
            status=OrderStatus.PAID,
            changed_at=at,
        )
        parcel = _parcel(order, at, dice)
        ship_by = placed + timedelta(hours=48)
        deliver_by = ship_by + timedelta(hours=REGIONS[member.region])
        orders.append(order)
        if parcel:
            shipments.append(parcel)
        lines += [
            OrderLine(
                order=order,
                shipment=parcel,
                external_id=str(place),
                product=product,
                paid_fen=fen,
                ship_by=ship_by,
                deliver_by=deliver_by,
            )
            for place, (product, fen) in enumerate(bought, start=1)
        ]
    Order.objects.bulk_create(orders)
    Shipment.objects.bulk_create(shipments)
    OrderLine.objects.bulk_create(lines)


def _points(at: datetime, members: list[Member]) -> None:
    """What some members earned by their orders, each when it came."""
    EarningRule.objects.update(starts_at=at - timedelta(days=DAYS))
    received = Order.objects.filter(member__in=members, status=OrderStatus.DELIVERED)
    for order in received.annotate(came=Max("shipments__delivered_at")).order_by("came", "pk"):
        points.order_received(order_id=order.pk, at=order.came)


def _parcel(order: Order, at: datetime, dice: random.Random) -> Shipment | None:
    """The parcel of an order, if it has left by now, and the status that follows for the order."""
    if dice.random() < CANCELLED_SHARE:
        order.status, order.cancelled_at = (
            OrderStatus.CANCELLED,
            min(at, order.placed_at + timedelta(hours=3)),
        )
        return None
    shipped = order.placed_at + timedelta(hours=dice.uniform(4, 44))
    travel = REGIONS[order.region] * dice.uniform(0.5, 0.98)
    if dice.random() < LATE_SHARE:
        travel += dice.choice((5, 9, 14, 20, 30, 40, 96))
    delivered = shipped + timedelta(hours=travel)
    if shipped > at:
        return None
    order.status = OrderStatus.DELIVERED if delivered <= at else OrderStatus.SHIPPED
    return Shipment(
        order=order,
        external_id="1",
        carrier=dice.choice(CARRIERS),
        tracking_number=f"DEMO{order.external_id[-5:]}{dice.randint(1000, 9999)}",
        shipped_at=shipped,
        delivered_at=delivered if delivered <= at else None,
    )
