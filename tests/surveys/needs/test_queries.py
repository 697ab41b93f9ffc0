from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.kano.classify import ORDER, summarise
from surveys.models import Need, NeedState
from surveys.needs import commands, kano, queries
from surveys.needs.rules import FEW, Standing, order
from surveys.results import sums
from tests.factories.compensation import T0
from tests.factories.feedback import StaffFactory
from tests.factories.needs import kano_answer, kano_campaign, link, need, post, review

pytestmark = [pytest.mark.django_db, pytest.mark.req("S8")]

STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(NeedState.values),
    kano=st.lists(st.sampled_from(ORDER), max_size=60).map(summarise),
    evidence=st.integers(0, 99),
    code=st.text("abc", min_size=1, max_size=4),
)


@given(rows=st.lists(STANDINGS, max_size=8))
def test_must_be_and_unmet_is_on_top_and_what_has_ended_below(rows):
    found = sorted(rows, key=order)
    urgent = [one.is_urgent for one in found]
    assert urgent == sorted(urgent, reverse=True)
    ended = [one.state in {"met", "dropped"} for one in found]
    assert ended == sorted(ended)
    for one in found:
        if one.is_urgent:
            assert (one.kano.category, one.kano.n >= FEW) == ("M", True)


def test_of_equals_evidence_decides():
    less, more = (Standing("open", summarise(()), number, "x") for number in (1, 2))
    assert sorted([less, more], key=order) == [more, less]


def test_kano_is_read_from_answers_in_all_and_by_segment():
    one_need, actor = need(), StaffFactory()
    campaign = kano_campaign(one_need)
    for _n in range(2):
        kano_answer(campaign, 3, 5, ["vip"])  # must-be
    kano_answer(campaign, 1, 3, ["new"])  # attractive
    sums.catch_up()
    found = kano.of([one_need])[one_need.pk]
    assert (found.whole.category, found.whole.n) == ("M", 3)
    assert {code: (one.category, one.n) for code, one in found.segments.items()} == {
        "new": ("A", 1),
        "vip": ("M", 2),
    }
    into = need()
    commands.merge(need_id=one_need.pk, into_id=into.pk, actor=actor, at=T0)
    assert kano.of([into])[into.pk].whole.n == 3  # the published question stays as it is


def test_anonymous_answers_of_few_are_not_counted():
    one_need = need()
    campaign = kano_campaign(one_need, is_anonymous=True)
    for _n in range(4):
        kano_answer(campaign, 3, 5)
    sums.catch_up()
    assert kano.of([one_need]) == {}
    kano_answer(campaign, 3, 5)
    sums.catch_up()
    assert kano.of([one_need])[one_need.pk].whole.n == 5


def test_the_register_counts_by_source_in_a_constant_number_of_queries(django_assert_num_queries):
    first = need()
    link(first, "review", review())
    link(first, "post", post())
    with django_assert_num_queries(5):
        [row] = queries.register(queries.standing())
    assert {key: number for key, number in row.counts.items() if number} == {"review": 1, "post": 1}
    assert row.evidence == 2
    for _n in range(2):
        link(need(), "review", review())
    with django_assert_num_queries(5):
        rows = queries.register(queries.standing())
    assert rows[0].need == first
    assert len(queries.register(queries.standing(), source="post")) == 1


def test_the_trend_has_twelve_months_with_their_gaps():
    one_need = need()
    for days in (0, 0, 31, 800):
        link(one_need, "review", review(at=T0 - timedelta(days=days)))
    found = queries.trend(one_need, T0.date())
    assert len(found) == 12
    assert found[-1] == (date(T0.year, T0.month, 1), 2)
    assert sum(number for _month, number in found) == 3
    assert Need.objects.count() == 1
