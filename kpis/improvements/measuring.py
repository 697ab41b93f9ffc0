"""What an improvement changed: its figure before and after, and that of the control group."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from kpis.deadlines.given import day_of
from kpis.improvements import rules
from kpis.improvements.rules import Days, Effect
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import Counted
from kpis.models import Dimension, Improvement, MetricCode, Verdict
from kpis.snapshots.queries import WHOLE, Slice, counted

ByDay = dict[date, Counted]


@dataclass(frozen=True, slots=True)
class Measured:
    """Before and after; `after_days` is None while too little was measured."""

    metric: Metric
    before_days: Days
    after_days: Days | None
    before: Counted
    after: Counted
    control_before: Counted | None
    control_after: Counted | None
    needed: int
    effect: Effect
    verdict: Verdict

    def as_numbers(self) -> dict[str, Any]:
        """The same as JSON values, as a check keeps them."""

        def side(days: Days | None, one: Counted | None) -> dict[str, Any] | None:
            if one is None:
                return None
            given = {"first": f"{days.first}", "last": f"{days.last}"} if days else {}
            figure = self.metric.figure(one)
            return {**given, **asdict(one), "value": figure.value, "low": figure.low, "high": figure.high}

        return {
            "before": side(self.before_days, self.before),
            "after": side(self.after_days, self.after),
            "control_before": side(self.before_days, self.control_before),
            "control_after": side(self.after_days, self.control_after),
            "needed": self.needed,
            **asdict(self.effect),
        }


def slice_of(improvement: Improvement, key: str) -> Slice:
    """What of the whole its figure is of."""
    return Slice(Dimension(improvement.dimension), (key,)) if improvement.dimension else WHOLE


def by_day(improvement: Improvement, key: str, first: date, last: date) -> ByDay:
    """What was counted of its figure, day by day."""
    code = MetricCode(improvement.metric)
    return counted([code], first, last, slice_of(improvement, key))[code]


def measure(improvement: Improvement, *, today: date) -> Measured:
    """Compare before and after as of a day. Of an improvement that was carried out."""
    metric = METRICS[MetricCode(improvement.metric)]
    started, done = improvement.started_at, improvement.carried_out_at
    if started is None or done is None or improvement.check_on is None or improvement.expected is None:
        raise ValueError("only what was carried out is measured")
    before_days, done_on = rules.before_days(day_of(started), improvement.window), day_of(done)
    days = by_day(improvement, improvement.key, before_days.first, today)
    before = rules.total(days, before_days)
    needed = rules.needed(
        metric.form,
        metric.better,
        before,
        float(improvement.expected),
        with_control=bool(improvement.control_key),
    )
    control = (
        by_day(improvement, improvement.control_key, before_days.first, today)
        if improvement.control_key
        else None
    )
    over = rules.after_days(done_on, improvement.window, days, needed, today, control=control)
    until_now = Days(done_on + timedelta(1), max(done_on + timedelta(1), today - timedelta(1)))
    after = rules.total(days, over or until_now)
    others: tuple[Counted | None, Counted | None] = None, None
    if control is not None:
        one, two = rules.total(control, before_days), rules.total(control, over or until_now)
        others, effect = (one, two), rules.in_differences(metric.form, before, after, one, two)
    else:
        effect = rules.compare(metric.form, before, after)
    verdict = rules.judge(
        effect=effect,
        better=metric.better,
        today=today,
        check_on=improvement.check_on,
        is_over=over is not None,
    )
    return Measured(metric, before_days, over, before, after, *others, needed, effect, verdict)
