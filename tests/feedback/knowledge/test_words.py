import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from feedback.knowledge import rules, words
from feedback.knowledge.markup import to_html, to_text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("退货退款", ["退货", "退款"]),
        ("退貨退款", ["退货", "退款"]),
        ("ＩＰＨＯＮＥ 手机壳", ["iphon", "手机", "壳"]),
        ("😀退款", ["😀", "退款"]),
        ("……？！", []),
    ],
)
def test_words_of_a_text(text, found):
    assert list(words.tokens(text)) == found


@pytest.mark.parametrize(
    "forms", ["return returns returned returning", "delay delays delayed", "refund refunds refunded"]
)
def test_forms_of_an_english_word_are_one(forms):
    assert len({words.stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("word", ["app", "sms", "status", "address", "this", "退货", "v5.2", "is"])
def test_short_and_other_words_stay(word):
    assert words.stem(word) == word.removesuffix("e")


def test_both_tables_of_characters_are_as_long():
    from config.common.traditional import SIMPLIFIED, TRADITIONAL

    assert len(TRADITIONAL) == len(SIMPLIFIED) == len(set(TRADITIONAL)) > 1_000


@pytest.mark.django_db
@given(st.text(max_size=120), st.text(max_size=60))
def test_postgresql_reads_what_is_written(body, title):
    written, asked = (
        words.vector(title, "", body),
        words.any_of((words.tokens(title) + words.tokens(body))[:20]),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector, %s::tsquery", [written, asked])
        if asked:
            cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [written, asked])
            assert cursor.fetchone() == (True,)


WORDS = st.lists(st.sampled_from("甲乙丙丁戊己庚辛"), max_size=6)


@given(
    WORDS,
    st.lists(WORDS, max_size=3),
    WORDS,
    st.dictionaries(st.sampled_from("甲乙丙丁"), st.floats(0.01, 1)),
)
def test_a_score_is_a_share(question, ways, body, weights):
    article = rules.Words(tuple(map(frozenset, ways)), frozenset(body))
    score = rules.score(question, article, weights)
    assert 0 <= score <= 1
    if not set(question) & set().union(body, *ways):
        assert score == 0
    if question and set(question) in [set(way) for way in ways]:
        assert score == pytest.approx(1)


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_rarer_the_more_a_word_tells(one, total):
    assert 0 < rules.weight(one, total) <= 1
    assert rules.weight(one, total) >= rules.weight(one + 1, total)


@given(st.text(max_size=200))
def test_no_text_becomes_html_of_its_own(text):
    html = to_html(text)
    for tag in ("<p>", "</p>", "<br>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<h3>", "</h3>"):
        html = html.replace(tag, "")
    assert "<" not in html
    assert ">" not in html


def test_lists_headings_and_paragraphs():
    html = to_html("## 怎么办\n先看。\n再看。\n\n- 一\n- <b>二</b>\n1. 甲\n2、乙")
    assert html == (
        "<h3>怎么办</h3><p>先看。<br>再看。</p><ul><li>一</li><li>&lt;b&gt;二&lt;/b&gt;</li></ul><ol><li>甲</li><li>乙</li></ol>"
    )
    assert to_text("## 怎么办\n\n- 一 \n") == "怎么办\n\n- 一"
