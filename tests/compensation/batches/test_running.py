"""A batch is given once to each, by any number of workers, whoever dies meanwhile."""

import os
import random
import signal
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation import tasks
from compensation.batches import commands, giving, queries, running
from compensation.budgets.check import differences as budget_differences
from compensation.budgets.stops import BudgetEmpty
from compensation.coupons import commands as coupons
from compensation.grants import commands as grants
from compensation.grants.commands import Content
from compensation.ledger.check import differences
from compensation.ledger.queries import balance
from compensation.models import (
    Account,
    Batch,
    BatchItem,
    BatchStatus,
    Budget,
    Coupon,
    CouponTemplate,
    Entry,
    Grant,
    GrantStatus,
    ItemStatus,
    Member,
    Notice,
    Transaction,
    Unit,
)
from config.common.errors import Invalid, WrongState
from config.common.models import Event, OutboxMessage
from tests.factories import batches as made
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.money import AT, CouponTemplateFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C10")]


def run(batch, **more):
    return running.run(batch_id=batch.pk, now=lambda: AT, **more)


def crowd(number):
    tier = TierFactory()
    Member.objects.bulk_create(
        Member(external_id=f"B{n:06d}", registered_at=AT, tier=tier, language="zh-hans")
        for n in range(number)
    )
    return list(Member.objects.filter(external_id__startswith="B").order_by("pk"))


def assert_each_has_one(batch, number, fen=500):
    """Exactly so many grants, coupons, postings, notices, messages; and the books agree."""
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DONE
    assert queries.progress(batch).given == number
    given = Grant.objects.filter(status=GrantStatus.CONFIRMED)
    assert given.count() == given.values("member").distinct().count() == number
    assert Coupon.objects.count() == Coupon.objects.values("member").distinct().count() == number
    assert Transaction.objects.filter(kind="coupon.issued").count() == number
    assert set(Account.objects.filter(unit=Unit.COUPON, kind="member").values_list("balance", flat=True)) == {
        fen
    }
    assert Entry.objects.filter(amount__gt=0).aggregate(sum=Sum("amount"))["sum"] == number * fen
    assert Notice.objects.count() == OutboxMessage.objects.filter(kind="member").count() == number
    assert Event.objects.filter(kind="grant.executed").count() == number
    assert list(differences()) == []


def test_everybody_gets_theirs_and_the_asker_is_told():
    batch = made.running(MemberFactory.create_batch(3, language="en"), message="We are sorry.")
    assert run(batch, size=2) == 3
    assert_each_has_one(batch, 3)
    grant, notice = Grant.objects.first(), Notice.objects.first()
    assert (grant.problem, grant.requested_by, grant.decided_by) == (
        f"batch:{batch.pk}",
        batch.asked_by,
        batch.decided_by,
    )
    assert "¥5.00" in notice.title
    assert notice.body.startswith("We are sorry.")
    assert OutboxMessage.objects.get(kind="staff").payload["user"] == batch.asked_by_id
    assert run(batch) == 0


def test_points_come_to_the_same_as_by_a_grant_alone_and_can_be_taken_back():
    alone, member = MemberFactory.create_batch(2)
    batch = made.running([member], points=10)
    run(batch)
    content = Content(kind="points", points=10)
    grants.request(key="k", cause="c", member=alone, content=content, reason="r", actor=None, at=AT)
    assert balance(member) == balance(alone) == 10
    one, other = (
        set(Event.objects.filter(subject_type="transaction", data__what="points.granted").values_list("kind"))
        for _member in (member, alone)
    )
    assert one == other
    grant = Grant.objects.get(member=member)
    grants.reverse(grant_id=grant.pk, actor=made.approver(), note="wrong", at=AT)
    assert balance(member) == 0
    assert list(differences()) == []


def test_a_coupon_of_a_batch_is_used_and_taken_back_as_any_other():
    batch = made.running(MemberFactory.create_batch(2))
    run(batch)
    used, taken = Coupon.objects.order_by("pk")
    coupons.redeem(code=used.code, order_ref="O1", key="k", basket=coupons.Basket.of(9_900), at=AT)
    grants.reverse(grant_id=taken.grant_id, actor=made.approver(), note="wrong", at=AT)
    assert list(differences()) == []


