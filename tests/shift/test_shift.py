"""A shift in which all that an SOP knows happens, and its breaches against a reckoning of their own.

Cases come in the last hour before the National Day holidays and are worked until after the make-up day:
replies, pauses with caps, handoffs, calls, transfers, priorities that change, cases that come back.
SHIFT_CASES=2000 is the whole shift; CI runs a part of it.
"""

import os
import random
from datetime import date, timedelta

import pytest

from compensation.models import Tier
from feedback.cases import commands, waiting
from feedback.clocks.pauses import review
from feedback.handoffs import commands as handoffs
from feedback.ladders.sweep import sweep
from feedback.models import Calendar, Case, Clock, Department, Handoff, Pause, PauseRule, Policy, PolicyTarget
from feedback.sops.commands import publish_calendar, publish_policy
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory
from tests.factories.sop import make_ladder
from tests.shift import book, reckoning
from tests.shift.script import facts_of, happenings

CASES = int(os.environ.get("SHIFT_CASES", "120"))
AGENTS = 20
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.req("F2"),
    pytest.mark.req("F3"),
    pytest.mark.req("F4"),
]


def clock_time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def set_up() -> None:
    """Put the book into the database."""
    at = book.SHIFT - timedelta(days=2)
    calendars = {}
    for code, (days, shifts) in book.HOURS.items():
        open_at = [[clock_time(since), clock_time(until)] for since, until in shifts]
        closed = {} if code == "always" else {day.isoformat(): [] for day in book.HOLIDAYS}
        made_up = {} if code == "always" else {day.isoformat(): open_at for day in book.MADE_UP}
        content = {
            "zone": "Asia/Shanghai",
            "hours": {WEEK[day]: open_at for day in days},
            "exceptions": closed | made_up,
        }
        calendars[code] = Calendar.objects.create(code=code, name=code, content=content)
        publish_calendar(calendar=calendars[code], actor=None, at=at)
    ladder = make_ladder()
    for place, (code, conditions, calendar, targets) in enumerate(book.POLICIES):
        listed = {PLURALS[name]: [value] for name, value in conditions.items()}
        policy = Policy.objects.create(code=code, name=code, position=place, **listed)
        for milestone, seconds in targets.items():
            PolicyTarget.objects.create(
                policy=policy,
                milestone=milestone,
                within=timedelta(seconds=seconds),
                calendar=calendars.get(calendar),
                ladder=ladder,
            )
        publish_policy(policy=policy, actor=None, at=at)
    for reason, (milestones, cap) in book.PAUSES.items():
        PauseRule.objects.update_or_create(
            reason=reason,
            defaults={
                "milestones": milestones,
                "cap": timedelta(seconds=cap) if cap else None,
                "in_working_time": True,
            },
        )
    top = Department.objects.create(code="top", name="总经办", calendar=calendars["office"])
    for code, calendar in book.DEPARTMENTS.items():
        Department.objects.create(code=code, name=code, calendar=calendars[calendar], parent=top)


PLURALS = {"kind": "kinds", "channel": "channels", "priority": "priorities", "tier": "tiers"}


class Floor:
    """The people on the floor: each happening becomes the command that somebody gives."""

    def __init__(self) -> None:
        self.departments = {one.code: one for one in Department.objects.all()}
        self.agents = [
            AgentFactory(**{"departments" if number % 5 else "leads": list(self.departments.values())})
            for number in range(AGENTS)
        ]
        tiers = {code: Tier.objects.filter(code=code).first() for code in ("ordinary", "gold")}
        self.tiers = {code: tier or TierFactory(code=code) for code, tier in tiers.items()}
        self.cases: dict[int, int] = {}
        self.members = {}

    def do(self, at, number, what, detail):
        agent = self.agents[number % AGENTS].user
        case = {"case_id": self.cases.get(number), "actor": agent, "at": at}
        match what:
            case "open":
                facts = facts_of(number)
                member = self.members[number] = MemberFactory(tier=self.tiers[facts["tier"]])
                self.cases[number] = commands.open_case(
                    member=member,
                    kind=facts["kind"],
                    channel=facts["channel"],
                    priority=facts["priority"],
                    subject=str(number),
                    body="?",
                    department=self.departments["service"],
                    actor=member,
                    at=at,
                ).pk
            case "reply":
                commands.reply(body="您好", then=detail or "open", **case)
            case "member" | "reopen":
                commands.member_message(
                    case_id=self.cases[number], body="?", actor=self.members[number], at=at
                )
            case "wait":
                waiting.wait_for(reason=detail, **case)
            case "go_on":
                if Case.objects.get(pk=self.cases[number]).waiting_for:  # else a cap came first
                    waiting.go_on(**case)
            case "ask_courier":
                waiting.ask_courier(question="?", **case)
            case "courier":
                waiting.courier_answered(answer="!", **case)
            case "promise_call":
                waiting.promise_call_back(**case)
            case "call":
                waiting.called_back(note="!", reached=True, **case)
            case "hand_over":
                handoffs.hand_over(department_id=self.departments[detail].pk, question="?", **case)
            case "answer":
                asked = Handoff.objects.get(case=self.cases[number], ended_at=None)
                handoffs.answer(handoff_id=asked.pk, answer="!", actor=agent, at=at)
            case "transfer":
                commands.transfer(department_id=self.departments[detail].pk, **case)
            case "priority":
                commands.change_priority(priority=int(detail), **case)
            case "resolve":
                commands.resolve(resolution="solved", message="好了", call="unwanted", **case)


