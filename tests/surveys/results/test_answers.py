from datetime import timedelta

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from surveys.models import QuestionKind, Stratum, SurveyTerms
from surveys.questionnaires import commands as questionnaires
from surveys.results import answers, breakdown, trend
from surveys.results.counted import count
from surveys.results.figures import FEW
from surveys.results.hiding import Shown, plain
from surveys.results.questions import Asked, asked
from surveys.results.rates import Rate, rates, stops
from tests.factories.compensation import T0, OrderLineFactory
from tests.factories.feedback import CaseFactory
from tests.factories.questionnaires import launched, one
from tests.factories.results import campaign, given, silent, source, told

pytestmark = [pytest.mark.django_db, pytest.mark.req("S5")]
WEEK = timedelta(days=7)
LATER = T0 + timedelta(days=100)


def shares(told):
    return {bar.key: bar.n for bar in told.bars if bar.n}


def test_every_kind_has_its_figures():
    asking = campaign()
    given(asking, 3, csat=5, nps=10, ces=4, least="price", what=["price", "speed"],
          order=["speed", "price"], parts={"box": 5, "cup": 2}, gift={"so": 1, "not": 5}, paid="10",
          since="2025-01-31", agree=True)  # fmt: skip
    given(asking, 1, csat=1, nps=0, least="words", what=["speed"], order=["price", "speed"], paid="20")
    found = source(asking)
    assert told(found, "csat").figure.value == 75
    assert told(found, "csat").figure.mean == 4
    assert told(found, "nps").figure.value == 50
    assert told(found, "ces").figure.value == 4
    assert shares(told(found, "least")) == {"price": 3, "words": 1}
    what = {bar.key: bar.share for bar in told(found, "what").bars}
    assert what == {"price": 0.75, "speed": 1, "words": 0}  # of those who answered, not of what was picked
    assert [(bar.key, bar.place) for bar in told(found, "order").bars] == [("speed", 1.25), ("price", 1.75)]
    box, cup = told(found, "parts").rows
    assert (box.figure, box.measures[0].value, cup.measures[0].value) == (None, 1, 0)
    assert told(found, "gift").kano.category == "O"
    assert dict(told(found, "paid").quantiles)[0.5] == 10
    assert shares(told(found, "since")) == {"2025-01": 3}
    assert shares(told(found, "agree")) == {"1": 3}
    assert told(found, "words").n == 0
    assert answers.everyone(found).responses == 4


def test_nobody_is_no_zero():
    asking = campaign()
    silent(asking)
    found = source(asking)
    for question in found.questions:
        assert not any(measure.value for measure in told(found, question.code).measures)
    assert told(found, "csat").figure.value is None


def test_a_filter_changes_who_was_asked_and_who_answered():
    asking = campaign()
    given(asking, 2, segments=["vip"])
    given(asking, 1, segments=["new"], csat=1)
    silent(asking, 1, segments=["vip"])
    silent(asking, 6, segments=["new"])
    vip = source(asking, narrow=(("segment", ("vip",)),))
    assert rates(vip.cut)[vip.waves[0].pk, ""].share == 2 / 3
    assert told(vip, "csat").n == 2
    whole = source(asking)
    assert rates(whole.cut)[whole.waves[0].pk, ""] == Rate(asked=10, answered=3, opened=3)
    by_segment = {value: rate.share for (_w, value), rate in rates(whole.cut, by="segment").items()}
    assert by_segment == {"vip": 2 / 3, "new": 1 / 7}


def test_what_could_not_be_delivered_is_no_refusal():
    asking = campaign()
    given(asking, 1)
    silent(asking, 1, bounced_at=T0)
    silent(asking, 1, way="link", is_answered=True)
    found = source(asking)
    assert rates(found.cut)[found.waves[0].pk, ""] == Rate(2, 1, 1, 1, 1)
    assert rates(found.cut)[found.waves[0].pk, ""].share == 1


@pytest.mark.parametrize("by", ["stratum", "channel", "segment", "tier", "agent", "department", "product"])
def test_rates_and_figures_are_told_by_everything(by):
    asking = campaign()
    given(asking, 1, segments=["vip"])
    found = source(asking)
    rates(found.cut, by=by)
    answers.by(found, by)
    rates(source(asking, narrow=((by, ("1",)),)).cut)