def test_who_got_something_or_was_erased_since_the_dry_run_is_left_out():
    given, erased, free = MemberFactory.create_batch(3)
    batch = made.running([given, erased, free], problem="crisis:7")
    content = Content(kind="coupon", template=CouponTemplateFactory())
    grants.request(
        key="k", cause="c", problem="crisis:7", member=given, content=content, reason="r", actor=None, at=AT
    )
    Member.objects.filter(pk=erased.pk).update(erased_at=AT)
    run(batch)
    found = dict(BatchItem.objects.values_list("member", "why"))
    assert found == {given.pk: "same_problem", erased.pk: "erased", free.pk: ""}
    assert Grant.objects.filter(cause__startswith="batch:").count() == 1


@pytest.mark.parametrize("bad", [[2], [0, 4], [0, 1, 2, 3, 4]])
def test_one_who_fails_stops_nobody_and_is_named(bad, monkeypatch):
    members = MemberFactory.create_batch(5)
    batch = made.running(members)
    for place in bad:  # its key is taken, as by a repair by hand
        name = giving.cause_of(batch, members[place].pk)
        Grant.objects.create(
            key=name, cause=f"old{place}", member=members[place], kind="points", points=1, cost_fen=1,
            reason="r", status="reversed", requested_at=AT, decided_at=AT, executed_at=AT, reversed_at=AT,
        )  # fmt: skip
    assert run(batch) == 5
    failed = BatchItem.objects.filter(status=ItemStatus.FAILED)
    assert set(failed.values_list("member", flat=True)) == {members[place].pk for place in bad}
    assert set(failed.values_list("why", flat=True)) == {"IntegrityError"}
    assert Coupon.objects.count() == 5 - len(bad)
    assert Event.objects.filter(kind="batch.failed_for").count() == len(bad)
    assert list(differences()) == []
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DONE


def test_a_refusal_of_the_rules_is_said_in_words(monkeypatch):
    members = MemberFactory.create_batch(3)
    batch = made.running(members)
    give = giving.give

    def refuses(batch, recipients, *, at):
        if any(one.member == members[1] for one in recipients):
            raise Invalid("不行")
        give(batch, recipients, at=at)

    monkeypatch.setattr(running, "give", refuses)
    run(batch)
    assert queries.reasons(batch)[0][1:] == ("不行", 1)
    assert queries.progress(batch).given == 2


def test_a_paused_batch_rests_and_goes_on_where_it_stopped():
    batch, by = made.running(MemberFactory.create_batch(5)), made.asker()
    assert running.run_chunk(batch_id=batch.pk, at=AT, size=2) == 2
    commands.pause(batch_id=batch.pk, actor=by, at=AT)
    assert run(batch) == 0
    assert running.run_all(now=lambda: AT) == 0
    batch.refresh_from_db()
    assert (batch.status, queries.progress(batch).given) == (BatchStatus.PAUSED, 2)
    commands.resume(batch_id=batch.pk, actor=by, at=AT)
    assert running.run_all(now=lambda: AT) == 3
    assert_each_has_one(batch, 5)


def test_the_rest_is_cancelled_and_nothing_given_afterwards():
    batch = made.running(MemberFactory.create_batch(5))
    running.run_chunk(batch_id=batch.pk, at=AT, size=2)
    commands.cancel(batch_id=batch.pk, actor=made.asker(), at=AT)
    assert run(batch) == 0
    found = queries.progress(batch)
    assert (found.given, found.cancelled, found.waiting, found.percent) == (2, 3, 0, 100)
    assert Grant.objects.count() == 2


def test_a_coupon_that_is_switched_off_pauses_the_batch():
    batch = made.running([MemberFactory()])
    CouponTemplate.objects.update(is_active=False)
    assert run(batch) == 0
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED
    assert not Grant.objects.exists()
    assert Event.objects.filter(kind="batch.paused", actor="system").exists()


def test_a_batch_whose_last_worker_died_before_it_said_so_is_ended_by_the_next():
    batch = made.running([MemberFactory()])
    running.run_chunk(batch_id=batch.pk, at=AT)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.RUNNING
    tasks.run_batches()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DONE


def test_the_number_of_statements_does_not_grow_with_the_chunk():
    def statements(members):
        batch = made.running(members)
        with CaptureQueriesContext(connection) as asked:
            running.run_chunk(batch_id=batch.pk, at=AT)
        return len(asked)

    statements([MemberFactory()])  # makes what is made once
    assert statements(MemberFactory.create_batch(1)) == statements(MemberFactory.create_batch(20))


def test_a_coupon_whose_terms_were_changed_pauses_the_batch():
    batch = made.running([MemberFactory()])
    CouponTemplate.objects.update(min_spend_fen=1)
    assert run(batch) == 0
    batch.refresh_from_db()
    assert batch.status == BatchStatus.PAUSED


