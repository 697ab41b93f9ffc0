"""Loyalty of members: how a month stands and moved, who is likely to leave, and one member's course."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from compensation.models import Member, Tier
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.panels import Fact
from feedback.models import Case
from kpis.admin.loyalty_words import NO_TIER, amount, label, names, of_one, over_time, spread
from kpis.charts.scales import percent
from kpis.loyalty import queries
from kpis.loyalty.queries import SEES, VIEW, Asked, Order
from kpis.loyalty.rules import INPUTS, Input, Part, Scheme
from kpis.loyalty.summing import BANDS, SEGMENT, TIER, WHOLE
from kpis.loyalty.traits import COUNTED, TRAITS
from kpis.loyalty.weighing import scheme_of
from kpis.models import LoyaltyMonth, LoyaltyRun

SIZE = 25
ORDERS = [
    (Order.RISK.value, pgettext_lazy("loyalty", "most likely to leave")),
    (Order.FALL.value, pgettext_lazy("loyalty", "fell most in three months")),
    (Order.LEAST.value, pgettext_lazy("loyalty", "lowest index")),
]


class MonthForm(forms.Form):
    """Which month is shown, and by what it is told apart."""

    month = forms.ChoiceField(label=pgettext_lazy("loyalty", "month"), required=False)
    by = forms.ChoiceField(
        label=pgettext_lazy("loyalty", "told apart by"),
        required=False,
        choices=[(TIER, _("tier")), (SEGMENT, pgettext_lazy("loyalty", "segment"))],
    )

    def __init__(self, *args: Any, runs: list[LoyaltyRun], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.runs = {f"{run.month:%Y-%m}": run for run in runs}
        self.fields["month"].choices = [(one, one) for one in self.runs]  # type: ignore[attr-defined]  # a choice

    @property
    def run(self) -> LoyaltyRun:
        """The month that is asked for, else the newest."""
        return self.runs.get(self.cleaned_data["month"]) or next(iter(self.runs.values()))


class MembersForm(MonthForm):
    """Which members of a month are listed."""

    by = None  # type: ignore[assignment]  # Django's way to leave out an inherited field
    order = forms.ChoiceField(label=pgettext_lazy("loyalty", "listed by"), required=False, choices=ORDERS)
    tier = forms.ChoiceField(label=_("tier"), required=False)
    band = forms.TypedChoiceField(
        label=pgettext_lazy("loyalty", "index"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("all")), *((one, f"{one * BANDS}–{(one + 1) * BANDS}") for one in range(BANDS))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = [(one.code, str(one)) for one in Tier.objects.order_by("rank")]
        tiers.append((NO_TIER, str(_("without a tier"))))
        self.fields["tier"].choices = [("", _("all")), *tiers]  # type: ignore[attr-defined]  # a choice


@require_safe
@needs(SEES)
def loyalty(request: StaffRequest) -> HttpResponse:
    """How loyal members are, by tier or segment, how it moved, and what the warning is worth."""
    runs = queries.runs()
    form = MonthForm(request.GET, runs=runs)
    sees_members = request.user.has_perm(VIEW)
    context: dict[str, Any] = {"form": form, "sees_members": sees_members}
    if not form.is_valid():
        return page(request, "kpis/loyalty/page.html", context, status=400)
    if not runs or not form.run.summary:
        return page(request, "kpis/loyalty/page.html", context | {"run": form.run if runs else None})
    run, called = form.run, names()
    kind = form.cleaned_data["by"] or TIER
    groups = [
        (code, name)
        for code, name in called.items()
        if code in run.summary and (code == WHOLE or code.startswith(kind))
    ]
    upto = [one for one in runs if one.month <= run.month]
    tiers = [(code, name) for code, name in called.items() if code.startswith(TIER)]
    context |= {
        "run": run,
        "charts": [over_time(upto, groups), spread(run, tiers, _link(run) if sees_members else None)],
        "parts": [label(part) for part in Part],
        "groups": [(name, _told(run.summary[code])) for code, name in groups],
        "odds": _odds(run),
        "right": percent(None if run.auc is None else 100 * run.auc),
        "top_share": percent(None if run.top_left is None else 100 * run.top_left),
        "left_share": percent(100 * run.left / run.judged if run.judged else None),
        "risk": _members(run, order=Order.RISK.value),
        "fall": _members(run, order=Order.FALL.value),
    }
    return page(request, "kpis/loyalty/page.html", context)


@require_safe
@needs(VIEW)
def members(request: StaffRequest) -> HttpResponse:
    """Members of a month: who is likely to leave and why, who fell most, who has the lowest index."""
    runs = queries.runs()
    form = MembersForm(request.GET, runs=runs)
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return page(request, "kpis/loyalty/members.html", context, status=400)
    if not runs:
        return page(request, "kpis/loyalty/members.html", context)
    run, given = form.run, form.cleaned_data
    order = Order(given["order"] or (Order.RISK if run.may_warn else Order.LEAST))
    tier = None if given["tier"] == NO_TIER else given["tier"]
    asked = Asked(order, tier, given["band"], request.GET.get("after", ""))
    try:
        found = queries.listed(run.month, asked, SIZE)
    except DomainError as error:
        form.add_error(None, str(error))
        return page(request, "kpis/loyalty/members.html", context, status=error.status)
    whys = queries.why(found.rows, run)
    tiers = {one.code: str(one) for one in Tier.objects.all()}
    context |= {
        "run": run,
        "order": order.value,
        "title": dict(ORDERS)[order.value],
        "parts": [label(part) for part in Part],
        "rows": [
            {
                "row": row,
                "tier": tiers.get(row.tier, row.tier),
                "parts": [getattr(row, part) for part in Part],
                "why": _why(row, whys.get(row.pk, [])),
                "is_warned": _is_warned(row, run),
            }
            for row in found.rows
        ],
        "after": found.after,
        "is_first": not asked.after,
        "left_out": queries.left_out(run, asked),
    }
    return page(request, "kpis/loyalty/members.html", context)


@require_safe
@needs(VIEW)
def member(request: StaffRequest, pk: int) -> HttpResponse:
    """One member: how the index moved, what it is made of, and how they stand among their like."""
    found = Member.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    rows = list(queries.of_member(pk)[: queries.SHOWN])
    context: dict[str, Any] = {
        "member": found,
        "sees_member": request.user.has_perm("compensation.view_member"),
    }
    if not rows:
        return page(request, "kpis/loyalty/member.html", context)
    newest = rows[0]
    run = LoyaltyRun.objects.select_related("weights").get(month=newest.month)
    scheme = scheme_of(run.weights.content)
    context |= {
        "one": newest,
        "run": run,
        "tier": Tier.objects.filter(code=newest.tier).first(),
        "chart": of_one(rows),
        "places": queries.places(newest, run),
        "parts": [
            (
                label(part),
                getattr(newest, part),
                scheme.parts[part],
                [_read(newest, name, scheme) for name in inputs],
            )
            for part, inputs in INPUTS.items()
        ],
        "why": _why(newest, queries.why([newest], run).get(newest.pk, [])),
        "is_warned": _is_warned(newest, run),
    }
    return page(request, "kpis/loyalty/member.html", context)


def _read(row: LoyaltyMonth, name: Input, scheme: Scheme) -> tuple[str, str, float | None, float]:
    """An input: what is on record, what it is on 0–100, and its weight within its part."""
    value, ruler = getattr(row, name), scheme.inputs[name]
    return label(name), amount(value), None if value is None else ruler.read(value), ruler.weight


def _told(stood: dict[str, Any]) -> dict[str, Any]:
    """How a group stands: median and quartiles, and each part with of how many it is known."""
    low, middle, high = (stood["cuts"][len(stood["cuts"]) * quarter // 4] for quarter in (1, 2, 3))
    return {
        "n": stood["n"],
        "low": low,
        "middle": middle,
        "high": high,
        "parts": list(zip(stood["parts"], stood["known"], strict=True)),
    }


def _odds(run: LoyaltyRun) -> list[tuple[str, float]]:
    """How many times the odds of leaving are for one spread more of what is counted, the strongest first."""
    model = queries.model_of(run)
    if model is None:
        return []
    odds = dict(zip(TRAITS, model.odds, strict=True))
    return sorted(((label(name), odds[name]) for name in COUNTED), key=lambda one: -max(one[1], 1 / one[1]))


def _why(row: LoyaltyMonth, inputs: list[str]) -> list[str]:
    return [f"{label(name)}: {amount(getattr(row, name))}" for name in inputs[:3]]


def _is_warned(row: LoyaltyMonth, run: LoyaltyRun) -> bool:
    """Whether a member is of the tenth most likely to leave."""
    return row.chance is not None and run.warn_from is not None and row.chance >= run.warn_from


def risk_of(request: StaffRequest, case: Case, at: datetime) -> Fact | None:  # noqa: ARG001 - one signature for all
    """How loyal the member of a case is, and whether they are likely to leave; to whoever may see it."""
    if case.member_id is None or not request.user.has_perm(VIEW):
        return None
    newest = queries.of_member(case.member_id).first()
    if newest is None:
        return None
    run = LoyaltyRun.objects.get(month=newest.month)
    is_warned = _is_warned(newest, run)
    told = _("%(index)s of 100, likely to leave") if is_warned else _("%(index)s of 100")
    return Fact(
        _("Loyalty"),
        told % {"index": amount(newest.value)},
        run.taken_at,
        url=reverse("admin:loyalty_member", args=[case.member_id]),
        is_bad=is_warned,
    )


def _members(run: LoyaltyRun, **asked: Any) -> str:
    given = {"month": date_format(run.month, "Y-m"), **asked}
    return f"{reverse('admin:loyalty_members')}?{urlencode(given)}"


def _link(run: LoyaltyRun) -> Callable[[str, int], str]:
    return lambda tier, band: _members(run, order=Order.LEAST.value, tier=tier, band=band)


LOYALTY_PAGES = [
    Page("loyalty/", loyalty, "loyalty"),
    Page("loyalty/members/", members, "loyalty_members"),
    Page("loyalty/members/<int:pk>/", member, "loyalty_member"),
]
LOYALTY_MENU = [MenuItem(_("Loyalty"), "loyalty", "favorite", (SEES,), group="lead")]
