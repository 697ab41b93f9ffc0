"""A believable afternoon in customer service: for browser tests, and for looking at the screens.

To look: `from tests.e2e.scene import play; play()` in `manage.py shell` of a thrown-away database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from compensation.defaults import money
from compensation.models import CouponTemplate, Member, Order
from feedback.cases import commands
from feedback.defaults.authority import seed_authority
from feedback.defaults.roles import ROLES
from feedback.handoffs import commands as handoffs
from feedback.models import Agent, Case, CaseKind, Channel, Department, Policy, Priority, Resolution
from feedback.remedies.commands import grant_for_case
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory, group, picture
from tests.factories.orders import OrderFactory, OrderLineFactory, ProductFactory, ShipmentFactory
from tests.factories.sop import make_ladder, make_policy

PASSWORD = "hui-yin-2026"


@dataclass(slots=True)
class Scene:
    """Who and what a test may refer to."""

    service: Department
    logistics: Department
    agent: Agent
    lead: Agent
    stranger: Agent
    main: Case
    cases: dict[str, Case]


def play(now: datetime | None = None) -> Scene:
    """Put everything in place; the moments are told from `now` backwards."""
    now = now or timezone.now()

    def ago(**span: float) -> datetime:
        return now - timedelta(**span)

    for role in ROLES:
        group(role)
    seed_authority(now)
    money.seed(now)
    calendar = CalendarFactory(code="always")
    top = DepartmentFactory(code="management", name="总经办", name_en="Management", calendar=calendar)
    service = DepartmentFactory(
        code="service",
        name="客服部",
        name_en="Customer service",
        calendar=calendar,
        parent=top,
        takes_new=True,
    )
    logistics = DepartmentFactory(
        code="logistics", name="物流部", name_en="Logistics", calendar=calendar, parent=top
    )
    product = DepartmentFactory(
        code="product", name="商品部", name_en="Product", calendar=calendar, parent=top
    )
    if not Policy.objects.exists():
        ladder = make_ladder()
        make_policy("urgent", ladder=ladder, position=1, priorities=[4], targets=targets(15, 30, 240, 60))
        make_policy("any", ladder=ladder, targets=targets(30, 120, 1440, 240))
    agent = person("chen", "陈晓雯", "agent", service)
    colleague = person("zhao", "赵志强", "agent", service)
    lead = person("li", "李敏", "supervisor", service, leads=True)
    stranger = person("wang", "王建国", "agent", logistics)
    person("sun", "孙丽", "agent", product)
    me, mate = agent.user, colleague.user

    def case(member, subject, body, *, since, **options) -> Case:
        options = {"kind": CaseKind.COMPLAINT, "channel": Channel.PORTAL, **options}
        return commands.open_case(
            member=member, subject=subject, body=body, actor=member, at=ago(**since), **options
        )

    cases: dict[str, Case] = {}
    gold, silver, plain = tiers()
    fang = member("方雨晴", gold, city="杭州", email="yuqing.fang@example.com")
    late = order(fang, now, "真丝连衣裙", days=6, deliver_after=2, delivered_after=None)
    old = case(
        fang, "围巾颜色发错", "我拍的是米色，收到的是灰色。", since={"days": 40}, kind=CaseKind.COMPLAINT
    )
    commands.reply(
        case_id=old.pk, body="非常抱歉，已为您补发米色。", actor=mate, at=ago(days=40, minutes=-12)
    )
    commands.resolve(case_id=old.pk, resolution=Resolution.SOLVED, actor=mate, at=ago(days=39))
    commands.confirm(case_id=old.pk, actor=fang, at=ago(days=38))

    main = case(
        fang,
        "连衣裙还没有收到，承诺前天送达",
        "你好，我的订单说好前天送到，物流一直停在杭州转运中心没有动。\n后天要穿着参加婚礼，请帮我查一下到底什么时候能到？",
        since={"minutes": 132},
        order=late,
        attachments=[picture("物流截图.jpg", (420, 300))],
        priority=Priority.HIGH,
    )
    commands.claim(case_id=main.pk, actor=me, at=ago(minutes=124))
    commands.reply(
        case_id=main.pk,
        body="方女士您好，非常抱歉让您担心了。我马上请物流同事核实包裹位置，两小时内给您准确答复。",
        actor=me,
        at=ago(minutes=112),
    )
    handoff = handoffs.hand_over(
        case_id=main.pk,
        department_id=logistics.pk,
        question="包裹在杭州转运中心停了两天，请核实现在的位置，明天能不能送到？",
        actor=me,
        at=ago(minutes=110),
    )
    commands.note(
        case_id=main.pk, body="会员后天参加婚礼，最晚明天晚上要送到。", actor=me, at=ago(minutes=108)
    )
    commands.member_message(
        case_id=main.pk, body="好的，等你消息。真的很急，拜托了！", actor=fang, at=ago(minutes=96)
    )
    handoffs.answer(
        handoff_id=handoff.pk,
        answer="包裹漏扫，已找到并加急，明天上午 11 点前送达，司机电话已更新。",
        actor=stranger.user,
        at=ago(minutes=38),
    )
    coupon = CouponTemplate.objects.order_by("value_fen").first()
    grant_for_case(
        case_id=main.pk,
        kind="coupon",
        template_id=coupon.pk,
        reason="送达延误，先行致歉",
        key="scene",
        actor=me,
        at=ago(minutes=30),
    )
    cases["main"] = main

    def more(key, *arguments, **options) -> Case:
        cases[key] = case(*arguments, **options)
        return cases[key]

    more(
        "late",
        member("黄志远", plain),
        "退款三天了还没到账",
        "订单已经退货签收，退款一直显示处理中。",
        since={"minutes": 47},
        kind=CaseKind.REFUND,
        channel=Channel.APP,
    )
    more(
        "soon",
        member("林若曦", silver),
        "杯子碎了两只",
        "六只装的杯子，打开箱子碎了两只，照片在附件。",
        since={"minutes": 26},
        attachments=[picture("碎杯.jpg", (300, 400))],
        channel=Channel.CHAT,
    )
    more(
        "urgent",
        member("欧阳建华", gold),
        "直播间说买一送一，只收到一件",
        "主播明确说了买一送一，现在客服说没有活动？",
        since={"minutes": 4},
        priority=Priority.URGENT,
        channel=Channel.SOCIAL,
    )
    more(
        "fresh",
        member("Emma Wilson", plain, language="en"),
        "Wrong size delivered",
        "I ordered a medium but the parcel contains a small. Could you send the right one?",
        since={"minutes": 2},
        channel=Channel.EMAIL,
    )
    more(
        "size",
        member("周子涵", plain),
        "尺码怎么选",
        "身高 165，体重 52 公斤，穿 M 还是 L？",
        since={"minutes": 9},
        kind=CaseKind.ENQUIRY,
        channel=Channel.CHAT,
    )
    mine = more(
        "mine",
        member("吴佩珊", silver),
        "发票抬头开错了",
        "公司名称少了“有限”两个字，需要重开。",
        since={"minutes": 200},
        kind=CaseKind.ENQUIRY,
        channel=Channel.PHONE,
    )
    commands.claim(case_id=mine.pk, actor=me, at=ago(minutes=190))
    commands.reply(
        case_id=mine.pk, body="收到，请您提供正确的抬头和税号。", then="wait", actor=me, at=ago(minutes=180)
    )
    his = more(
        "his",
        member("何文博", plain),
        "空气炸锅异味",
        "用了三次还是有塑料味，正常吗？",
        since={"minutes": 75},
        channel=Channel.MARKETPLACE,
    )
    commands.claim(case_id=his.pk, actor=mate, at=ago(minutes=70))
    commands.reply(
        case_id=his.pk, body="您好，首次使用建议空烧 15 分钟，异味会消失。", actor=mate, at=ago(minutes=66)
    )
    commands.member_message(case_id=his.pk, body="空烧过了，还是有。", actor=his.member, at=ago(minutes=20))
    asked = more(
        "asked",
        member("蒋一鸣", plain),
        "快递柜里没有包裹",
        "短信说放快递柜了，打开是空的。",
        since={"minutes": 55},
        department=logistics,
        channel=Channel.PORTAL,
    )
    commands.claim(case_id=asked.pk, actor=stranger.user, at=ago(minutes=50))
    handoffs.hand_over(
        case_id=asked.pk,
        department_id=service.pk,
        question="会员是否已经在别的渠道申请退款？",
        actor=stranger.user,
        at=ago(minutes=41),
    )
    done = more(
        "done",
        member("许静怡", gold),
        "积分没有到账",
        "昨天签到的积分没有加上。",
        since={"hours": 5},
        kind=CaseKind.ENQUIRY,
        channel=Channel.APP,
    )
    commands.reply(
        case_id=done.pk,
        body="已为您补记 20 积分，给您添麻烦了。",
        then="resolve",
        resolution=Resolution.SOLVED,
        actor=me,
        at=ago(hours=4.7),
    )
    names = [
        "郑凯",
        "冯雅琪",
        "韩雪",
        "曹宇航",
        "彭丽娜",
        "董浩",
        "袁梦",
        "潘晓东",
        "余思思",
        "杜鹏",
        "叶青",
        "魏然",
    ]
    for n, name in enumerate(names):
        more(
            f"more{n}",
            member(name, plain),
            "想改收货地址" if n % 2 else "优惠券用不了",
            "下单后发现地址填错了，还来得及改吗？" if n % 2 else "结算时提示不满足条件，可是金额已经够了。",
            since={"minutes": 11 + n * 0.9},
            kind=CaseKind.ENQUIRY,
            channel=Channel.PORTAL,
        )
    return Scene(service, logistics, agent, lead, stranger, main, {k: fresh(v) for k, v in cases.items()})


def fresh(case: Case) -> Case:
    """The case as it is now."""
    case.refresh_from_db()
    return case


def targets(first: int, following: int, resolution: int, handoff: int) -> dict[str, int]:
    """The minutes of each milestone."""
    return {"first_reply": first, "next_reply": following, "resolution": resolution, "handoff": handoff}


def person(username: str, name: str, role: str, department: Department, *, leads: bool = False) -> Agent:
    """A member of staff who can sign in with PASSWORD."""
    where = {"leads": [department]} if leads else {"departments": [department]}
    agent = AgentFactory(user__username=username, user__name=name, user__role=role, **where)
    agent.user.set_password(PASSWORD)
    agent.user.save()
    return agent


def tiers():
    """Gold, silver and ordinary."""
    return (
        TierFactory(code="gold", name="金卡", name_en="Gold"),
        TierFactory(code="silver", name="银卡", name_en="Silver"),
        TierFactory(code="ordinary", name="普通", name_en="Ordinary"),
    )


def member(name: str, tier, **fields) -> Member:
    """A member of the shop."""
    return MemberFactory(name=name, tier=tier, **fields)


def order(
    buyer: Member, now: datetime, what: str, *, days: int, deliver_after: int, delivered_after
) -> Order:
    """An order placed `days` ago, shipped after a day."""
    placed = now - timedelta(days=days)
    made = OrderFactory(member=buyer, status="shipped", placed_at=placed, paid_at=placed, total_fen=45_900)
    parcel = ShipmentFactory(order=made, shipped_at=placed + timedelta(days=1))
    OrderLineFactory(
        order=made,
        shipment=parcel,
        product=ProductFactory(name=what),
        paid_fen=45_900,
        ship_by=placed + timedelta(days=2),
        deliver_by=placed + timedelta(days=deliver_after + 2),
    )
    return made