def test_who_has_as_many_as_there_may_be_is_left_out_and_more_than_there_are_is_refused():
    first, second = MemberFactory.create_batch(2)
    template = CouponTemplateFactory(member_limit=1, total_limit=2)
    content = Content(kind="coupon", template=template)
    grants.request(key="k", cause="c", member=first, content=content, reason="r", actor=None, at=AT)
    batch = made.running([first, second])
    run(batch)
    assert dict(BatchItem.objects.values_list("member", "why")) == {first.pk: "limit", second.pk: ""}
    with pytest.raises(Invalid):
        made.counted([MemberFactory()])


def test_the_budget_is_held_at_the_approval_spent_with_each_and_what_is_left_given_back():
    members = MemberFactory.create_batch(4)
    budget = Budget.objects.create(
        reason_code="outage", starts_at=AT, ends_at=AT + timedelta(days=1), amount_fen=2_000
    )
    batch = made.running(members, reason_code="outage", same_reason_days=0)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (2_000, 0)
    with pytest.raises(BudgetEmpty):
        made.running([MemberFactory()], reason_code="outage", same_reason_days=0)
    Member.objects.filter(pk=members[3].pk).update(erased_at=AT)
    running.run_chunk(batch_id=batch.pk, at=AT, size=2)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (1_000, 1_000)
    run(batch)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (0, 1_500)
    assert list(budget_differences()) == []
    grants.reverse(grant_id=Grant.objects.first().pk, actor=made.approver(), note="wrong", at=AT)
    budget.refresh_from_db()
    assert budget.spent_fen == 1_000


def test_a_cancelled_batch_gives_its_budget_back():
    budget = Budget.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), amount_fen=5_000)
    batch = made.running(MemberFactory.create_batch(3))
    running.run_chunk(batch_id=batch.pk, at=AT, size=1)
    commands.cancel(batch_id=batch.pk, actor=made.asker(), at=AT)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (0, 500)
    assert list(budget_differences()) == []


@pytest.mark.django_db(transaction=True)
def test_workers_under_one_budget_and_an_agent_spend_what_there_is():
    members = crowd(60)
    budget = Budget.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), amount_fen=32_000)
    batch = made.running(members[:60])
    template = CouponTemplateFactory()

    def by_hand():
        for member in members[:4]:
            grants.request(
                key=f"k{member.pk}", cause=f"c{member.pk}", member=member, reason="r", at=AT, actor=None,
                content=Content(kind="coupon", template=template),
            )  # fmt: skip

    results = at_once(*[lambda: run(batch, size=5) for _n in range(3)], by_hand)
    assert not refused(results)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (0, 32_000)
    assert list(budget_differences()) == []
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_beat_gives_once():
    batch = made.running(crowd(60))
    results = at_once(*[lambda: run(batch, size=7) for _n in range(4)])
    assert not refused(results)
    assert sum(results) == 60
    run(batch)
    assert_each_has_one(batch, 60)


@pytest.mark.django_db(transaction=True)
def test_two_batches_over_the_same_members_in_opposite_order_do_not_deadlock():
    members = crowd(40)
    first, second = made.running(members), made.running(members[::-1])
    results = at_once(*[lambda one=one: run(one, size=11) for one in (first, second, first, second)])
    assert not refused(results)
    assert Grant.objects.count() == 80
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_the_batch_and_an_agent_for_one_problem_give_once():
    members = crowd(10)
    batch = made.running(members, problem="crisis:7")
    template = CouponTemplateFactory()

    def by_hand():
        given = 0
        for member in members:
            with transaction.atomic():
                Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member.pk)
                if Grant.objects.filter(member=member, problem="crisis:7").exists():
                    continue
                grants.request(
                    key=f"k{member.pk}", cause=f"c{member.pk}", problem="crisis:7", member=member,
                    content=Content(kind="coupon", template=template), reason="r", actor=None, at=AT,
                )  # fmt: skip
                given += 1
        return given

    results = at_once(by_hand, lambda: run(batch, size=3))
    assert not refused(results)
    assert Grant.objects.count() == Coupon.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_paused_in_the_middle_by_another_it_stops_within_a_chunk_of_each_worker():
    batch, by = made.running(crowd(400)), made.asker()

    def pauses():
        while queries.progress(batch).given < 20:
            time.sleep(0.01)
        commands.pause(batch_id=batch.pk, actor=by, at=AT)
        return queries.progress(batch).given

    *_workers, known = at_once(lambda: run(batch, size=10), lambda: run(batch, size=10), pauses)
    given = queries.progress(batch).given
    assert known <= given <= known + 20
    assert given < 400
    commands.resume(batch_id=batch.pk, actor=by, at=AT)
    run(batch)
    assert_each_has_one(batch, 400)