def test_two_filters_are_read_from_the_answers_and_agree_with_one():
    asking = campaign()
    given(asking, 2, segments=["vip"], csat=5)
    given(asking, 1, segments=["vip"], channel="app", csat=1)
    given(asking, 1, segments=["new"], csat=2)
    both = source(asking, narrow=(("segment", ("vip",)), ("channel", ("sms", "app"))))
    alone = source(asking, narrow=(("segment", ("vip",)),))
    assert shares(told(both, "csat")) == shares(told(alone, "csat")) == {"5": 2, "1": 1}
    assert answers.by(both, "channel").keys() == {"sms", "app"}
    either = source(asking, narrow=(("segment", ("vip", "new")),))
    assert told(either, "csat").n == 4


@pytest.mark.parametrize("by", ["", "week", "segment", "channel", "tier"])
def test_answers_are_counted_as_the_sums_were(by):
    asking = campaign()
    first = {"nps": 9, "ces": 4, "least": "price", "what": ["price", "speed"], "order": ["speed", "price"]}
    more = {
        "parts": {"box": 4, "cup": 2},
        "gift": {"so": 1, "not": 5},
        "paid": "123.45",
        "since": "2025-02-03",
    }
    given(asking, 2, segments=["vip", "new"], at=T0 + timedelta(hours=5, minutes=50), **first, **more)
    given(asking, 1, segments=["new"], csat=1, words="慢")
    given(asking, 1, segments=["vip"], channel="app", csat=2, paid="0")
    some = ("channel", ("sms", "app"))
    summed = source(asking, narrow=(some,) if by == "channel" else ()).cut
    read = source(asking, narrow=(some, some)).cut
    chosen = [one.numbers[0] for one in asked(asking.survey)][:3]
    for questions in (None, (), chosen):
        counted = count(read, by=by, questions=questions)
        assert counted
        assert counted == count(summed, by=by, questions=questions)


def test_rates_are_by_the_one_product_of_the_order_or_of_the_cases_order():
    asking = campaign()
    bought, about = OrderLineFactory(), OrderLineFactory()
    several = OrderLineFactory(order=OrderLineFactory().order)
    product, of_case = bought.product_id, about.product_id
    silent(asking, 1, order=bought.order)
    given(asking, 1)
    silent(asking, 1, order=several.order)
    silent(asking, 2, case=CaseFactory(order=about.order))
    silent(asking, 1, case=CaseFactory())
    found = source(asking)
    by_product = {value: rate.asked for (_wave, value), rate in rates(found.cut, by="product").items()}
    assert by_product == {str(product): 1, str(of_case): 2}
    narrowed = source(asking, narrow=(("product", (str(of_case),)), ("channel", ("",)))).cut
    assert sum(rate.asked for rate in rates(narrowed).values()) == 2


def test_whoever_is_in_two_segments_was_asked_once():
    asking = campaign()
    silent(asking, 3, segments=["vip", "new"])
    silent(asking, 1, segments=["new"])
    both = source(asking, narrow=(("segment", ("vip", "new")),))
    assert [rate.asked for rate in rates(both.cut).values()] == [4]
    told = {value: rate.asked for (_wave, value), rate in rates(both.cut, by="segment").items()}
    assert told == {"vip": 3, "new": 4}
    alone = source(asking, narrow=(("segment", ("vip",)),))
    assert {value for _wave, value in rates(alone.cut, by="segment")} == {"vip"}


def test_of_many_groups_those_with_the_most_answers_are_told(monkeypatch):
    monkeypatch.setattr(breakdown, "MOST", 2)
    asking = campaign()
    for segment, number in (("a", 1), ("b", 3), ("c", 2)):
        given(asking, number, segments=[segment])
    found = source(asking)
    assert {one.value for one in breakdown.breakdown(found, found.questions[0], "segment").groups} == {
        "b",
        "c",
    }


