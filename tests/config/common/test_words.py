import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from config.common.words import AllOf, Lexemes, asked, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("快递三天没有更新", {"快递", "三天", "没有", "更新"}),
        ("ＩＰＨＯＮＥ 充电器", {"iphone", "充电", "充电器"}),
        ("HY0000012, order A-77", {"hy0000012", "order", "a", "77"}),
        ("", set()),
        ("，。！？😀", set()),
        ("x" * 200, set()),
    ],
)
def test_a_text_is_cut_into_its_words(text, found):
    assert found <= set(words(text))
    assert found or not list(words(text))


def test_a_question_of_one_sign_is_asked_but_not_beside_longer_words():
    assert asked("慢") == ["慢"]
    assert asked("我的快递") == ["快递"]


@pytest.mark.django_db
@given(text=st.text(max_size=60))
def test_every_text_is_kept_and_asked_for_without_breaking_and_finds_itself(text):
    kept, wanted = set(words(text)), asked(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_to_tsvector(%s::text[]) @@ %s::tsquery", [sorted(kept), _query(wanted)])
        assert cursor.fetchone()[0] is (bool(wanted) and set(wanted) <= kept)


def _query(wanted):
    return AllOf(wanted).source_expressions[0].value


def test_lexemes_are_sent_once_each():
    assert Lexemes(["b", "a", "b"]).source_expressions[0].value == ["a", "b"]
