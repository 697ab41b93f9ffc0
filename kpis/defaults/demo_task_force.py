"""The demo shop's task force: two meetings that were held, one that is called, and what was decided.

Everything goes by the same commands as in the shop's own work, at the moments at which it would have been;
what stands on the agendas comes from the shop's figures.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from config.common.models import User
from feedback.models import Department
from kpis.models import Meeting, PartIn, Presence, Resolve, TaskForce
from kpis.task_force import deciding, meetings, seats
from kpis.task_force.meetings import Written
from kpis.task_force.seats import Seat

DAY = timedelta(days=1)
NAME = "满意度提升小组"
SEATS = (
    ("supervisor", "service", PartIn.LEADER),
    ("lead", "service", PartIn.KEEPER),
    ("logistics_lead", "logistics", PartIn.MEMBER),
    ("product_lead", "product", PartIn.MEMBER),
)
SAID = (
    "主要是午休时段没有人接，先补人，再看是不是要改班表。",
    "与上周同一个原因，不重复讨论。",
    "物流组先拿出西安仓的数据，下周再议。",
)
MINUTES = (
    "先看数，再谈原因，最后定事。本周只定了两件事，都有人、有日子。",
    "上周两件事：一件做完了，一件还没有，已经过期。补人之后午休的首次回复回到了目标以上。",
)
FIRST = (
    ("十二点到一点半留一人值班", "lead", "service", 6),
    ("给出西安仓直发的时效数据", "logistics_lead", "logistics", 5),
)
SECOND = (("差评里说“缩水”的商品页全部核对一遍", "product_lead", "product", 14),)
OUTCOME = "三位同事轮值，午休时段首次回复达标率回到 96%。"


def seed(at: datetime) -> None:
    """Put the task force together and hold its meetings of the last two weeks."""
    people = {one.username: one for one in User.objects.filter(username__in=[who for who, *_rest in SEATS])}
    places = {one.code: one for one in Department.objects.all()}
    if len(people) < len(SEATS):
        return
    today = timezone.localdate(at)
    leader = people["supervisor"]
    force = seats.create(
        name=NAME,
        weekday=(today + DAY).weekday(),
        seats=[Seat(people[who], places[code], part) for who, code, part in SEATS],
        actor=leader,
        at=at - 20 * DAY,
    )

    def decide(meeting: Meeting, what: tuple[str, str, str, int], when: datetime) -> Resolve:
        text, owner, code, days = what
        return deciding.decide(
            meeting_id=meeting.pk,
            text=text,
            owner=people[owner],
            department=places[code],
            due_on=timezone.localdate(when) + timedelta(days),
            actor=leader,
            at=when,
        )

    morning = timezone.localtime(at).replace(hour=10, minute=0)
    before, lately = morning - 13 * DAY, morning - 6 * DAY
    first = _begun(force, leader, before)
    made = [decide(first, one, before) for one in FIRST]
    _end(first, leader, people, MINUTES[0], before)
    deciding.done(resolve_id=made[0].pk, outcome=OUTCOME, actor=people["lead"], at=at - 8 * DAY)
    second = _begun(force, leader, lately)
    for one in SECOND:
        decide(second, one, lately)
    _end(second, leader, people, MINUTES[1], lately)
    meetings.call(task_force_id=force.pk, on=today, actor=leader, at=at)


def _begun(force: TaskForce, leader: User, at: datetime) -> Meeting:
    on = timezone.localdate(at)
    made = meetings.call(task_force_id=force.pk, on=on, actor=leader, at=at - DAY)
    return meetings.begin(meeting_id=made.pk, actor=leader, at=at)


def _end(meeting: Meeting, leader: User, people: dict[str, User], minutes: str, at: datetime) -> None:
    topics = list(meeting.topics.order_by("position")[: len(SAID)])
    meetings.write(
        meeting_id=meeting.pk,
        minutes=Written(minutes),
        said={topic.pk: Written(text) for topic, text in zip(topics, SAID, strict=False)},
        actor=leader,
        at=at,
    )
    there = {one.pk: Presence.PRESENT.value for one in people.values()}
    there[people["product_lead"].pk] = Presence.EXCUSED.value
    meetings.note_presence(meeting_id=meeting.pk, presence=there, actor=leader, at=at)
    meetings.end(meeting_id=meeting.pk, actor=leader, at=at + DAY / 24)
