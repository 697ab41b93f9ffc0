"""Giving coupons: on frozen terms, once for a key, within limits, many at once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from compensation.coupons import codes, commands
from compensation.coupons.commands import LimitReached, NotGiven, Recipient
from compensation.ledger import queries as ledger
from compensation.ledger.check import differences
from compensation.models import Coupon, CouponCount, CouponTerms, Unit
from config.common.errors import Invalid, KeyReused
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.coupons import give_coupon, make_template
from tests.factories.money import AT
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C5")]
DAY = timedelta(days=1)


def issue(template, member, key="k", **fields):
    return commands.issue(template=template, member=member, key=key, actor=None, at=AT, **fields)


def to_all(template, members, prefix="b", **fields):
    who = [Recipient(f"{prefix}:{number}", member.pk) for number, member in enumerate(members)]
    return commands.issue_many(template=template, recipients=who, actor=None, at=fields.get("at", AT))


def test_a_coupon_is_given_once_for_a_key():
    member, template = MemberFactory(), make_template()
    first = issue(template, member)
    assert issue(template, member) == first
    assert codes.clean(first.code) == first.code
    assert ledger.balance(member, Unit.COUPON) == 500
    assert Event.objects.filter(kind="coupon.issued", subject_id=first.pk).count() == 1
    for other in ((make_template(), member), (template, MemberFactory())):
        with pytest.raises(KeyReused):
            issue(*other)


def test_what_was_given_stays_whatever_becomes_of_its_kind():
    template = make_template(
        kind="percent",
        percent_off=20,
        value_fen=5_000,
        name="八折",
        name_en="A fifth off",
        categories=["tea"],
    )
    old = give_coupon(MemberFactory(), template)
    template.percent_off, template.value_fen, template.name, template.categories = 50, 9_000, "五折", []
    template.valid_days = 1
    commands.save_template(template=template, actor=None, at=AT)
    new = give_coupon(MemberFactory(), template)
    old.refresh_from_db()
    terms = CouponTerms.objects.get(pk=old.terms_id)
    assert (terms.percent_off, terms.name, terms.categories, old.value_fen) == (20, "八折", ["tea"], 5_000)
    assert old.expires_at == AT + 30 * DAY
    assert (new.terms.percent_off, new.value_fen, new.expires_at) == (50, 9_000, AT + DAY)
    assert give_coupon(MemberFactory(), template).terms == new.terms


def test_terms_are_never_written_over():
    coupon = give_coupon(MemberFactory())
    with pytest.raises(Exception, match="Cannot update"):
        CouponTerms.objects.filter(pk=coupon.terms_id).update(name="x")


def test_validity_is_fixed_or_counted_from_the_gift():
    member = MemberFactory()
    later = give_coupon(member, starts_after_days=2, valid_days=7)
    assert (later.valid_from, later.expires_at) == (AT + 2 * DAY, AT + 9 * DAY)
    fixed = make_template(valid_from=AT + DAY, valid_until=AT + 3 * DAY)
    one = give_coupon(member, fixed)
    assert (one.valid_from, one.expires_at) == (fixed.valid_from, fixed.valid_until)
    with pytest.raises(NotGiven):
        give_coupon(member, fixed, at=AT + 3 * DAY)


def test_what_is_switched_off_is_not_given():
    template = make_template()
    stale = type(template).objects.get(pk=template.pk)
    template.is_active = False
    template.save()
    with pytest.raises(NotGiven):
        issue(stale, MemberFactory())
    assert not Coupon.objects.exists()


def test_limits_by_member_and_in_all():
    template = make_template(member_limit=1, total_limit=2)
    first, second, third = MemberFactory.create_batch(3)
    one = issue(template, first, "a")
    with pytest.raises(LimitReached, match="1"):
        issue(template, first, "b")
    issue(template, second, "c")
    with pytest.raises(LimitReached):
        issue(template, third, "d")
    commands.revoke(coupon_id=one.pk, actor=None, at=AT)
    issue(template, first, "e")  # what was taken back no longer counts
    assert sorted(CouponCount.objects.values_list("issued", flat=True)) == [1, 1, 2]


def test_a_limit_that_comes_later_counts_what_was_given_before():
    template, member = make_template(), MemberFactory()
    issue(template, member, "a"), issue(template, member, "b")
    template.member_limit = 3
    commands.save_template(template=template, actor=None, at=AT)
    issue(template, member, "c")
    with pytest.raises(LimitReached):
        issue(template, member, "d")
    template.member_limit = None
    commands.save_template(template=template, actor=None, at=AT)
    issue(template, member, "e")
    template.member_limit = 5
    commands.save_template(template=template, actor=None, at=AT)
    issue(template, member, "f")
    with pytest.raises(LimitReached):
        issue(template, member, "g")


def test_many_at_once_are_given_once():
    members, template = MemberFactory.create_batch(3), make_template()
    assert to_all(template, members) == 3
    assert to_all(template, [*members, MemberFactory()]) == 1
    assert len(set(Coupon.objects.values_list("code", flat=True))) == 4
    assert {ledger.balance(member, Unit.COUPON) for member in members} == {500}
    assert Event.objects.filter(kind="coupon.issued").count() == 4
    assert not list(differences())


def test_a_member_may_get_two_in_one_call():
    member, template = MemberFactory(), make_template()
    assert to_all(template, [member, member, MemberFactory()]) == 3
    assert ledger.balance(member, Unit.COUPON) == 1_000
    assert not list(differences())


def test_many_are_given_whole_or_not_at_all():
    members, template = MemberFactory.create_batch(3), make_template(total_limit=2)
    with pytest.raises(LimitReached):
        to_all(template, members)
    assert not Coupon.objects.exists()
    assert ledger.balance(members[0], Unit.COUPON) == 0
    for keys in (["", "a"], ["a", "a"], ["a", "b" * 201]):
        with pytest.raises(Invalid):
            commands.issue_many(
                template=template,
                recipients=[Recipient(key, member.pk) for key, member in zip(keys, members, strict=False)],
                actor=None,
                at=AT,
            )


def test_many_take_few_statements():
    template = make_template(member_limit=1, total_limit=100)
    counted = []
    for number in (1, 30):
        members = MemberFactory.create_batch(number)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            to_all(template, members, prefix=f"n{number}")
        counted.append(len(seen))
    assert counted[0] == counted[1] or counted[1] < counted[0]  # the first makes the house's account


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limits", [{"member_limit": 3}, {"total_limit": 3}])
def test_no_more_than_the_limit_at_once(limits):
    template, member = make_template(**limits), MemberFactory()
    others = MemberFactory.create_batch(12) if "total_limit" in limits else [member] * 12
    results = at_once(*[lambda n=n, who=who: issue(template, who, f"k{n}") for n, who in enumerate(others)])
    assert all(isinstance(error, LimitReached) for error in refused(results))
    assert Coupon.objects.count() == 3
    assert not list(differences())


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_gives_one():
    template, member = make_template(member_limit=5), MemberFactory()
    results = at_once(*[lambda: issue(template, member) for _ in range(12)])
    assert {coupon.pk for coupon in results} == {Coupon.objects.get().pk}
    assert CouponCount.objects.get().issued == 1
    assert ledger.balance(member, Unit.COUPON) == 500


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_at_once_gives_each_one():
    template, members = make_template(member_limit=2), MemberFactory.create_batch(8)
    results = at_once(*[lambda: to_all(template, members) for _ in range(6)])
    assert sum(results) == 8
    assert list(CouponCount.objects.values_list("issued", flat=True)) == [1] * 8
    assert not list(differences())


@pytest.mark.django_db(transaction=True)
def test_a_limit_that_is_set_while_coupons_are_given_counts_them():
    template, member = make_template(), MemberFactory()
    limited = type(template).objects.get(pk=template.pk)
    limited.member_limit = 4

    def limit():
        commands.save_template(template=limited, actor=None, at=AT)

    results = at_once(limit, *[lambda n=n: issue(template, member, f"k{n}") for n in range(10)])
    assert {type(error) for error in refused(results)} <= {LimitReached}
    given = Coupon.objects.count()
    if given < 4:
        issue(template, member, "more")
    else:
        with pytest.raises(LimitReached):
            issue(template, member, "more")


@pytest.mark.django_db(transaction=True)
def test_whoever_sets_a_limit_waits_for_those_who_give_just_then():
    template, member = make_template(), MemberFactory()
    limited = type(template).objects.get(pk=template.pk)
    limited.member_limit = 1
    given, over = threading.Event(), threading.Event()

    def give():
        with transaction.atomic(), connection.cursor() as cursor:
            issue(template, member, "first")
            given.set()
            while not over.wait(0.01):  # until the other one waits for us, or never did
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                if cursor.fetchone()[0]:
                    return

    def limit():
        given.wait(30)
        commands.save_template(template=limited, actor=None, at=AT)
        try:
            return issue(template, member, "second")
        finally:
            over.set()

    results = at_once(give, limit)
    assert [type(error) for error in refused(results)] == [LimitReached]
    assert Coupon.objects.get().key == "first"