def _work(batch_id):
    """A worker process: what beat would have it do, again whenever something breaks."""
    connection.connection = None  # the parent's
    while Batch.objects.filter(pk=batch_id, status=BatchStatus.RUNNING).exists():
        try:
            running.run(batch_id=batch_id, now=timezone.now, size=100)
        except Exception:  # noqa: BLE001 - the next beat
            connection.close()
            time.sleep(0.05)
    os._exit(0)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_five_thousand_with_connections_and_workers_killed_at_random():
    batch = made.running(crowd(5_000))
    dice, context = random.Random(7), get_context("fork")
    connection.close()
    workers = [context.Process(target=_work, args=[batch.pk]) for _n in range(3)]
    for worker in workers:
        worker.start()
    cut = killed = 0
    until = time.monotonic() + 240
    while time.monotonic() < until and any(worker.is_alive() for worker in workers):
        time.sleep(dice.uniform(0.03, 0.25))
        if cut >= 60:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE pid <>"
                " pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
                " AND state <> 'idle' ORDER BY random() LIMIT 1) AS victim"
            )
            cut += len(cursor.fetchall())
        place = dice.randrange(len(workers))
        if killed < 6 and dice.random() < 0.3 and workers[place].is_alive():
            os.kill(workers[place].pid, signal.SIGKILL)
            workers[place].join()
            killed += 1
            connection.close()
            workers[place] = context.Process(target=_work, args=[batch.pk])
            workers[place].start()
    for worker in workers:
        worker.join(timeout=10)
        assert not worker.is_alive()
    running.run(batch_id=batch.pk, now=timezone.now)
    print(f"connections cut: {cut}, workers killed: {killed}")
    assert cut > 5
    assert killed > 0
    assert_each_has_one(batch, 5_000)


def late_budget(**more):
    """A budget made after the batch was approved, with too little in it."""
    when = {"starts_at": AT - timedelta(days=1), "ends_at": AT + timedelta(days=1)}
    return Budget.objects.create(department="care", amount_fen=100, **when, **more)


def test_a_budget_made_after_the_approval_stops_it_and_fails_nobody():
    batch = made.running(MemberFactory.create_batch(4), at=AT, department="care")
    budget = late_budget()
    run(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.stopped) == (BatchStatus.PAUSED, "budget")
    assert queries.progress(batch) == queries.Progress(waiting=4)
    Budget.objects.filter(pk=budget.pk).update(amount_fen=2_000)
    commands.resume(batch_id=batch.pk, actor=made.asker(), at=AT)
    run(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.stopped) == (BatchStatus.DONE, "")
    assert queries.progress(batch).given == 4


def test_a_kind_of_which_all_were_given_stops_it_and_fails_nobody():
    template = CouponTemplateFactory(total_limit=3)
    batch = made.running(MemberFactory.create_batch(3), at=AT, template=template)
    coupons.issue(template=template, member=MemberFactory(), key="before", actor=None, at=AT)
    run(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.stopped) == (BatchStatus.PAUSED, "limit")
    assert queries.progress(batch) == queries.Progress(waiting=3)


def test_who_asked_is_told_that_it_stopped_and_it_does_not_go_on_as_it_is():
    template, by = CouponTemplateFactory(), made.asker()
    batch = made.running([MemberFactory()], at=AT, template=template, by=by)
    template.is_active = False
    template.save()
    run(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.stopped) == (BatchStatus.PAUSED, "changed")
    assert OutboxMessage.objects.filter(key__contains=f"batch:{batch.pk}:stopped").count() == 1
    with pytest.raises(WrongState):
        commands.resume(batch_id=batch.pk, actor=by, at=AT)
    batch.refresh_from_db()
    assert (batch.status, batch.stopped) == (BatchStatus.PAUSED, "changed")
    template.is_active = True
    template.save()
    commands.resume(batch_id=batch.pk, actor=by, at=AT)
    run(batch)
    assert queries.progress(batch).given == 1


def test_what_a_coupon_is_worth_and_its_last_day_are_told():
    ends = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight in Shanghai
    template = CouponTemplateFactory(
        kind="percent", percent_off=10, value_fen=5_000, valid_from=AT, valid_until=ends
    )
    run(made.running([MemberFactory(language="en")], at=AT, template=template))
    notice = Notice.objects.get()
    assert notice.title == "We have given you a coupon: 10% off"
    assert "valid until 2026-11-30." in notice.body
