import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from config.common import bulk, outbox
from config.common.models import OutboxMessage
from feedback.models import Triage
from tests.factories.feedback import CaseFactory
from tests.factories.sop import START

HOSTILE = ["", "NULL", "a,b", '"', "\\", '\\"', "{}", "'; --", "第一\n第二", "\t", "%s", "\x01"]


def back(values):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [bulk.texts(values)])
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("values", [[], [""], ["", ""], HOSTILE, ["🙂" * 1000]])
def test_texts_come_back_as_they_were(values):
    assert back(values) == values


@pytest.mark.django_db
def test_any_texts_come_back_as_they_were():
    characters = st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])

    @given(st.lists(st.text(characters)))
    def check(values):
        assert back(values) == values

    check()


@pytest.mark.parametrize("values", [["\0"], ["a\0b", "c"], ["a", "\0"]])
def test_a_nul_is_refused_and_splits_nothing(values):
    with pytest.raises(ValueError, match="NUL"):
        bulk.texts(values)


def put(*keys):
    outbox.put_many(
        "member",
        keys=keys,
        recipients=[f"member:{n}" for n, _ in enumerate(keys)],
        payloads=[{"notice": key} for key in keys],
        at=START,
    )


@pytest.mark.django_db
def test_columns_are_written_as_rows_would_be():
    put(*HOSTILE)
    put(*HOSTILE, "new")  # what is known is left out
    rows = list(OutboxMessage.objects.order_by("id"))
    assert [(row.key, row.payload) for row in rows] == [(key, {"notice": key}) for key in (*HOSTILE, "new")]
    assert {(row.status, row.attempts, row.next_attempt_at, row.last_error) for row in rows} == {
        ("pending", 0, START, "")
    }
    assert len({row.request_id for row in rows}) == len(rows)


@pytest.mark.django_db(transaction=True)
def test_messages_are_written_in_the_transaction_that_decided_them():
    with pytest.raises(RuntimeError):
        put("a")
    with transaction.atomic():
        put("a")
    assert OutboxMessage.objects.count() == 1


@pytest.mark.django_db
def test_arrays_of_any_length_and_json_come_back_as_they_were():
    rows = [Triage.objects.create(case=CaseFactory(), read_at=START) for _one in range(3)]
    told = [[], ["a"], HOSTILE]
    for row, words in zip(rows, told, strict=True):
        row.keywords, row.words = words, [[word, 1.5] for word in words]
    bulk.update(Triage, rows, ["keywords", "words", "sentiment"])
    kept = Triage.objects.order_by("pk").values_list("keywords", "words", "sentiment")
    assert list(kept) == [(words, [[word, 1.5] for word in words], None) for words in told]
