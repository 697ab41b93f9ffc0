"""What finance reads adds up to the ledger, whatever happened and whenever it was added up."""

import json
import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation import tasks
from compensation.coupons import commands as coupons
from compensation.finance import queries, rolling, watching
from compensation.grants import commands as grants
from compensation.grants.commands import Content
from compensation.ledger import expiry
from compensation.ledger.commands import post, reverse, withdraw
from compensation.ledger.rules import LotTerms, given, taken
from compensation.models import (
    Account,
    AccountKind,
    Coupon,
    Flow,
    LedgerRun,
    LedgerSum,
    Lot,
    Transaction,
    Unit,
)
from compensation.refunds import commands as refunds
from config.common.errors import DomainError
from config.common.models import Event, OutboxMessage
from tests.factories.batches import approver, running
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory, staff_with
from tests.factories.refunds import make_order
from tests.factories.refunds import refund as make_refund
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C13")]

DAY = timezone.localtime(AT).date()
TOMORROW = DAY + timedelta(days=1)


def report(**more):
    return queries.report(**{"since": DAY, "until": TOMORROW, **more})


def points(member, amount, key, *, at=AT, terms=None, kind="points.purchase"):
    moves = given(Unit.POINTS, amount, member_id=member.pk)
    return post(key=key, kind=kind, moves=moves, actor=None, at=at, terms=terms)


def spend(member, amount, key, *, at=AT):
    moves = taken(Unit.POINTS, amount, member_id=member.pk, into=AccountKind.SPENT)
    return post(key=key, kind="points.redeemed", moves=moves, actor=None, at=at)


def granted(member, cause, **more):
    content = more.pop("content", None) or Content(kind="points", points=more.pop("points", 10))
    PointsRuleFactory()
    return grants.request(
        key=cause, cause=cause, member=member, content=content, reason="r", at=more.pop("at", AT),
        **{"actor": None, **more},
    )  # fmt: skip


def flows(found, unit, cause):
    one = next(one for one in found.reasons if (one.unit, one.cause) == (unit, cause))
    return {flow: amount for flow, amount in one.flows.items() if amount}


def assert_adds_up(found):
    for one in found.statements:
        held = sum(
            Account.objects.filter(unit=one.unit, member__isnull=False).values_list("balance", flat=True)
        )
        assert one.closing == held, one.unit
        assert one.opening + sum(move.amount for move in one.moves) == one.closing
    assert list(rolling.differences()) == []
    assert all(proof.difference == 0 for proof in rolling.prove(at=AT))


def test_opening_moves_and_closing_come_to_what_members_hold():
    member = MemberFactory()
    points(member, 100, "before", at=AT - timedelta(days=1))
    points(member, 30, "now")
    spend(member, 20, "spent")
    found = report()
    one = found.statements[0]
    assert (one.unit, one.opening, one.closing) == ("points", 100, 110)
    assert [(move.flow, move.kind, move.amount, move.entries) for move in one.moves] == [
        ("given", "points.purchase", 30, 1),
        ("redeemed", "points.redeemed", -20, 1),
    ]
    assert_adds_up(found)


@pytest.mark.parametrize("rolled", [False, True])
def test_it_says_the_same_before_and_after_it_was_added_up(rolled):
    member = MemberFactory()
    points(member, 100, "a")
    if rolled:
        assert rolling.roll_up(at=AT).entries
    granted(member, "gap:1", points=7)
    if rolled:
        rolling.roll_up(at=AT)
        assert rolling.roll_up(at=AT) is None
    found = report()
    assert found.statements[0].closing == 107
    assert flows(found, "points", "gap") == {"given": 7}
    assert_adds_up(found)


def test_a_day_is_a_day_of_the_house():
    member = MemberFactory()
    midnight = timezone.localtime(AT).replace(hour=0, minute=0, second=0)
    points(member, 1, "before", at=midnight - timedelta(seconds=1))
    points(member, 2, "after", at=midnight)
    assert report().statements[0].opening == 1
    assert sum(move.amount for move in report().statements[0].moves) == 2


def test_what_comes_late_for_an_old_day_is_in_it():
    member = MemberFactory()
    points(member, 1, "now")
    rolling.roll_up(at=AT)
    points(member, 5, "late", at=AT - timedelta(days=40))
    rolling.roll_up(at=AT)
    assert report().statements[0].opening == 5
    assert_adds_up(report())


def test_points_are_told_by_what_they_were_given_for_until_they_expire():
    member = MemberFactory()
    terms = LotTerms(expires_at=AT + timedelta(hours=1))
    points(member, 10, "bought", terms=terms)
    grant = granted(member, "case:7:points", points=20, department="service")
    spend(member, 15, "spent")  # ten of the purchase, which end first, and five of the grant
    expiry.expire_due(at=AT + timedelta(hours=2))
    found = report()
    assert flows(found, "points", "points.purchase") == {"given": 10, "redeemed": -10}
    assert flows(found, "points", "case") == {"given": 20, "redeemed": -5}
    assert {one.department for one in found.reasons} == {"", "service"}
    assert grant.is_given
    assert_adds_up(found)


