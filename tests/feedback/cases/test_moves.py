"""No sequence of commands leads a case where the table of moves does not."""

from datetime import timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from compensation.models import Notice
from config.common.errors import DomainError, MoveNotAllowed, WrongState
from config.common.events import timeline
from config.common.models import Event, OutboxMessage
from feedback.cases import commands
from feedback.cases.rules import MOVES, WORKED, allowed, check
from feedback.handoffs import commands as handoffs
from feedback.models import Alert, Case, CaseStatus, Clock, HandoffStatus, Message, Pause, Resolution
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy

S = CaseStatus
STEP = timedelta(minutes=7)


def test_table_knows_every_status_and_nothing_stays_by_a_move():
    assert set(MOVES) == set(S)
    assert all(status not in ends for status, ends in MOVES.items())


def test_every_status_can_be_reached_from_a_new_case_and_left():
    reached, front = {S.NEW}, {S.NEW}
    while front:
        front = set().union(*(MOVES[status] for status in front)) - reached
        reached |= front
    assert reached == set(S)
    assert all(MOVES[status] for status in S)


def test_only_a_resolved_case_is_closed_and_only_an_ended_one_reopened():
    assert {status for status in S if allowed(status, S.CLOSED)} == {S.RESOLVED}
    assert {status for status in S if allowed(status, S.REOPENED)} == {S.RESOLVED, S.CLOSED}


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("to", S)
def test_check_refuses_what_the_table_does_not_hold(status, to):
    if allowed(status, to):
        check(status, to)
    else:
        with pytest.raises(MoveNotAllowed) as refused:
            check(status, to)
        assert refused.value.details == {"status": status, "to": to}


