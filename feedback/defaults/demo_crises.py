"""A crisis of the demo shop that is contained, and one that is only proposed, found by the watch itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from compensation.models import Order
from feedback.cases import commands as cases
from feedback.crises import answering, commands, joining, statements, watching
from feedback.crises.commands import Plan
from feedback.crises.statements import Words
from feedback.defaults.demo_staff import Staff
from feedback.defaults.demo_today import Step
from feedback.models import CaseKind, Channel, Crisis, CrisisSeverity

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
STORM, BROKEN = "暴雨导致快递延误", "玻璃杯"
SAID = Words(
    title="关于部分地区快递延误的说明",
    body="受持续暴雨影响，部分地区的包裹会晚到一至三天。我们已与承运商加派车辆，并会主动告知每个包裹的进展。",
    title_en="Parcels delayed by heavy rain",
    body_en="Heavy rain delays parcels to some regions by one to three days. We keep everybody posted.",
    for_affected="您的工单已优先处理，无需重复联系。超出承诺时间的订单会得到补偿。",
    for_affected_en="Your case comes first; there is no need to write again. Late orders are made good.",
)
WRITTEN = (
    "收到的玻璃杯全碎了", "两只玻璃杯都裂了", "玻璃杯碎在箱子里", "新买的玻璃杯有裂纹", "玻璃杯到手就是碎的",
    "杯口崩了一块", "玻璃杯碎了，划到手", "六只玻璃杯碎了四只", "包装太薄，玻璃杯碎了", "玻璃杯底部裂开",
    "又是碎的玻璃杯", "玻璃杯碎片散了一箱",
)  # fmt: skip


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    yield end - 6 * DAY, partial(_open, staff)
    yield end - 6 * DAY + 20 * MINUTE, partial(_say, staff)
    yield end - 3 * DAY, partial(_contain, staff)
    for number, subject in enumerate(WRITTEN):
        yield end - (len(WRITTEN) - number) * 2 * MINUTE, partial(_complain, number, subject)
    yield end, partial(_watch, staff)


def _open(staff: Staff, at: datetime) -> None:
    plan = Plan(
        name=STORM,
        severity=CrisisSeverity.SERIOUS,
        department=staff.service,
        owner=staff.supervisor,
        since=at - 2 * DAY,
        conditions={"words": ["晚", "延误"], "kinds": [CaseKind.COMPLAINT]},
    )
    commands.begin(plan=plan, actor=staff.supervisor, at=at)
    joining.join_all(at=at)
    answering.answer_all(at=at)


def _say(staff: Staff, at: datetime) -> None:
    crisis = Crisis.objects.get(name=STORM)
    statements.write(crisis_id=crisis.pk, words=SAID, actor=staff.lead, at=at)
    statements.publish(crisis_id=crisis.pk, number=1, actor=staff.supervisor, at=at + 5 * MINUTE)


def _contain(staff: Staff, at: datetime) -> None:
    joining.join_all(at=at)
    commands.contain(
        crisis_id=Crisis.objects.get(name=STORM).pk,
        cause="华东持续暴雨，分拨中心积压；承运商已改走备用线路。",
        actor=staff.supervisor,
        at=at,
    )


def _complain(number: int, subject: str, at: datetime) -> None:
    orders = (
        Order.objects.filter(external_id__startswith="DEMO").select_related("member").order_by("-placed_at")
    )
    order = orders[number * 3]
    cases.open_case(
        member=order.member,
        kind=CaseKind.COMPLAINT,
        channel=Channel.APP,
        subject=subject,
        body=f"{subject}，请尽快处理。",
        category=BROKEN,
        order=order,
        actor=order.member,
        at=at,
    )


def _watch(staff: Staff, at: datetime) -> None:
    joining.join_all(at=at)
    for crisis in watching.watch(at=at):
        if crisis.value != BROKEN:
            why = "新店开业，来件整体增加，并非同一原因。"
            commands.dismiss(crisis_id=crisis.pk, why=why, actor=staff.supervisor, at=at)