def test_what_expired_was_taken_back_or_undone_is_told_by_its_lot():
    first, second, third = MemberFactory.create_batch(3)
    points(first, 10, "expires", terms=LotTerms(expires_at=AT + timedelta(minutes=1)), kind="points.sign_in")
    expiry.expire_due(at=AT + timedelta(minutes=2))
    points(second, 10, "back")
    spend(second, 4, "gone")
    withdraw(
        lot_id=Lot.objects.get(account__member=second).pk, amount=10, key="w", kind="points.refunded",
        actor=None, at=AT,
    )  # fmt: skip
    points(third, 10, "kept", kind="points.review")
    reverse(posted=spend(third, 10, "undone"), key="r", actor=None, at=AT)
    found = report()
    assert flows(found, "points", "points.sign_in") == {"given": 10, "expired": -10}
    back = flows(found, "points", "points.purchase")
    assert back == {"given": 10, "redeemed": -4, "reversed": -10}  # four are owed to us
    assert flows(found, "points", "points.review") == {"given": 10}
    assert_adds_up(found)


def test_coupons_are_told_by_their_grant_whatever_became_of_them():
    template = CouponTemplateFactory()
    content = Content(kind="coupon", template=template)
    used, lapsed, back, kept = (
        granted(MemberFactory(), f"gap:{n}", content=content, department="service") for n in range(4)
    )
    coupons.redeem(code=used.coupon.code, order_ref="O", key="k", basket=coupons.Basket.of(300), at=AT)
    Coupon.objects.filter(pk=lapsed.coupon.pk).update(expires_at=AT + timedelta(seconds=1))
    coupons.expire_due(at=AT + timedelta(minutes=1))
    grants.reverse(grant_id=back.pk, actor=approver(), note="wrong", at=AT)
    found = report()
    assert flows(found, "coupon", "gap") == {
        "given": 2_000,
        "redeemed": -300,
        "expired": -700,
        "reversed": -500,
    }
    assert found.statements[1].closing == kept.cost_fen
    assert_adds_up(found)


def test_money_is_owed_until_it_was_paid():
    waits, paid = (make_refund(make_order(10_000), key=f"r{n}") for n in range(2))
    refunds.confirm(refund_id=paid.pk, reference="G1", actor=None, at=AT)
    found = report()
    assert flows(found, "money", "cancelled") == {"given": 20_000, "paid": -10_000}
    assert found.statements[2].closing == waits.amount_fen
    assert_adds_up(found)


def test_a_batch_is_a_cause_of_its_own():
    batch = running(MemberFactory.create_batch(3), department="service")
    tasks.run_batches()
    until = timezone.localdate() + timedelta(days=1)
    found = queries.report(since=DAY - timedelta(days=9999), until=until)
    one = next(one for one in found.reasons if one.cause == "batch")
    assert (one.department, one.flows[Flow.GIVEN]) == ("service", 3 * batch.each_fen)
    assert_adds_up(found)


def test_what_is_promised_and_not_yet_given():
    actor = staff_with(100)
    template = CouponTemplateFactory(code="sorry-50")
    granted(MemberFactory(), "case:1", content=Content(kind="coupon", template=template), actor=actor)
    granted(MemberFactory(), "case:2", content=Content(kind="coupon", template=template), actor=actor)
    granted(MemberFactory(), "gap:3", points=5)
    one = report().promised[0]
    assert (len(report().promised), one.cause, one.number, one.fen) == (1, "case", 2, 10_000)


def test_a_department_sees_its_own_and_no_company_totals():
    granted(MemberFactory(), "case:1", points=5, department="service")
    granted(MemberFactory(), "case:2", points=6, department="logistics")
    found = report(departments={"service"})
    assert [(one.department, one.flows["given"]) for one in found.reasons] == [("service", 5)]
    assert found.statements == []
    assert report(departments=set()).reasons == []


def test_sums_are_only_added_to():
    points(MemberFactory(), 1, "a")
    rolling.roll_up(at=AT)
    for act in (LedgerSum.objects.all().delete, lambda: LedgerSum.objects.update(amount=0)):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            act()


def test_a_wrong_sum_is_found_told_and_put_right():
    MemberFactory()
    watcher = approver()
    watcher.email, watcher.is_superuser = "f@example.org", True
    watcher.save()
    points(MemberFactory(), 10, "a")
    rolling.roll_up(at=AT)
    run = LedgerRun.objects.get()
    LedgerSum.objects.create(
        run=run,
        day=DAY,
        unit="points",
        flow="given",
        kind="points.purchase",
        cause="points.purchase",
        amount=3,
    )  # fmt: skip
    assert [(one.kept, one.should) for one in watching.check(at=AT)] == [(13, 10)]
    watching.keep_up(at=AT)
    assert Event.objects.filter(kind="finance.differs").count() == 2
    assert OutboxMessage.objects.filter(key__startswith="finance:").count() == 1
    assert report().difference == 3
    assert rolling.correct(at=AT) == 1
    assert rolling.correct(at=AT) == 0
    rolling.prove(at=AT)
    assert report().difference == 0
    assert_adds_up(report())