def test_versions_are_one_while_kind_and_scale_stay():
    asking = launched(one(QuestionKind.CSAT, "csat"), one(QuestionKind.TEXT, "words", is_required=False))
    given(asking, 1, csat=5)
    for scale, text in ((5, "另一种问法"), (7, "更细")):
        draft = questionnaires.open_draft(survey_id=asking.survey_id, actor=None, at=T0)
        draft.questions.filter(code="csat").update(scale=scale, text=text)
        questionnaires.publish(version_id=draft.pk, actor=None, at=T0)
        given(asking, 1, csat=5)
    now, words, before = asked(asking.survey)
    assert (now.scale, before.scale, now.name, before.name) == (7, 5, "csat", "csat.csat.5")
    assert before.worded_otherwise([1, 2])
    assert not words.worded_otherwise([1, 2, 3])
    found = source(asking)
    assert answers.everyone(found).told(before).n == 2
    assert answers.everyone(found).told(now).n == 1


def test_waves_are_compared_and_only_the_sure_are_marked(monkeypatch):
    asking = campaign(occasion="recurring", rhythm="month")
    SurveyTerms.objects.update_or_create(pk=1, defaults={"few": 5})
    given(asking, 6, csat=5, least="price")
    month = T0 + timedelta(days=32)
    given(asking, 6, at=month, asked_at=month, csat=1, least="price")
    found = trend.trend(source(asking, at=month))
    line = next(line for line in found.lines if line.asked.code == "csat")
    assert [point.measure.value for point in line.points] == [1, 0]
    assert line.points[1].since.value == -1
    assert line.points[1].is_sure
    same = next(line for line in found.lines if line.name == "price")
    assert not same.points[1].is_sure
    assert [found.responses[wave.pk] for wave in found.waves] == [6, 6]
    SurveyTerms.objects.update(few=7)
    few = trend.trend(source(asking, at=month)).lines[0]
    assert few.points[1].is_few
    assert not few.points[1].is_sure


def test_groups_of_few_have_no_place():
    asking = campaign()
    SurveyTerms.objects.update_or_create(pk=1, defaults={"few": 4})
    given(asking, 8, csat=5, channel="app")
    given(asking, 4, csat=5, channel="sms")
    given(asking, 8, csat=2, channel="link")
    given(asking, 1, csat=5, channel="paper")
    found = source(asking)
    told_by = breakdown.breakdown(found, found.questions[0], "channel")
    # the same share of more answers is surer, and stands first
    assert [(one.value, one.rank) for one in told_by.groups] == [
        ("app", 1), ("sms", 2), ("link", 3), ("paper", None),
    ]  # fmt: skip
    assert {one.value for one in told_by.groups if one.is_sure} == {"app", "link"}
    assert told_by.groups[3].is_few


def test_strata_drawn_at_different_rates_are_weighted():
    asking = campaign()
    rare, all_ = (
        Stratum.objects.create(campaign=asking, position=place, share=share, name=str(share))
        for place, share in ((1, 10), (2, 100))
    )
    given(asking, 4, csat=5, stratum=rare)
    given(asking, 2, csat=5, stratum=all_)
    given(asking, 2, csat=1, stratum=all_)
    figure = breakdown.weighted_figures(source(asking))["csat"]
    assert figure.value == pytest.approx((40 * 1 + 4 * 0.5) / 44)
    assert figure.low < figure.value < figure.high
    Stratum.objects.filter(pk=rare.pk).update(share=0)
    assert breakdown.weighted_figures(source(asking)) == {}


def test_kano_is_told_by_segment():
    asking = campaign()
    given(asking, 2, segments=["vip"], gift={"so": 1, "not": 5})
    given(asking, 2, segments=["new"], gift={"so": 3, "not": 5})
    found = breakdown.kano(source(asking), "segment")
    assert {(one.label, one.summary.category, one.better.value, one.worse.value) for one in found} == {
        ("vip", "O", 1, 1), ("new", "M", 0, 1),
    }  # fmt: skip
    assert all(one.is_few for one in found)
    assert len(breakdown.kano(source(asking))) == 1


