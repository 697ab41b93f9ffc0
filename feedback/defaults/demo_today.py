"""What else goes on in the demo shop: pauses, playbooks, causes of breaches, quality, the roster, chats.

Each is a step of the month at its own time, by the same commands as the screens use.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.utils import timezone

from compensation.models import Member
from config.common.errors import DomainError
from config.common.models import User
from feedback.cases import waiting
from feedback.channels.chat import starting, talking
from feedback.defaults.demo_staff import Staff
from feedback.models import (
    BreachCause,
    Case,
    CheckStatus,
    Clock,
    LeaveReason,
    PauseReason,
    Playbook,
    QualityCheck,
)
from feedback.playbooks import commands as playbooks
from feedback.quality import commands as quality
from feedback.quality import sampling
from feedback.shifts import commands as shifts
from feedback.supervision import causes

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CAUSES = ("understaffed", "waiting-inside", "understaffed", "overlooked", "waiting-outside", "difficult")
WAITS = (
    (50 * HOUR, 20 * HOUR, PauseReason.WAITING_SUPPLIER, "供应商确认备件库存，明天答复。"),
    (27 * HOUR, 3 * HOUR, PauseReason.WAITING_COURIER, "承运商在查包裹最后一次扫描的位置。"),
    (22 * HOUR, 0 * HOUR, PauseReason.WAITING_BANK, "银行退款处理中，预计一至三个工作日。"),
)
"""When a case begins to wait, how long it waits (0 is still), for whom, and what was noted."""

BY_THE_BOOK = (("碎", "damaged"), ("晚", "late"), ("颜色", "wrong-item"))
"""Words of a subject, and the playbook for them."""


class Talk(NamedTuple):
    """What a member says in a chat, what we answer if we have, and what the member says to that."""

    asks: str
    answers: str = ""
    goes_on: str = ""


CHATS = (
    Talk("你好，下单三天了物流还没更新，能帮我看看吗？", "让您久等了，我马上查包裹的位置。", "好的，急用。"),
    Talk("付款后想改收货地址，还来得及吗？", "您好，订单还没有出库，可以修改。请告诉我新的地址。"),
    Talk("收到的杯子有裂纹，要怎么处理？"),
)
Step = tuple[datetime, "partial[None]"]


def steps(staff: Staff, end: datetime) -> Iterator[Step]:
    """The steps, each with its time."""
    for before, lasts, reason, note in WAITS:
        yield end - before, partial(_wait, reason, note)
        if lasts:
            yield end - before + lasts, partial(_go_on, reason)
    for number, (word, code) in enumerate(BY_THE_BOOK):
        yield end - (26 - number) * HOUR, partial(_by_the_book, word, code)
    yield end - 20 * HOUR, partial(_draw)
    yield end - 4 * HOUR, partial(_score, staff.supervisor)
    yield end - 2 * HOUR, partial(_say_why, staff.lead)
    yield end - HOUR, partial(_plan, staff)
    for number, talk in enumerate(CHATS):
        yield end - (6 - number) * MINUTE, partial(_chat, staff.agents[0], number, talk)


def _wait(reason: PauseReason, note: str, at: datetime) -> None:
    """Whoever has the case that is open longest and can wait has it wait."""
    found = Case.objects.filter(resolved_at=None, waiting_for="", agent__isnull=False)
    for case in found.select_related("agent__user").order_by("opened_at"):
        with suppress(DomainError):
            waiting.wait_for(case_id=case.pk, reason=reason, note=note, actor=_agent(case), at=at)
            return


def _go_on(reason: PauseReason, at: datetime) -> None:
    for case in Case.objects.filter(waiting_for=reason).select_related("agent__user"):
        waiting.go_on(case_id=case.pk, actor=_agent(case), at=at)


def _agent(case: Case) -> User | None:
    return case.agent.user if case.agent else None


def _by_the_book(word: str, code: str, at: datetime) -> None:
    found = Case.objects.filter(subject__contains=word, resolved_at=None, agent__isnull=False)
    case = found.select_related("agent__user").order_by("-opened_at").first()
    if case is None or case.agent is None:
        return
    book, actor = Playbook.objects.get(code=code), case.agent.user
    use = playbooks.apply(case_id=case.pk, playbook_id=book.pk, actor=actor, at=at)
    for number in (1, 2):
        playbooks.finish_step(use_id=use.pk, number=number, actor=actor, at=at + number * 4 * MINUTE)


def _draw(at: datetime) -> None:
    sampling.draw(at=at)


def _score(by: User, at: datetime) -> None:
    """Score half of what was drawn: mostly well, with a word on what could be better."""
    checks = list(QualityCheck.objects.filter(status=CheckStatus.WAITING, scorers=1).order_by("pk"))
    for number, check in enumerate(checks[: (len(checks) + 1) // 2]):
        points: dict[str, int | None] = {item["key"]: item["best"] for item in check.form["items"]}
        remark = "回复及时，方案清楚。"
        if number % 2:
            first = check.form["items"][2]["key"]
            points[first] = 1
            remark = "先表示歉意，再说方案，会更好。"
        quality.score(check_id=check.pk, points=points, remark=remark, actor=by, at=at + number * MINUTE)


def _say_why(by: User, at: datetime) -> None:
    late = Clock.objects.filter(breached_at__isnull=False, breached_at__lt=at - 3 * HOUR)
    for number, clock in enumerate(late.order_by("pk")[:14]):
        cause = BreachCause.objects.get(code=CAUSES[number % len(CAUSES)])
        causes.note(clock_ids=[clock.pk], cause_id=cause.pk, actor=by, at=at + number * MINUTE)


def _plan(staff: Staff, at: datetime) -> None:
    """Roster the coming weekend: who stays on into the night, and who is away."""
    day = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    saturday = day + timedelta(days=(5 - day.weekday()) % 7)
    agents = [user.agent for user in staff.agents]
    for number, agent in enumerate(agents[:2]):
        begins = saturday + timedelta(days=number) + 21 * HOUR
        shifts.plan_shift(
            agent_id=agent.pk, starts_at=begins, ends_at=begins + 2 * HOUR, actor=staff.lead, at=at
        )
    for agent, reason in ((agents[2], LeaveReason.TRAINING), (agents[3], LeaveReason.VACATION)):
        shifts.plan_leave(
            agent_id=agent.pk,
            starts_at=saturday,
            ends_at=saturday + timedelta(days=2),
            reason=reason,
            actor=staff.lead,
            at=at,
        )


def _chat(agent: User, number: int, talk: Talk, at: datetime) -> None:
    """A chat in the hours of the service; out of them there is none."""
    member = Member.objects.filter(external_id__startswith="DEMO-").order_by("-pk")[number]
    chat = starting.start(member=member, body=talk.asks, at=at)
    if talk.answers:
        talking.say(case_id=chat.case_id, body=talk.answers, actor=agent, at=at + MINUTE / 3)
    if talk.goes_on:
        talking.write(case_id=chat.case_id, body=talk.goes_on, member=member, at=at + MINUTE)
