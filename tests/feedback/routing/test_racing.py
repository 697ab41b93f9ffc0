"""Routers at the same moment: nobody ever gets more than they can have, and no case goes to two."""

import contextlib
import threading
import time
from collections import Counter
from functools import partial

import pytest
from django.db import connection, transaction

from config.common.models import Event
from feedback.cases import commands as cases
from feedback.models import Case, Channel
from feedback.routing import commands, leaving
from feedback.routing import pool as pools
from tests.factories.routing import HOUR, make_department, make_leave, make_online, make_waiting
from tests.factories.sop import START, make_policy
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F5")]

PAUSE = 0.3
"""Seconds that each router waits for the others between counting and giving."""


@pytest.fixture
def meeting(monkeypatch):
    """Have routers stand still between counting and giving, until `number` are there or a moment is over."""

    def arrange(number):
        barrier, give = threading.Barrier(number), commands._give

        def give_together(*args):
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=PAUSE)
            return give(*args)

        monkeypatch.setattr(commands, "_give", give_together)

    return arrange


def loads():
    return Counter(Case.objects.exclude(agent=None).values_list("agent", flat=True))


def test_two_routers_never_exceed_capacity(meeting, monkeypatch):
    service = make_department()
    agents = [make_online(service, capacity=2) for _ in range(2)]
    waiting = [case.pk for case in make_waiting(service, number=8)]
    looks = iter([waiting[:4], waiting[4:], [], []])
    monkeypatch.setattr(pools, "waiting", lambda _pool, _limit: next(looks))  # they look at different moments
    meeting(2)
    results = at_once(*[partial(commands.route, at=START)] * 2)
    assert refused(results) == []
    assert loads() == {agent.pk: 2 for agent in agents}
    assert Event.objects.filter(kind="case.routed").count() == 4


def test_chats_given_at_once_wait_for_one_another(meeting):
    service = make_department()
    agent = make_online(service, chat_capacity=1)
    chats = make_waiting(service, number=3, channel=Channel.CHAT)
    meeting(3)
    results = at_once(*[partial(commands.route_case, case_id=chat.pk, at=START) for chat in chats])
    assert refused(results) == []
    assert loads() == {agent.pk: 1}


def test_a_router_and_a_chat_given_at_once_share_the_capacity(meeting):
    service = make_department()
    agent = make_online(service, chat_capacity=1)
    chats = make_waiting(service, number=2, channel=Channel.CHAT)
    meeting(2)
    results = at_once(
        partial(commands.route, at=START), partial(commands.route_case, case_id=chats[1].pk, at=START)
    )
    assert refused(results) == []
    assert loads() == {agent.pk: 1}


def test_a_case_claimed_meanwhile_is_left_alone(meeting):
    make_policy()
    service = make_department()
    make_online(service)
    human = make_online(service, capacity=0)
    [case] = make_waiting(service)
    results = at_once(
        partial(commands.route, at=START),
        partial(cases.claim, case_id=case.pk, actor=human.user, at=START),
    )
    assert len(refused(results)) == (1 if results[0] == commands.Routed(given=1) else 0)
    assert Event.objects.filter(kind__in=["case.routed", "case.claimed"]).count() == 1


def waits_for_a_lock(*_):
    """Stand still until somebody waits for what this transaction holds, or a moment is over."""
    for _try in range(30):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)) AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(PAUSE / 10)


def claimed(case, human):
    cases.claim(case_id=case.pk, actor=human.user, at=START)


def assigned(case, human):
    cases.assign(case_id=case.pk, agent_id=human.pk, actor=None, at=START)


def answered(case, human):
    cases.reply(case_id=case.pk, body="在", actor=human.user, at=START)


@pytest.mark.parametrize("take", [claimed, assigned, answered])
@pytest.mark.parametrize("one", [True, False])
def test_a_router_counts_what_somebody_takes_at_the_same_moment(take, one):
    make_policy()
    service = make_department()
    human = make_online(service, capacity=1)
    waiting, by_hand = make_waiting(service, number=2)
    begun = threading.Event()

    def person():
        with transaction.atomic():
            take(by_hand, human)
            begun.set()
            waits_for_a_lock()

    def router():
        begun.wait(timeout=10)
        if one:
            commands.route_case(case_id=waiting.pk, at=START)
        else:
            commands.route(at=START)

    assert refused(at_once(person, router)) == []
    assert loads() == {human.pk: 1}


def test_who_takes_one_more_than_a_router_has_just_given_may_do_so(meeting):
    make_policy()
    service = make_department()
    human = make_online(service, capacity=1)
    by_hand, waiting = make_waiting(service, number=2)
    commands.route_case(case_id=waiting.pk, at=START)
    claimed(by_hand, human)
    assert loads() == {human.pk: 2}


def test_a_case_is_handed_back_once():
    service = make_department()
    agent = make_online(service)
    make_waiting(service, number=3)
    commands.route(at=START)
    make_leave(agent, START + HOUR, START + 2 * HOUR)
    results = at_once(*[partial(leaving.hand_back_gone, at=START + HOUR)] * 3)
    assert sum(results) == 3
    assert Event.objects.filter(kind="case.handed_back").count() == 3
