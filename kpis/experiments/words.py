"""How what experiments measure is written for people, in the language of the moment."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from config.common.decimals import decimals
from config.common.money import display
from config.common.spans import span
from kpis.experiments.outcomes import FEN, Outcome
from kpis.metrics.definition import Unit
from kpis.models import Experiment, Finding

SMALLEST_P = 0.001


def told(outcome: Outcome, number: float | None) -> str:
    """A value in an outcome's unit; a dash where there is none."""
    if number is None:
        return "—"
    if outcome.unit == FEN:
        return display(round(number))
    if outcome.unit == Unit.DURATION:
        return span(number)
    if outcome.unit == Unit.PERCENT:
        return f"{decimals(number, 1)} %"
    if outcome.unit == Unit.OF_FIVE:
        return f"{decimals(number, 2)} / 5"
    return f"{decimals(number, 1)} {pgettext('unit', 'points')}"


def changed(outcome: Outcome, number: float | None) -> str:
    """A change in its unit, with its sign; of shares in percentage points."""
    if number is None:
        return "—"
    sign = "−" if number < 0 else "+"
    if outcome.unit == Unit.PERCENT:
        return _("%(sign)s%(number)s percentage points") % {
            "sign": sign,
            "number": decimals(abs(number), 1),
        }
    return sign + told(outcome, abs(number))


def interval(outcome: Outcome, low: float | None, high: float | None) -> str:
    """From where to where a change may be; of shares without their unit, which stands beside the change."""
    if low is None or high is None:
        return "—"
    if outcome.unit == Unit.PERCENT:
        return " … ".join(f"{'−' if one < 0 else '+'}{decimals(abs(one), 1)}" for one in (low, high))
    return f"{changed(outcome, low)} … {changed(outcome, high)}"


def in_unit(outcome: Outcome) -> str:
    """In what a difference of an outcome is typed in."""
    return {
        FEN: _("fen"),
        Unit.DURATION.value: _("seconds"),
        Unit.PERCENT.value: _("percentage points"),
        Unit.OF_FIVE.value: _("of five"),
        Unit.POINTS.value: pgettext("unit", "points"),
    }[outcome.unit]


def chance(p: float | None) -> str:
    """A p as it is written."""
    if p is None:
        return "—"
    return f"p < {decimals(SMALLEST_P, 3)}" if p < SMALLEST_P else f"p = {decimals(p, 3)}"


def explained(experiment: Experiment, outcome: Outcome, p: float | None) -> str:
    """What was found, in a sentence for somebody who knows no statistics."""
    if experiment.finding in {Finding.BETTER, Finding.WORSE}:
        often = max(1, round(1_000 * (p or 0)))
        return ngettext(
            "Were A and B alike, so large a difference would come by chance in %(n)s of 1,000 experiments"
            " or fewer.",
            "Were A and B alike, so large a difference would come by chance in %(n)s of 1,000 experiments.",
            often,
        ) % {"n": often}
    if experiment.finding == Finding.NO_DIFFERENCE:
        return _(
            "What was measured can well have come by chance. A difference of %(effect)s or more would have"
            " been found in %(power)s of 100 such experiments."
        ) % {
            "effect": changed(outcome, float(experiment.effect)).lstrip("+"),
            "power": decimals(100 * experiment.power, 0),
        }
    if experiment.finding == Finding.BROKEN:
        return _(
            "Members came into the arms in other shares than were planned, more than chance explains."
            " Something else decided who got which variant, so the difference proves nothing."
        )
    if experiment.finding == Finding.HARM:
        return _("With B a guard became worse by more than was allowed, whatever else became better.")
    return _("It was stopped before its time. What had been measured by then is not told.")
