"""Hours counted, what stands out proposed once, what was dismissed only when it grows anew."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.models import Notice
from config.common.models import Event, OutboxMessage
from feedback.crises import commands, counting, finding, joining, watching
from feedback.models import (
    Alert,
    Case,
    Crisis,
    CrisisCase,
    CrisisCounting,
    CrisisHour,
    Review,
    Triage,
)
from tests.factories.compensation import T0, OrderLineFactory, ProductFactory
from tests.factories.crises import DAY, HOUR, ProposalFactory, WatchFactory, opened, plan, supervisor
from tests.factories.feedback import CaseFactory
from tests.factories.triage import SaidFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F22")]
WEEK = timedelta(weeks=1)
NOW = T0 + timedelta(minutes=40)


def came(number, at=T0, **given):
    return [CaseFactory(opened_at=at, **given) for _one in range(number)]


def usual(number=1, weeks=4, **given):
    """So many cases in the same hour of each week before."""
    came(1, T0 - weeks * WEEK - DAY, kind="suggestion")
    for back in range(1, weeks + 1):
        came(number, T0 - back * WEEK + timedelta(minutes=5), **given)


def hours(of="case", by="all", value=""):
    return list(
        CrisisHour.objects.filter(of=of, by=by, value=value)
        .order_by("hour")
        .values_list("hour", "n", "usual")
    )


@pytest.fixture
def watch():
    return WatchFactory(by=["category", "kind", "product"])


def test_cases_are_counted_by_what_they_have_in_common():
    line = OrderLineFactory(supplier="晨光", product__category="杯子")
    case = CaseFactory(order=line.order, member=line.order.member, category="杯子", opened_at=T0)
    Triage.objects.create(case=case, aspects=["logistics", "price"], gap_kind="service", read_at=T0)
    merged = CaseFactory(opened_at=T0, closed=True, resolution="duplicate", merged_into=case)
    counting.recount(T0, T0 + HOUR)
    found = set(CrisisHour.objects.exclude(n=0).values_list("by", "value", "n"))
    assert {
        ("all", "", 1), ("kind", "complaint", 1), ("category", "杯子", 1), ("supplier", "晨光", 1),
        ("product", str(line.product_id), 1), ("aspect", "logistics", 1), ("aspect", "price", 1),
        ("gap_kind", "service", 1),
    } <= found  # fmt: skip
    assert merged.pk
    assert not CrisisHour.objects.filter(value="").exclude(by="all").exists()


def test_a_case_with_two_lines_of_a_product_counts_once():
    line = OrderLineFactory()
    OrderLineFactory(order=line.order, product=line.product)
    CaseFactory(order=line.order, member=line.order.member, opened_at=T0)
    counting.recount(T0, T0 + HOUR)
    assert hours(by="product", value=str(line.product_id)) == [(T0, 1, 1)]


def test_bad_reviews_are_counted_and_good_or_held_ones_are_not():
    product = ProductFactory(category="茶")
    for given in ({"stars": 1}, {"stars": 2}, {"stars": 5}, {"stars": 1, "status": "held"}):
        SaidFactory(product=product, **given)
    counting.recount(T0, T0 + HOUR)
    assert hours("review", "category", "茶") == [(T0, 2, 2)]


def test_counting_again_changes_nothing_and_takes_in_what_was_read_later():
    case = came(1)[0]
    counting.recount(T0, NOW)
    before = hours()
    Triage.objects.create(case=case, aspects=["app"], read_at=T0)
    counting.recount(T0, NOW)
    assert hours() == before
    assert hours(by="aspect", value="app") == [(T0, 1, 1)]


def test_it_catches_up_from_where_it_was_and_counts_nothing_older():
    came(2, T0 - 10 * DAY)
    CrisisCounting.objects.create(pk=1, counted_to=T0 - DAY)
    came(3)
    while counting.catch_up(at=NOW):
        pass
    assert [n for _hour, n, _usual in hours()] == [3]
    assert CrisisCounting.objects.get().counted_to == NOW


def test_its_cost_does_not_grow_with_the_cases_of_before():
    def reads():
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE feedback_case")
            cursor.execute("EXPLAIN " + counting.CASES, {"since": T0, "until": NOW})
            return "\n".join(row[0] for row in cursor.fetchall())

    came(1)
    assert "case" in reads()
    CrisisCounting.objects.create(pk=1, counted_to=T0)
    counting.catch_up(at=NOW)
    with CaptureQueriesContext(
        connection,
    ) as few:
        counting.catch_up(at=NOW)
    came(20, T0 - 30 * DAY)
    with CaptureQueriesContext(connection) as many:
        counting.catch_up(at=NOW)
    assert len(few) == len(many)
    assert hours()[0][0] == T0


def test_what_stands_out_is_proposed_once_with_its_evidence(watch):
    usual(category="杯子")
    burst = came(12, category="杯子")
    boss = supervisor()
    boss.email = "boss@example.com"
    boss.save()
    (crisis,) = watching.watch(at=NOW)
    assert (crisis.status, crisis.by, crisis.value, crisis.categories) == (
        "proposed",
        "category",
        "杯子",
        ["杯子"],
    )
    assert crisis.evidence["seen"] == 12
    assert crisis.evidence["expected"] < 2
    assert set(crisis.evidence["samples"]) <= {case.pk for case in burst}
    assert crisis.began_at == T0
    assert Alert.objects.get(user=boss).kind == "crisis.proposed"
    assert OutboxMessage.objects.filter(recipient=f"user:{boss.pk}").count() == 1
    assert Event.objects.filter(kind="crisis.proposed").count() == 1
    assert watching.watch(at=NOW + timedelta(minutes=10)) == []
    assert Crisis.objects.count() == 1


def test_too_little_to_compare_with_says_nothing(watch):
    came(1, T0 - 2 * WEEK)
    came(30, category="杯子")
    assert watching.watch(at=NOW) == []


def test_as_many_as_usual_say_nothing(watch):
    usual(number=12, category="杯子")
    came(12, category="杯子")
    assert watching.watch(at=NOW) == []


def test_the_narrowest_cause_is_proposed_and_what_it_explains_is_not(watch):
    usual(category="杯子")
    came(12, category="杯子")
    watch.by = ["all", "kind", "category"]
    watch.save()
    assert [one.by for one in watching.watch(at=NOW)] == ["category"]
    (spot, *_more) = finding.look(watch, at=NOW).spots
    assert spot.by == "category"


def test_two_causes_are_two_proposals(watch):
    usual(category="杯子")
    usual(category="茶")
    came(12, category="杯子")
    came(12, category="茶")
    assert {one.value for one in watching.watch(at=NOW)} == {"杯子", "茶"}


def test_the_hour_that_goes_on_counts_by_how_much_of_it_has_gone():
    usual(number=10, category="杯子")
    counting.recount(T0 - 5 * WEEK, NOW)
    terms = finding.Terms(2, 4, 5, 2.0, 0.001)
    found = finding.table("case", ["category"], terms, at=T0 + timedelta(minutes=30))
    assert found.usual.tolist() == [[5.0] * 4]


def test_what_was_dismissed_comes_again_only_when_it_grows(watch):
    usual(category="杯子")
    came(12, category="杯子")
    boss = supervisor()
    (crisis,) = watching.watch(at=NOW)
    commands.dismiss(crisis_id=crisis.pk, why="促销", actor=boss, at=NOW)
    came(2, T0 + timedelta(minutes=45), category="杯子")
    assert watching.watch(at=T0 + timedelta(minutes=50)) == []
    came(8, T0 + timedelta(minutes=52), category="杯子")
    (again,) = watching.watch(at=T0 + timedelta(minutes=55))
    assert again.evidence["seen"] == 22


def test_what_was_dismissed_and_has_gone_comes_again(watch):
    usual(category="杯子")
    came(12, category="杯子")
    (crisis,) = watching.watch(at=NOW)
    commands.dismiss(crisis_id=crisis.pk, why="促销", actor=supervisor(), at=NOW)
    assert watching.watch(at=NOW + 6 * HOUR) == []
    later = T0 + 8 * HOUR
    came(12, later, category="杯子")
    assert [one.value for one in watching.watch(at=later + timedelta(minutes=20))] == ["杯子"]


def test_cases_of_a_crisis_are_not_usual_and_raise_nothing_more(watch):
    usual(category="杯子")
    came(12, category="杯子")
    boss = supervisor()
    (crisis,) = watching.watch(at=NOW)
    commands.open_proposed(
        crisis_id=crisis.pk, plan=plan(boss, conditions={"categories": ["杯子"]}), actor=boss, at=NOW
    )
    joining.join_all(at=NOW)
    assert watching.watch(at=NOW) == []
    assert hours(by="category", value="杯子")[-1] == (T0, 12, 0)


def test_many_bad_reviews_of_a_product_are_proposed():
    WatchFactory(of="review", by=["product"])
    product = ProductFactory()
    came(1, T0 - 5 * WEEK)
    for _one in range(9):
        SaidFactory(product=product, stars=1)
    supervisor()
    (crisis,) = watching.watch(at=NOW)
    assert (crisis.of, crisis.products) == ("review", [product.pk])
    assert len(watching.written_samples(crisis)) == 8
    assert Review.objects.count() == 9


@pytest.mark.django_db(transaction=True)
def test_two_watches_at_once_propose_once(watch):
    usual(category="杯子")
    came(12, category="杯子")
    watching.watch(at=NOW)
    Crisis.objects.all().delete()
    at_once(*[lambda: watching.watch(at=NOW)] * 3)
    assert Crisis.objects.count() == 1
    assert Event.objects.filter(kind="crisis.proposed").count() == 2


def test_a_crisis_that_stays_calm_is_proposed_for_the_all_clear_once(watch):
    usual(category="杯子")
    came(12, category="杯子")
    boss = supervisor()
    (crisis,) = watching.watch(at=NOW)
    commands.open_proposed(
        crisis_id=crisis.pk, plan=plan(boss, conditions={"categories": ["杯子"]}), actor=boss, at=NOW
    )
    joining.join_all(at=NOW)
    assert watching.settle(at=NOW) == []
    calm = T0 + 8 * HOUR
    watching.watch(at=calm)
    assert watching.settle(at=calm) == []
    crisis.refresh_from_db()
    assert crisis.calm_since == calm
    assert watching.settle(at=calm + DAY) == [crisis]
    assert watching.settle(at=calm + DAY + HOUR) == []
    assert Alert.objects.filter(user=boss, kind__startswith="crisis.calm").count() == 1


def test_more_cases_end_the_calm():
    crisis = opened()
    watching.settle(at=T0 + 8 * HOUR)
    crisis.refresh_from_db()
    assert crisis.calm_since is not None
    CrisisCase.objects.create(crisis=crisis, case=CaseFactory(), joined_at=T0 + 9 * HOUR)
    watching.settle(at=T0 + 10 * HOUR)
    crisis.refresh_from_db()
    assert crisis.calm_since is None


def test_old_hours_are_forgotten_by_night():
    came(1, T0 - 300 * DAY)
    counting.recount(T0 - 300 * DAY, T0 - 299 * DAY)
    came(1, T0 - 3 * DAY)
    counting.recount_last(at=NOW)
    assert [hour for hour, _n, _usual in hours()] == [T0 - 3 * DAY]


def test_looking_costs_the_same_however_many_stand_out(watch):
    def queries(number):
        for one in range(number):
            usual(category=f"c{one}")
            came(12, category=f"c{one}")
        counting.recount(T0 - 6 * WEEK, NOW)
        with CaptureQueriesContext(connection) as caught:
            assert len(finding.look(watch, at=NOW).spots) >= number
        return len(caught)

    assert queries(1) == queries(3)


def test_what_is_proposed_names_no_member(watch):
    usual(category="杯子")
    came(12, category="杯子", member__name="王小明")
    (crisis,) = watching.watch(at=NOW)
    assert "王小明" not in str(crisis.evidence) + crisis.name
    assert not Notice.objects.exists()
    assert Case.objects.filter(pk__in=crisis.evidence["samples"]).exists()
    assert ProposalFactory.build().name