def test_drafts_say_where_people_stop():
    asking = launched(one(QuestionKind.CSAT, "csat"), one(QuestionKind.NPS, "nps"))
    wave = given(asking, 2, nps=5)[0].wave
    version = asking.survey.versions.get()
    for number, last in enumerate(["csat", "csat", "nps", "gone"]):
        wave.drafts.create(key=str(number), version=version, last=last, saved_on=T0.date())
    found = stops(version.pk, [wave.pk], 2)
    assert [(one.reached, one.stopped) for one in found] == [(6, 3), (3, 1)]


# anonymous


def test_an_open_anonymous_wave_is_told_by_whole_weeks_of_enough():
    asking = campaign(is_anonymous=True)
    given(asking, 6, csat=5)
    given(asking, 6, csat=4)
    assert answers.everyone(source(asking, at=T0)).responses is None  # this week is not over
    found = source(asking, at=T0 + WEEK)
    assert answers.everyone(found).responses == 12
    given(asking, 1, csat=1, at=T0 + WEEK)
    given(asking, 3, csat=1, at=T0 + 2 * WEEK)
    assert answers.everyone(source(asking, at=T0 + 3 * WEEK)).responses == 12
    given(asking, 1, csat=5, at=T0 + 3 * WEEK)
    assert answers.everyone(source(asking, at=T0 + 4 * WEEK)).responses == 17
    assert answers.by(source(asking, at=T0 + 4 * WEEK), "channel") == {}


def test_few_answers_of_nobody_are_not_told():
    asking = campaign(is_anonymous=True)
    given(asking, 4, csat=5)
    found = source(asking, at=T0 + WEEK)
    assert answers.everyone(found).responses is None
    assert answers.everyone(found).told(found.questions[0]).n is None
    given(asking, 1, csat=5)
    assert told(source(asking, at=T0 + WEEK), "csat").n == 5


def test_a_score_of_few_is_withheld_with_what_gives_it_away():
    asking = campaign(is_anonymous=True)
    given(asking, 20, csat=5, nps=10, what=["price"])
    given(asking, 1, csat=1, nps=0, what=["speed"])
    found = source(asking, at=T0 + WEEK)
    csat = told(found, "csat")
    assert all(bar.n is None for bar in csat.bars)
    assert csat.figure is None
    assert csat.measures == []
    assert {bar.key: bar.n for bar in told(found, "what").bars} == {"price": None, "speed": None, "words": 0}


def test_closed_anonymous_waves_are_told_by_channel():
    asking = campaign(is_anonymous=True, ends_at=T0 + WEEK, valid_days=7)
    given(asking, 10, csat=5, channel="app")
    given(asking, 10, csat=5, channel="sms")
    given(asking, 2, csat=5, channel="link")
    open_ = source(asking, at=T0 + WEEK)
    assert answers.by(open_, "channel") == {}
    found = answers.by(source(asking, at=LATER), "channel")
    sizes = {value: one_.responses for value, one_ in found.items()}
    assert sizes["link"] is None
    assert list(sizes.values()).count(None) == 2  # another one, or the difference would tell
    alone = source(asking, at=LATER, narrow=(("channel", ("link",)),))
    assert answers.everyone(alone).responses is None


def test_anonymous_answers_are_told_by_nothing_else():
    asking = campaign(is_anonymous=True, ends_at=T0 + WEEK, valid_days=7)
    given(asking, 9, segments=["vip"])
    for by in ("segment", "tier", "agent", "product"):
        assert answers.by(source(asking, at=LATER), by) == {}


@examples(st.lists(st.integers(0, 9), min_size=5, max_size=5))
def test_what_is_told_of_plain_counts_adds_up(counts):
    question = Asked("q", QuestionKind.CSAT, 5, "q", True, None, "", None)
    given_ = {str(score): n for score, n in enumerate(counts, 1) if n} | {"": sum(counts)}
    found = answers.Answers(sum(counts), {"q": {"": plain(given_)}}).told(question)
    assert [bar.n for bar in found.bars] == counts
    assert found.figure.n == found.n == sum(counts)
    hidden = answers.Answers(None, {"q": {"": Shown({}, None, None)}}).told(question)
    assert all(bar.n is None for bar in hidden.bars)
    assert SurveyTerms().few == FEW
