"""Which wave a moment belongs to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.campaigns.rules import round_at
from surveys.campaigns.waves import wave_at
from surveys.models import Occasion, Rhythm, Wave
from tests.factories.compensation import T0
from tests.factories.questionnaires import launched
from tests.threads import at_once, refused

pytestmark = pytest.mark.req("S1")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)


def wave_of(at, rhythm=Rhythm.QUARTER, occasion=Occasion.RECURRING):
    return round_at(occasion, rhythm, at=at, starts_at=BEGAN, ends_at=None, zone=SHANGHAI)


@pytest.mark.parametrize(
    ("at", "rhythm", "label"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), Rhythm.QUARTER, "2026-Q4"),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), Rhythm.QUARTER, "2027-Q1"),  # midnight in Shanghai
        (datetime(2026, 2, 28, 16, tzinfo=UTC), Rhythm.MONTH, "2026-03"),
        (datetime(2026, 12, 1, tzinfo=UTC), Rhythm.MONTH, "2026-12"),
    ],
    ids=str,
)
def test_waves_end_at_midnight_in_the_shops_zone(at, rhythm, label):
    assert wave_of(at, rhythm).label == label


def test_what_asks_once_has_one_wave():
    found = wave_of(datetime(2027, 5, 1, tzinfo=UTC), occasion=Occasion.ONCE)
    assert (found.label, found.opens_at, found.closes_at) == ("1", BEGAN, None)


@given(
    st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from([Rhythm.MONTH, Rhythm.QUARTER]),
)
def test_each_moment_is_in_one_wave(at, rhythm):
    found = wave_of(at, rhythm)
    assert found.opens_at <= at < found.closes_at
    assert wave_of(found.opens_at, rhythm) == found
    after = wave_of(found.closes_at, rhythm)
    assert (after.opens_at, after.label != found.label) == (found.closes_at, True)


@pytest.mark.django_db(transaction=True)
def test_two_who_open_a_wave_at_once_get_the_same():
    campaign = launched(occasion=Occasion.RECURRING, rhythm=Rhythm.MONTH, quota=7)
    results = at_once(*[lambda: wave_at(campaign, T0).pk for _n in range(4)])
    assert not refused(results)
    assert len(set(results)) == Wave.objects.count() == 1
    assert Wave.objects.get().cells.get().quota == 7
