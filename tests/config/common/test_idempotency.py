import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from config.common.errors import KeyReused, NotFound
from config.common.idempotency import once, request_hash
from config.common.models import IdempotencyKey, User
from tests.factories.common import UserFactory

THREADS = 32


def ask(key="k", content="c", perform=UserFactory, scope="s"):
    with transaction.atomic():
        return once(scope=scope, key=key, content=content, model=User, perform=perform)


@pytest.mark.django_db
def test_the_same_request_again_gives_the_same_row():
    first, repeated = ask()
    assert not repeated
    assert ask() == (first, True)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_with_other_content_is_refused():
    ask(content={"fen": 100})
    with pytest.raises(KeyReused):
        ask(content={"fen": 101})
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_keys_of_different_scopes_are_different():
    assert ask(scope="a")[0] != ask(scope="b")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("caught_inside", [True, False])
def test_a_failure_leaves_the_key_free_whoever_catches_it(caught_inside):
    def fail():
        UserFactory()
        raise ZeroDivisionError

    if caught_inside:
        with transaction.atomic():
            with pytest.raises(ZeroDivisionError):
                once(scope="s", key="k", content="c", model=User, perform=fail)
            UserFactory(username="the command went on")
    else:
        with pytest.raises(ZeroDivisionError):
            ask(perform=fail)
    assert not IdempotencyKey.objects.exists()
    assert ask()[1] is False


@pytest.mark.django_db
def test_what_was_deleted_since_is_not_made_again():
    ask()[0].delete()
    with pytest.raises(NotFound):
        ask()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_refused():
    with pytest.raises(RuntimeError):
        once(scope="s", key="k", content="c", model=User, perform=UserFactory)


def at_once(work, count=THREADS):
    """Run `work(n)` in so many threads at the same moment; what each gave or raised."""
    together, results = threading.Barrier(count), [None] * count

    def run(n):
        try:
            together.wait(60)
            results[n] = work(n)
        except Exception as error:  # noqa: BLE001 -- looked at by the test
            results[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_does_it_and_all_get_its_row():
    results = at_once(lambda _n: ask())
    assert User.objects.count() == 1
    assert {row.pk for row, _repeat in results} == {User.objects.get().pk}
    assert [repeat for _row, repeat in results].count(False) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_contents_at_once_one_wins_and_the_other_is_refused():
    results = at_once(lambda n: ask(content=n % 2), count=8)
    rows = [result for result in results if isinstance(result, tuple)]
    refused = [result for result in results if isinstance(result, KeyReused)]
    assert (len(rows), len(refused)) == (4, 4)
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_when_the_first_fails_one_of_those_waiting_does_it():
    failures = iter([True, True])

    def perform():
        if next(failures, False):
            raise ZeroDivisionError
        return UserFactory()

    results = at_once(lambda _n: ask(perform=perform), count=6)
    assert sum(isinstance(result, ZeroDivisionError) for result in results) == 2
    assert [result[1] for result in results if isinstance(result, tuple)].count(False) == 1
    assert User.objects.count() == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(content):
    assert request_hash(content) == request_hash(dict(reversed(content.items())))


@given(JSON, JSON)
def test_other_content_has_another_digest(one, other):
    same = type(one) is type(other) and one == other and repr(one) == repr(other)
    if same:
        assert request_hash(one) == request_hash(other)
    elif one != other:
        assert request_hash(one) != request_hash(other)


def test_times_and_amounts_can_be_content():
    at = datetime(2026, 11, 20, tzinfo=UTC)
    assert request_hash([at, Decimal("1.10")]) != request_hash([at, Decimal("1.1")])