def test_it_is_added_up_once_a_day_or_when_much_has_come(monkeypatch):
    member = MemberFactory()
    points(member, 1, "a")
    assert watching.keep_up(at=AT) is not None
    points(member, 1, "b")
    assert watching.keep_up(at=AT + timedelta(minutes=10)) is None
    monkeypatch.setattr(rolling, "LEAST", 1)
    assert watching.keep_up(at=AT + timedelta(minutes=20)) is not None
    monkeypatch.setattr(rolling, "LEAST", 1_000)
    points(member, 1, "c")
    assert watching.keep_up(at=AT + timedelta(days=1)) is not None
    tasks.roll_up_ledger()
    tasks.check_ledger()
    assert not Event.objects.filter(kind="finance.differs").exists()


def test_the_number_of_queries_does_not_grow():
    def asked(number):
        for n in range(number):
            granted(MemberFactory(), f"case:{number}{n}", points=5, department=f"d{n}")
        with CaptureQueriesContext(connection) as found:
            report()
        return len(found)

    assert asked(1) == asked(3) == 5


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_in_whatever_order_it_adds_up(seed):
    dice, members = random.Random(seed), MemberFactory.create_batch(3)
    done = Transaction.objects.filter(kind__in=["points.purchase", "points.granted", "points.redeemed"])
    for step in range(40):
        member, at = dice.choice(members), AT - timedelta(hours=dice.randrange(60))
        act = dice.randrange(6)
        try:
            with transaction.atomic():
                if act == 0:
                    points(
                        member,
                        dice.randint(1, 50),
                        f"p{step}",
                        at=at,
                        terms=LotTerms(
                            available_from=at, expires_at=AT + timedelta(hours=dice.randrange(1, 9))
                        ),
                    )
                elif act == 1:
                    granted(member, f"case:{step}", points=dice.randint(1, 50), at=at)
                elif act == 2:
                    spend(member, dice.randint(1, 60), f"s{step}")
                elif act == 3 and (lot := Lot.objects.order_by("?").first()):
                    withdraw(
                        lot_id=lot.pk,
                        amount=dice.randint(1, lot.amount),
                        key=f"w{step}",
                        kind="points.refunded",
                        actor=None,
                        at=AT,
                    )
                elif act == 4 and (one := done.order_by("?").first()):
                    reverse(posted=one, key=f"r{step}", actor=None, at=AT, owe=True)
                else:
                    expiry.expire_due(at=AT + timedelta(hours=dice.randrange(9)))
        except DomainError:  # refused: nothing happened
            continue
        if dice.random() < 0.3:
            rolling.roll_up(at=AT)
    assert_adds_up(report(since=DAY - timedelta(days=1)))


def test_the_report_is_printed_as_text_csv_and_json():
    granted(MemberFactory(), "case:1", points=5, department="service")
    until = [f"--since={DAY}", f"--until={TOMORROW}"]
    for kind in ("text", "csv", "json"):
        out = StringIO()
        call_command("finance_report", *until, f"--format={kind}", stdout=out)
        assert "service" in out.getvalue()
    assert json.loads(out.getvalue())["difference"] == 0
    with pytest.raises(CommandError):
        call_command("finance_report", f"--since={TOMORROW}", f"--until={DAY}", stdout=StringIO())


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_while_others_post():
    members = MemberFactory.create_batch(4)
    for member in members:
        points(member, 1, f"first{member.pk}")

    def posts(member):
        for n in range(25):
            points(member, 1, f"{member.pk}:{n}")

    def rolls():
        for _n in range(12):
            rolling.roll_up(at=AT)

    results = at_once(*[lambda one=one: posts(one) for one in members], rolls, rolls)
    assert not refused(results)
    rolling.roll_up(at=AT)
    assert LedgerRun.objects.latest("upto").upto > 0
    assert report().statements[0].closing == 104
    assert_adds_up(report())


@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_with_a_smaller_number_is_waited_for(monkeypatch):
    """Its entries would be missing for ever."""
    monkeypatch.setattr(rolling, "WAIT_SECONDS", 0.3)
    first, second = MemberFactory.create_batch(2)
    points(first, 1, "accounts")
    rolling.roll_up(at=AT)

    def slow():
        with transaction.atomic():
            points(first, 10, "slow")
            (tried,) = at_once(lambda: (points(second, 5, "fast"), rolling.roll_up(at=AT))[1])
        return tried

    assert slow() is None
    assert rolling.roll_up(at=AT) is not None
    assert report().statements[0].closing == 16
    assert_adds_up(report())
