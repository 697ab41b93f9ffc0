"""Facts in versions: what was true when."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.claims import facts
from feedback.models import Claim, LinesDue, ProductFact
from tests.factories.claims import BEGIN, fact, kind, promise
from tests.factories.shop import ProductFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F10")]
DAY = timedelta(days=1)


def true_at(product, moment):
    return [row.text for row in facts.at_moment(product.pk, moment)]


def test_what_was_true_then_stays_to_be_looked_up():
    product = ProductFactory()
    fact(product, "price", "99", measure="price")
    fact(product, "price", "129", measure="price", valid_from=BEGIN + DAY)
    assert true_at(product, BEGIN) == ["99"]
    assert true_at(product, BEGIN + DAY) == ["129"]
    assert true_at(product, BEGIN - DAY) == []
    assert Event.objects.filter(kind="fact.made").count() == 2


def test_the_same_again_changes_nothing():
    product = ProductFactory()
    one, again = (fact(product, "origin", "杭州", valid_from=BEGIN + n * DAY) for n in range(2))
    assert one == again
    assert Event.objects.filter(kind="fact.made").count() == 1


def test_one_that_comes_late_ends_where_the_next_begins():
    product = ProductFactory()
    fact(product, "origin", "杭州", valid_from=BEGIN + 2 * DAY)
    fact(product, "origin", "上海")
    assert true_at(product, BEGIN + DAY) == ["上海"]
    assert true_at(product, BEGIN + 3 * DAY) == ["杭州"]


def test_a_key_corrects_in_place_and_is_of_one_fact():
    product, other = ProductFactory(), ProductFactory()
    fact(product, "origin", "杭州", key="k")
    fact(product, "origin", "宁波", key="k")
    assert true_at(product, BEGIN) == ["宁波"]
    assert ProductFact.objects.count() == 1
    with pytest.raises(Invalid):
        fact(other, "origin", "宁波", key="k")


@pytest.mark.parametrize("text", ["", " \n", "x" * 401, "面议"])
def test_nonsense_is_refused(text):
    with pytest.raises(Invalid):
        fact(ProductFactory(), "price", text, measure="price")


def test_a_product_that_is_not_there_and_a_time_that_runs_backwards():
    content = facts.Content(product_id=0, kind=kind("origin"), text="x", valid_from=BEGIN)
    with pytest.raises(NotFound):
        facts.put(content=content, actor=None, at=BEGIN)
    with pytest.raises(Invalid):
        fact(ProductFactory(), "origin", "x", valid_to=BEGIN)


def test_the_database_refuses_two_at_a_time():
    product = ProductFactory()
    row = fact(product, "origin", "x")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductFact.objects.create(
            product=product, kind=row.kind, text="y", valid_from=BEGIN + DAY, made_at=BEGIN
        )


def test_claims_are_audited_anew_and_guaranteed_orders_looked_at():
    product = ProductFactory()
    made = promise("guarantee", 7, product_id=product.pk)
    Claim.objects.update(audited_digest="x")
    LinesDue.objects.all().delete()
    fact(product, "price", "99", measure="price", valid_from=BEGIN + 30 * DAY)
    made.refresh_from_db()
    assert made.audited_digest == ""
    assert LinesDue.objects.get().since == BEGIN + 23 * DAY


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(1, 5), st.sampled_from("abc")), max_size=7)
)
def test_whatever_comes_in_whatever_order_one_thing_is_true_at_a_time(said):
    with transaction.atomic():
        product = ProductFactory()
        for begins, lasts, text in said:
            start = BEGIN + begins * DAY
            fact(product, "origin", text, valid_from=start, valid_to=lasts and start + lasts * DAY)
            assert true_at(product, start) == [text]
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_one_true():
    product = ProductFactory()
    kind("origin")
    results = at_once(*[lambda n=n: fact(product, "origin", f"v{n}", valid_from=BEGIN) for n in range(3)])
    assert not [one for one in results if isinstance(one, Exception)]
    assert len(true_at(product, BEGIN)) == 1
    assert ProductFact.objects.count() == 1
