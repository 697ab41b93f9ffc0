"""Points are earned once for one occurrence, on the terms of the rule's version, within its limits."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from compensation.ledger.check import differences
from compensation.models import Earning, EarningRule, EarningVersion, Lot
from compensation.points import commands
from config.common.errors import KeyReused, NotFound
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT
from tests.factories.points import DAY, held, rules, say
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def member():
    rules()
    return MemberFactory()


def earn(member, occurrence="review:1", *, rule="review", at=AT):
    return commands.earn(rule=rule, member_id=member.pk, occurrence=occurrence, actor=None, at=at)


def test_an_occurrence_earns_once(member):
    first, before = earn(member)
    again, known = earn(member)
    assert (first, before, known) == (again, False, True)
    assert held(member) == (20, 0, 0)
    assert Lot.objects.count() == 1


def test_an_occurrence_of_somebody_else_is_refused(member):
    earn(member)
    with pytest.raises(KeyReused):
        earn(MemberFactory())


def test_the_lot_says_by_which_version_it_was_earned_and_keeps_it(member):
    earning, _again = earn(member)
    say("review", points=7, valid_days=2, pending_days=1)
    later, _again = earn(member, "review:2", at=AT + DAY)
    assert (later.points, later.version.number) == (7, 2)
    first, second = Lot.objects.order_by("pk")
    assert (first.rule_version, second.rule_version) == (earning.version, later.version)
    assert (first.tier, first.available_from) == (member.tier, AT)
    assert second.available_from == AT + 2 * DAY
    assert timezone.localtime(second.expires_at).strftime("%m-%d %H:%M") == "11-25 00:00"


def test_a_version_never_changes(member):
    version = EarningVersion.objects.first()
    for change in (version.save, version.delete):
        with pytest.raises(Exception, match="append_only"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    "terms",
    [{"points": 0}, {"points": 5, "per_yuan": 1}, {"points": None}, {"period_limit": 5}, {"valid_days": 0}],
)
def test_the_database_refuses_a_version_that_says_nothing_or_two_things(member, terms):
    with pytest.raises(IntegrityError), transaction.atomic():
        EarningVersion.objects.create(
            **{"rule": EarningRule.objects.first(), "number": 9, "made_at": AT, "points": 1, **terms}
        )


def test_the_day_s_limit_cuts_what_is_given_and_the_next_day_begins_anew(member):
    say("review", points=20, day_limit=50)
    assert [earn(member, f"review:{n}")[0].points for n in range(4)] == [20, 20, 10, 0]
    assert held(member) == (50, 0, 0)
    assert earn(member, "review:9", at=AT + DAY)[0].points == 20


def test_the_period_s_limit_goes_over_days(member):
    say("review", points=20, period_limit=30, period_days=2)
    got = [earn(member, f"review:{n}", at=AT + n * DAY)[0].points for n in range(4)]
    assert got == [20, 10, 20, 10]
    assert earn(MemberFactory(), "review:99")[0].points == 20


def test_a_rule_that_is_off_or_not_begun_or_not_there_gives_nothing(member):
    EarningRule.objects.filter(code="review").update(is_active=False)
    EarningRule.objects.filter(code="suggestion").update(starts_at=AT + DAY)
    for rule in ("review", "suggestion", "nonsense", "purchase"):
        with pytest.raises(commands.RuleOff):
            earn(member, rule=rule)
    assert not Earning.objects.exists()


def test_what_was_earned_before_is_answered_though_the_rule_is_off(member):
    first, _again = earn(member)
    EarningRule.objects.update(is_active=False)
    assert earn(member) == (first, True)
    with pytest.raises(KeyReused):
        earn(MemberFactory())
    with pytest.raises(commands.RuleOff):
        earn(member, "review:2")


def test_nobody_and_the_erased_earn_nothing(member):
    with pytest.raises(NotFound):
        commands.earn(rule="review", member_id=0, occurrence="x", actor=None, at=AT)
    gone = MemberFactory(erased_at=AT)
    with pytest.raises(NotFound):
        earn(gone)


def test_a_member_signs_in_once_a_day_in_the_shops_time_zone(member):
    midnight = timezone.localtime(AT).replace(hour=0, minute=0, second=0)
    last = midnight - timedelta(seconds=1)
    first, before = commands.sign_in(member=member, at=last)
    assert (first.points, before) == (5, False)
    assert commands.sign_in(member=member, at=last)[1] is True
    assert commands.sign_in(member=member, at=midnight)[1] is False
    assert held(member, AT) == (10, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_sign_ins_at_once_count_once(member):
    results = at_once(*[lambda: commands.sign_in(member=member, at=AT) for _ in range(8)])
    assert not refused(results)
    assert sorted(known for _earning, known in results) == [False, *[True] * 7]
    assert held(member) == (5, 0, 0)
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_thirty_two_at_once_for_one_occurrence_earn_once(member):
    results = at_once(*[lambda: earn(member) for _ in range(32)])
    assert not refused(results)
    assert len({earning.pk for earning, _known in results}) == 1
    assert held(member) == (20, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_limit_holds_for_many_at_once(member):
    say("review", points=20, day_limit=70)
    results = at_once(*[lambda n=n: earn(member, f"review:{n}") for n in range(12)])
    assert not refused(results)
    assert held(member) == (70, 0, 0)