KEY = ("case", "milestone", "started_at")


def compare(reckoned):
    """Hold what is on record against the reckoning: breaches, and each pause; give the breaches."""
    end = reckoning.second(book.END)
    found = {tuple(key): at for *key, at in Clock.objects.values_list(*KEY, "breached_at")}
    breaches = {key: clock.breached(end) for key, clock in reckoned.items()}
    wanted = {key: at and reckoning.moment(at) for key, at in breaches.items()}
    assert {
        key: (wanted.get(key, "none"), found.get(key, "none")) for key in wanted.keys() ^ found.keys()
    } == {}
    assert {key: (wanted[key], found[key]) for key in wanted if wanted[key] != found[key]} == {}
    pauses = {key: [] for key in reckoned}
    rows = Pause.objects.order_by("from_at", "pk").values_list(
        *(f"clock__{name}" for name in KEY), "from_at", "to_at", "verdict"
    )
    for *key, begin, until, verdict in rows:
        stretch = (reckoning.second(begin), until and reckoning.second(until), verdict != "rejected")
        pauses[tuple(key)].append(stretch)
    still = {key: clock.stood_still(end) for key, clock in reckoned.items()}
    assert {key: (still[key], pauses[key]) for key in still if still[key] != pauses[key]} == {}
    return found


def review_some(reckoned):
    """A supervisor looks at every third pause that is over, and rejects it: what is late changes."""
    supervisor = AgentFactory().user
    over = Pause.objects.filter(to_at__isnull=False).order_by("pk").select_related("clock")
    for pause in over[::3]:
        review(pause_id=pause.pk, verdict="rejected", remark="?", actor=supervisor, at=book.END)
        key = (pause.clock.case_id, pause.clock.milestone, pause.clock.started_at)
        reckoned[key].rejected.add(reckoning.second(pause.from_at))
    sweep(book.END)


@pytest.mark.long
def test_the_breaches_of_a_shift_are_those_reckoned_by_hand_to_the_second():
    set_up()
    floor = Floor()
    plan = sorted(one for number in range(CASES) for one in happenings(number))
    chance, next_look = random.Random("sweeps"), book.SHIFT
    for at, number, what, detail in plan:
        while next_look <= at:  # sweeps come when they come, often late
            sweep(next_look)
            next_look += timedelta(seconds=chance.randint(5, 6 * 3600))
        floor.do(at, number, what, detail)
    sweep(book.END)
    reckoned = {}
    for number in range(CASES):
        first, *rest = happenings(number)
        case = reckoning.Case(facts_of(number), reckoning.second(first.at))
        for at, _number, what, detail in rest:
            case.happen(what, reckoning.second(at), detail)
        for clock in case.clocks:
            reckoned[floor.cases[number], clock.milestone, reckoning.moment(clock.started)] = clock
    found = compare(reckoned)
    review_some(reckoned)
    after = compare(reckoned)
    assert sum(found[key] != after[key] for key in found) > 0
    late = [milestone for (_case, milestone, _started), breached in found.items() if breached]
    assert set(late) == {
        "first_reply", "next_reply", "periodic_update", "courier_answer", "resolution", "handoff",
        "call_back",
    }  # fmt: skip
    print(f"{CASES} cases, {len(plan)} happenings, {len(found)} clocks, {len(late)} late: to the second")


def test_the_reckoning_knows_the_holidays():
    assert reckoning.OPEN["office"][-1] == 3600 * 8 * sum(
        (day.weekday() < 5 and day not in book.HOLIDAYS) or day in book.MADE_UP
        for day in (book.FROM + timedelta(days=n) for n in range((book.UNTIL - book.FROM).days))
    )
    assert date(2026, 10, 10).weekday() == 5