class Life:
    """One case and everything that people may try with it, in any order."""

    def __init__(self, random):
        self.random = random
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = T0
        make_policy()
        self.service, *self.others = [
            DepartmentFactory(code=code, takes_new=code == "service", is_active=True)
            for code in ("service", "logistics", "product")
        ]
        self.people = [
            AgentFactory(departments=[self.service, *self.others]),
            AgentFactory(departments=[self.service]),
        ]
        self.member = MemberFactory()
        self.case = commands.open_case(
            member=self.member, kind="complaint", channel="portal", subject="x", body="y",
            actor=self.member, at=self.now,
        )  # fmt: skip

    def end(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def world(self):
        rows = (Case, Message, Event, OutboxMessage, Notice, Alert, Clock, Pause)
        return [list(model.objects.order_by("pk").values()) for model in rows] + [
            list(self.case.handoffs.order_by("pk").values())
        ]

    def attempt(self, may, command, *refusals, **arguments):
        """Run a command that must go well if `may`, or else be refused and leave nothing behind."""
        self.now += STEP
        if may:
            command(at=self.now, **arguments)
            self.case.refresh_from_db()
            return
        before = self.world()
        with pytest.raises(refusals or MoveNotAllowed):
            command(at=self.now, **arguments)
        assert self.world() == before

    @property
    def status(self):
        return S(self.case.status)

    @property
    def works(self):
        return self.status in WORKED

    def begin(self):
        """Begin anywhere in a life, so that few steps see much."""
        start = self.random.choice(["new", "waiting", "asked", "resolved", "closed"])
        by = {"case_id": self.case.pk, "actor": self.people[0].user, "at": self.now}
        if start == "waiting":
            commands.reply(**by, body="答复", then="wait")
        elif start == "asked":
            for department in self.others:
                handoffs.hand_over(**by, department_id=department.pk, question="?")
        elif start != "new":
            commands.reply(**by, body="答复", then="resolve")
            if start == "closed":
                commands.close_case(**by)
        self.case.refresh_from_db()

    def live(self, steps):
        """Try one thing after the other; after each, everything must hold that always holds."""
        tries = [getattr(self, name) for name in dir(self) if name.startswith("try_")]
        holds = [getattr(self, name) for name in dir(self) if name.startswith("holds_")]
        for _step in range(steps):
            self.random.choice(tries)()
            for hold in holds:
                hold()

    def try_claim(self):
        who = self.random.randrange(2)
        agent = self.people[who]
        belongs = agent.memberships.filter(department=self.case.department_id).exists()
        free = self.case.agent_id in (None, agent.pk)
        refused = DomainError if self.works else MoveNotAllowed
        self.attempt(
            self.works and belongs and free, commands.claim, refused, case_id=self.case.pk, actor=agent.user
        )

    def try_assign(self):
        who = self.random.choice([0, 1, None])
        agent = None if who is None else self.people[who]
        same = self.case.agent_id == (agent.pk if agent else None)
        fits = agent is None or agent.memberships.filter(department=self.case.department_id).exists()
        self.attempt(
            self.works and (same or fits), commands.assign, DomainError if self.works else MoveNotAllowed,
            case_id=self.case.pk, agent_id=agent.pk if agent else None, actor=None,
        )  # fmt: skip

    def try_reply(self):
        who, then = self.random.randrange(2), self.random.choice(["open", "wait", "resolve"])
        may = {
            "open": self.status != S.CLOSED,
            "wait": self.status == S.WAITING_MEMBER or allowed(self.status, S.WAITING_MEMBER),
            "resolve": allowed(self.status, S.RESOLVED),
        }[then]
        self.attempt(
            may, commands.reply, case_id=self.case.pk, body="答复", then=then, actor=self.people[who].user
        )

    def try_note(self):
        self.attempt(True, commands.note, case_id=self.case.pk, body="备注", actor=self.people[0].user)

    def try_member_message(self):
        self.attempt(
            self.status != S.CLOSED,
            commands.member_message,
            case_id=self.case.pk,
            body="在吗",
            actor=self.member,
        )

    def try_transfer(self):
        where = self.random.randrange(3)
        department = [self.service, *self.others][where]
        self.attempt(
            self.works and department.pk != self.case.department_id, commands.transfer,
            DomainError if self.works else MoveNotAllowed,
            case_id=self.case.pk, department_id=department.pk, note="转", actor=self.people[0].user,
        )  # fmt: skip

    def try_change_priority(self):
        priority = self.random.randint(1, 4)
        self.attempt(
            self.works, commands.change_priority, case_id=self.case.pk, priority=priority, actor=None
        )

    def try_hand_over(self):
        where = self.random.randrange(3)
        department = [self.service, *self.others][where]
        asked = self.case.handoffs.filter(department=department, status=HandoffStatus.OPEN).exists()
        may = self.works and department.pk != self.case.department_id and not asked
        self.attempt(
            may, handoffs.hand_over, DomainError if self.works else MoveNotAllowed,
            case_id=self.case.pk, department_id=department.pk, question="?", actor=self.people[0].user,
        )  # fmt: skip

    def try_end_handoff(self):
        known = list(self.case.handoffs.all())
        if not known:
            return
        # one that is open rather than one that has ended
        handoff = next((one for one in known if one.status == HandoffStatus.OPEN), self.random.choice(known))
        how = self.random.choice(["answer", "reject", "recall"])
        text = {"answer": {"answer": "到了"}, "reject": {"reason": "不归我们"}, "recall": {}}[how]
        self.attempt(
            handoff.status == HandoffStatus.OPEN, getattr(handoffs, how), WrongState,
            handoff_id=handoff.pk, actor=self.people[1].user, **text,
        )  # fmt: skip

    def try_resolve(self):
        self.attempt(
            allowed(self.status, S.RESOLVED), commands.resolve,
            case_id=self.case.pk, resolution=Resolution.SOLVED, message="好了", actor=self.people[0].user,
        )  # fmt: skip

    def try_confirm(self):
        again = self.status == S.CLOSED and self.case.confirmed_at is not None
        self.attempt(
            self.status == S.RESOLVED or again, commands.confirm, case_id=self.case.pk, actor=self.member
        )

    def try_reopen(self):
        by_member = self.random.random() < 0.5
        actor = self.member if by_member else self.people[0].user
        days = timedelta(days=self.case.department.reopen_within_days)
        is_late = self.status == S.CLOSED and self.now + STEP - self.case.closed_at > days
        self.attempt(
            self.status in (S.RESOLVED, S.CLOSED) and not (by_member and is_late),
            commands.reopen,
            case_id=self.case.pk,
            reason="没好",
            actor=actor,
        )

    def try_close(self):
        self.attempt(self.status == S.RESOLVED, commands.close_case, case_id=self.case.pk, actor=None)

    def try_silence(self):
        self.now += timedelta(days=8)
        assert commands.close_silent(at=self.now) == (self.status == S.RESOLVED)
        self.case.refresh_from_db()

    def holds_events_replay_to_the_status(self):
        status, ends = "", []
        for event in timeline([self.case, *self.case.handoffs.all()]):
            if event.kind.startswith("clock.") or "to" not in event.data:
                continue
            assert event.data.get("from", "") == status
            if status:
                ends.append((status, event.data["to"]))
            status = event.data["to"]
        assert status == self.case.status
        assert all(allowed(*move) for move in ends)

    def holds_waits_for_a_department_as_long_as_one_was_asked(self):
        asked = self.case.handoffs.filter(status=HandoffStatus.OPEN).exists()
        assert asked == (self.status == S.WAITING_DEPARTMENT)

    def holds_last_message_is_the_last_public_one(self):
        last = self.case.messages.filter(is_public=True).last()
        assert (self.case.last_message, self.case.last_author, self.case.last_message_at) == (
            last.body, last.author, last.at,
        )  # fmt: skip

    def holds_clocks_fit_the_status(self):
        running = self.case.clocks.filter(met_at=None, stopped_at=None)
        if not self.works:
            assert not running.exclude(milestone="next_reply").exists()
        if self.status == S.CLOSED:
            assert not running.exists()
        paused = {clock.milestone for clock in running if clock.paused_at}
        assert paused == ({"resolution"} if self.status == S.WAITING_MEMBER else set())

    def holds_next_due_is_the_earliest_of_its_own_running_clocks(self):
        own = self.case.clocks.filter(handoff=None, met_at=None, stopped_at=None, paused_at=None)
        due = [clock.due_at for clock in own]
        assert self.case.next_due_at == min(due, default=None)


@pytest.mark.django_db
@pytest.mark.req("F1")
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)
def test_no_sequence_of_commands_leaves_the_table(seed):
    # Hypothesis's own state machines repeat few kinds of steps; an even walk sees far more of the table.
    life = Life(Random(seed))
    try:
        life.begin()
        life.live(steps=25)
    finally:
        life.end()
