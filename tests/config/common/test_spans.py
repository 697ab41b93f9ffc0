from datetime import timedelta

import pytest
from django.utils import translation

from config.common.spans import span, work_span


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11_100, "3 h 5 min"),
        (86_400, "1 d"),
        (183_600, "2 d 3 h"),
    ],
)
def test_durations(seconds, text):
    assert span(timedelta(seconds=seconds)) == span(-timedelta(seconds=seconds)) == span(seconds) == text


def test_nothing_is_said_of_nothing():
    assert span(None) == ""


def test_in_chinese():
    with translation.override("zh-hans"):
        assert span(3 * 86_400 + 2 * 3600) == "3 天 2 小时"


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.5, "30 s"), (30, "30 min"), (90, "1 h 30 min"), (1440, "24 h"), (3600, "60 h")]
)
def test_working_time_is_never_in_days(minutes, text):
    assert work_span(timedelta(minutes=minutes)) == text
