"""The weights of the loyalty index: the versions, and new ones tried on the last month first."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from compensation.models import Tier
from config.common.asked import within_years
from config.common.errors import DomainError
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from kpis.admin.loyalty_words import label
from kpis.loyalty import queries, weighing
from kpis.loyalty.queries import SEES
from kpis.loyalty.reckoning import preview
from kpis.loyalty.rules import INPUTS, Input, Part, Scheme
from kpis.loyalty.weighing import SET, scheme_of
from kpis.models import LoyaltyWeights

SHOWN = 20
FURTHEST = 10_000_000
OK = 200
RULER = ("weight", "zero", "full")


class WeightsForm(forms.Form):
    """From when they hold, a weight for each part, and of each input weight, what is 0 and what is 100."""

    since = forms.DateField(
        label=_("from the month of"),
        input_formats=["%Y-%m"],
        validators=[within_years],
        widget=forms.DateInput(format="%Y-%m", attrs={"type": "month"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part, inputs in INPUTS.items():
            self.fields[part] = _number(_("weight of the part"), least=0)
            for name in inputs:
                called = {"input": label(name)}
                self.fields[f"{name}_weight"] = _number(_("%(input)s: weight") % called, least=0)
                self.fields[f"{name}_zero"] = _number(_("%(input)s: 0 is") % called)
                self.fields[f"{name}_full"] = _number(_("%(input)s: 100 is") % called)

    @property
    def groups(self) -> list[tuple[str, Any, list[tuple[str, list[Any]]]]]:
        """The parts with their fields."""
        return [
            (
                label(part),
                self[part],
                [(label(name), [self[f"{name}_{of}"] for of in RULER]) for name in inputs],
            )
            for part, inputs in INPUTS.items()
        ]

    def scheme(self) -> Scheme:
        """What was typed.

        Raises:
            Invalid: it measures nothing.
        """
        given = self.cleaned_data
        return weighing.made_of(
            {part: given[part] for part in Part},
            {name: (given[f"{name}_weight"], given[f"{name}_zero"], given[f"{name}_full"]) for name in Input},
        )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(SEES)
def weights(request: StaffRequest) -> HttpResponse:
    """The weights that hold and held; new ones are tried, then set."""
    versions = list(LoyaltyWeights.objects.select_related("made_by").order_by("-since")[:SHOWN])
    if request.method != "POST":
        return _show(request, versions, WeightsForm(initial=_initial(versions)))
    if not request.user.has_perm(SET):
        raise PermissionDenied
    form = WeightsForm(request.POST)
    if not form.is_valid():
        return _show(request, versions, form, status=400)
    try:
        scheme = form.scheme()
        if "try" in request.POST:
            return _show(request, versions, form, tried=scheme)
        weighing.set_weights(
            scheme=scheme, since=form.cleaned_data["since"], actor=request.user, at=timezone.now()
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return _show(request, versions, form, status=error.status)
    messages.success(request, _("It holds from then on."))
    return redirect("admin:loyalty_weights")


def _show(
    request: StaffRequest,
    versions: list[LoyaltyWeights],
    form: WeightsForm,
    *,
    tried: Scheme | None = None,
    status: int = OK,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "versions": [(one, _parts(scheme_of(one.content))) for one in versions],
        "may_set": request.user.has_perm(SET),
        "is_tried": tried is not None,
    }
    runs = queries.runs()[:1] if tried else []
    if tried and runs:
        tiers = {one.code: str(one) for one in Tier.objects.all()}
        found = preview(runs[0].month, tried)
        context["month"] = runs[0].month
        context["trial"] = [(tiers.get(tier, tier), n, was, now) for tier, n, was, now in found]
    return page(request, "kpis/loyalty/weights.html", context, status=status)


def _parts(scheme: Scheme) -> list[tuple[str, float, list[tuple[str, Any]]]]:
    return [
        (label(part), scheme.parts[part], [(label(name), scheme.inputs[name]) for name in inputs])
        for part, inputs in INPUTS.items()
    ]


def _initial(versions: list[LoyaltyWeights]) -> dict[str, Any]:
    """From this month on, the first that is not taken, as it is now."""
    newest = queries.runs()[:1]
    after = newest[0].month + timedelta(31) if newest else timezone.localdate()
    scheme = scheme_of(versions[0].content) if versions else weighing.SHIPPED
    found: dict[str, Any] = {"since": after.replace(day=1)}
    found |= {part.value: weight for part, weight in scheme.parts.items()}
    for name, ruler in scheme.inputs.items():
        found |= {f"{name}_weight": ruler.weight, f"{name}_zero": ruler.zero, f"{name}_full": ruler.full}
    return found


def _number(called: Any, *, least: float = -FURTHEST) -> forms.FloatField:
    return forms.FloatField(
        label=called, min_value=least, max_value=FURTHEST, widget=forms.NumberInput({"step": "any"})
    )


WEIGHT_PAGES = [Page("loyalty/weights/", weights, "loyalty_weights")]
