"""Two trainings of the demo shop's service: one that was held, whose weeks are over, and one to come."""

from datetime import datetime, timedelta

from django.utils import timezone

from config.common.models import User
from feedback.models import Agent, Department
from kpis.models import MetricCode, Presence
from kpis.training import commands
from kpis.training.commands import About, Noted
from kpis.training.held import learners

HELD, PLANNED, COMING, WEEKS, THERE = 15, 21, 4, 2, 2
"""Days back to the one that was held and to its plan, days to the next; weeks compared; who was there."""


def seed(at: datetime) -> None:
    """Hold one some weeks ago with half of the agents, and plan another."""
    service = Department.objects.filter(code="service").first()
    lead = User.objects.filter(username="lead").first()
    if service is None or lead is None:
        return
    agents = list(learners(service).filter(memberships__is_lead=False).order_by("pk"))
    _held(service, lead, agents[: THERE + 1], at)
    about = About(
        title="先道歉，再解决：把话说到会员心里",
        metric=MetricCode.CSAT,
        trainer=lead,
        starts_at=_morning(at + timedelta(COMING)),
        place="三楼会议室",
        notes="带上一条自己处理过的差评，当场改写回复。",
        weeks=WEEKS,
    )
    commands.plan(
        department=service, about=about, agents=[one.pk for one in agents[THERE:]], actor=lead, at=at
    )


def _morning(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=10, minute=0, second=0, microsecond=0)


def _held(service: Department, lead: User, agents: list[Agent], at: datetime) -> None:
    starts = _morning(at - timedelta(HELD))
    about = About(
        title="首次回复：先让会员知道有人在管",
        metric=MetricCode.FIRST_REPLY,
        trainer=lead,
        starts_at=starts,
        minutes=90,
        place="三楼会议室",
        weeks=WEEKS,
    )
    made = commands.plan(
        department=service,
        about=about,
        agents=[one.pk for one in agents],
        actor=lead,
        at=at - timedelta(PLANNED),
    )
    noted = {one.pk: Noted(Presence.PRESENT, 70 + 7 * number) for number, one in enumerate(agents[:THERE])}
    noted |= {one.pk: Noted(Presence.EXCUSED) for one in agents[THERE:]}
    commands.hold(training_id=made.pk, attendance=noted, actor=lead, at=starts + timedelta(hours=2))
