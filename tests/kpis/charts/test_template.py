"""The chart as it is written down: hostile words stay words, and numbers have a point in every language."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from kpis.charts.funnel import Heads, Step, funnel
from kpis.charts.lines import Point, Series, line

HOSTILE = '"><script>alert(1)</script>'


def written(chart):
    return render_to_string("kpis/charts/chart.html", {"chart": chart})


def test_hostile_words_stay_words():
    text = written(funnel(HOSTILE, HOSTILE, [Step(HOSTILE, 3, "?a=1&b=2")], heads=Heads(HOSTILE)))
    assert "<script" not in text
    assert "alert(1)" in text
    assert 'href="?a=1&amp;b=2"' in text


@pytest.mark.parametrize("language", ["zh-hans", "en", "de"])
def test_numbers_have_a_point_in_every_language(language):
    chart = line("a", "%", ["1", "2"], [Series("b", [Point(1.25, 1_234_567), Point(2.5, 9)])])
    with translation.override(language):
        text = written(chart)
    assert 'viewBox="0 0 360.0 200.0"' in text
    assert "1234567" in text


def test_the_same_numbers_give_the_same_chart():
    chart = line("a", "%", ["1", "2"], [Series("b", [Point(1.25), Point(None)])])
    assert written(chart) == written(chart)
    assert "style=" not in written(chart)


def test_a_chart_of_nothing_says_so_and_has_no_picture():
    assert "<svg" not in written(line("a", "%", ["1"], [Series("b", [Point(None)])]))
