from datetime import UTC, datetime, timedelta

from kpis.deadlines.rules import ladder
from kpis.models import Step


def test_the_ladder_is_climbed_in_order():
    begun = datetime(2026, 3, 1, tzinfo=UTC)
    steps = ladder(begun, begun + timedelta(days=10))
    assert [step for step, _at in steps] == list(Step)
    assert [(at - begun).days for _step, at in steps] == [8, 10, 11, 13]
