from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from surveys.models import SurveyTerms
from surveys.results import crosstab, export, keywords
from surveys.results.export import blanked, to_figures
from tests.factories.compensation import T0
from tests.factories.results import campaign, given, source

pytestmark = [pytest.mark.django_db, pytest.mark.req("S9")]
NOVEMBER = date(2026, 11, 1)
LATER = T0 + timedelta(days=60)


def question(found, code):
    return next(one for one in found.questions if one.code == code)


def cells(table):
    return {
        (row.label, column): n
        for row in table.rows
        for column, n in zip(table.columns, row.counts, strict=True)
        if n
    }


def test_questions_are_crossed_and_tested():
    asking = campaign()
    given(asking, 12, csat=5, least="price")
    given(asking, 12, csat=2, least="speed")
    given(asking, 1, csat=2)  # has not answered the other
    found = source(asking)
    table = crosstab.by_question(found, question(found, "csat"), question(found, "least"))
    assert cells(table) == {("5", "price"): 12, ("2", "speed"): 12}
    assert (table.total, table.totals) == (24, [12, 12, 0])
    assert table.test.method == "chi2"
    assert table.test.p < 0.001
    assert table.rows[4].of_row[0] == table.rows[4].of_column[0] == 1


def test_answers_of_which_there_are_several_are_not_tested():
    asking = campaign()
    given(asking, 3, csat=5, what=["price", "speed"])
    found = source(asking)
    table = crosstab.by_question(found, question(found, "csat"), question(found, "what"))
    assert cells(table) == {("5", "price"): 3, ("5", "speed"): 3}
    assert (table.overlaps, table.test) == (True, None)


def test_questions_are_crossed_with_what_is_known_of_those_one_may_see():
    asking = campaign()
    given(asking, 3, csat=5, channel="app")
    given(asking, 2, csat=1, channel="sms", segments=["vip"])
    found = source(asking)
    table = crosstab.by_dimension(found, question(found, "csat"), "channel")
    assert sorted(cells(table).values()) == [2, 3]
    assert crosstab.by_dimension(found, question(found, "csat"), "segment").overlaps
    narrowed = source(asking, narrow=(("segment", ("vip",)),))
    assert crosstab.by_question(narrowed, question(found, "csat"), question(found, "nps")).total == 0


def test_anonymous_answers_are_crossed_with_channels_alone_and_guarded():
    asking = campaign(is_anonymous=True, ends_at=T0 + timedelta(days=7), valid_days=7)
    given(asking, 10, csat=5, channel="push")
    given(asking, 9, csat=5, channel="sms")
    given(asking, 1, csat=1, channel="sms")
    found = source(asking, at=LATER)
    csat = question(found, "csat")
    assert crosstab.by_question(found, csat, question(found, "nps")) is None
    assert crosstab.by_dimension(source(asking, at=T0 + timedelta(days=7)), csat, "channel") is None
    table = crosstab.by_dimension(found, csat, "channel")
    assert table.is_hidden
    assert all(n is None or n >= 5 for row in table.rows for n in row.counts)
    assert crosstab.by_dimension(found, csat, "agent") is None


# words


def test_words_count_once_an_answer_and_are_compared_with_the_month_before():
    asking = campaign(occasion="recurring", rhythm="quarter")
    SurveyTerms.objects.update_or_create(pk=1, defaults={"few": 5})
    october = T0 - timedelta(days=35)
    given(asking, 8, at=october, asked_at=october, words="物流很快")
    given(asking, 8, words="包装破损，包装太差")
    found = keywords.words(source(asking), NOVEMBER)
    told = {one.word: one for one in found.words}
    assert (found.texts, found.texts_before) == (8, 8)
    assert (told["包装"].n, told["包装"].n_before, told["包装"].is_sure) == (8, 0, True)
    assert (told["物流"].n, told["物流"].n_before) == (0, 8)
    assert told["包装"].quotes == ["包装破损，包装太差"] * 3
    SurveyTerms.objects.update(few=9)
    assert not any(one.is_sure for one in keywords.words(source(asking), NOVEMBER).words)


def test_what_was_erased_is_no_word():
    asking = campaign()
    response = given(asking, 3, words="包装破损")[0]
    response.answers.filter(question__code="words").update(text="—")
    assert keywords.words(source(asking), NOVEMBER).texts == 2


def test_anonymous_words_come_when_the_month_is_whole_without_texts():
    asking = campaign(is_anonymous=True)
    given(asking, 6, words="包装破损")
    given(asking, 6, words="物流很快")
    given(asking, 4, words="客服耐心")
    assert not keywords.words(source(asking, at=T0 + timedelta(days=3)), NOVEMBER).words
    found = keywords.words(source(asking, at=LATER), NOVEMBER)
    assert {one.word for one in found.words} >= {"包装", "物流"}
    assert "耐心" not in {one.word for one in found.words}
    assert not any(one.quotes for one in found.words)


@pytest.mark.parametrize(
    ("month", "before", "after"),
    [
        (date(2026, 1, 1), date(2025, 12, 1), date(2026, 2, 1)),
        (date(2026, 12, 1), date(2026, 11, 1), date(2027, 1, 1)),
    ],
)
def test_months_follow_each_other(month, before, after):
    assert keywords.month_before(month) == before
    assert keywords.month_after(month) == after


# files

TRAITS = st.tuples(
    st.sampled_from([date(2026, 11, 2), date(2026, 11, 9)]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from("ab"),
)


@examples(st.dictionaries(TRAITS, st.integers(1, 8), min_size=1), st.integers(2, 6))
def test_rows_with_the_same_traits_are_never_few(traits, smallest):
    shown = blanked(traits, smallest)
    assert shown.keys() == traits.keys()
    sizes = export._sizes(shown, traits)
    if sum(traits.values()) >= smallest:
        assert min(sizes.values()) >= smallest
    else:
        assert set(shown.values()) == {(None, None, None)}
    for was, now in shown.items():
        assert all(new in {old, None} for old, new in zip(was, now, strict=True))


def test_common_traits_are_kept():
    week = date(2026, 11, 2)
    assert blanked({(week, 1, "a"): 5, (week, 1, "b"): 9}, 5) == {
        (week, 1, "a"): (week, 1, "a"),
        (week, 1, "b"): (week, 1, "b"),
    }


@pytest.mark.parametrize(
    ("number", "kept"), [("0", "0"), ("12345.67", "1.23E+4"), ("0.05", "0.0500"), ("-99.96", "-100")]
)
def test_numbers_are_kept_to_three_figures(number, kept):
    assert to_figures(Decimal(number)) == Decimal(kept)


def test_a_file_takes_few_queries(django_assert_max_num_queries):
    asking = campaign()
    given(asking, 3, parts={"box": 5, "cup": 1}, what=["price"])
    found = source(asking)
    with django_assert_max_num_queries(4):
        assert len(list(export.sheet(found).rows)) == 3
