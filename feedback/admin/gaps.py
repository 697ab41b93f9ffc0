"""Gaps: what was promised and not kept, where that is frequent, and the thresholds and rules."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from compensation.models import Member
from config.common.browsing import Browsed
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.claims import CLAIM_MENU, CLAIM_PAGES
from feedback.admin.files import offered
from feedback.admin.hot_spots import SPOT_MENU, SPOT_PAGES
from feedback.admin.overturned import OVERTURNED_MENU, OVERTURNED_PAGES
from feedback.gaps import commands, queries, words
from feedback.models import Aspect, Gap, GapCause, GapThreshold, Promise, Severity

VIEW = "feedback.view_gap"
SCENE_DAYS = 90


class StandsFilter(DropdownFilter):
    """Gaps that stand, unless asked otherwise."""

    title = _("state")
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give what else there is."""
        return [("waiting", _("not yet there")), ("withdrawn", _("withdrawn")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Gap]) -> QuerySet[Gap]:  # noqa: ARG002
        """Narrow down."""
        match self.value():
            case "all":
                return queryset
            case "withdrawn":
                return queryset.filter(withdrawn_at__isnull=False)
            case "waiting":
                return queryset.filter(withdrawn_at=None, actual_at=None)
        return queryset.filter(withdrawn_at=None)


class GapForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What people may correct, and that it is no gap at all."""

    no_gap = forms.CharField(
        label=_("It is no gap, because"),
        required=False,
        max_length=commands.LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_(
            "Empty: it is one. "
            "What was opened or given for it goes to a supervisor; other facts bring it back."
        ),
    )

    class Meta:
        model = Gap
        fields = ["kind", "cause"]

    def clean_no_gap(self) -> str:
        """Nothing is dismissed twice."""
        why: str = self.cleaned_data["no_gap"]
        if why and self.instance.withdrawn_at is not None:
            raise forms.ValidationError(_("This gap is withdrawn already."))
        return why


@admin.register(Gap)
class GapAdmin(Browsed):
    """Broken promises. People correct the kind and the cause; the rest are facts."""

    form = GapForm
    list_display = [
        "detected_at",
        "order",
        "aspect",
        "shown_severity",
        "shown_size",
        "kind",
        "cause",
        "case_number",
    ]
    list_filter = [StandsFilter, "aspect", "severity", "kind", "cause"]
    list_select_related = ["order", "case"]
    search_fields = ["order__external_id"]
    search_help_text = _("the order's or the member's number in the shop")
    ordering = ["-detected_at", "-pk"]
    readonly_fields = [
        "order",
        "aspect",
        "expected_at",
        "actual_at",
        "shown_size",
        "shown_severity",
        "detected_at",
        "changed_at",
        "withdrawn_at",
        "dismissed_why",
        "case_number",
    ]
    fields = [*readonly_fields, "kind", "cause", "no_gap"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Those who may correct gaps."""
        return request.user.has_perm("feedback.change_gap")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gap]:
        """With what each row shows."""
        rows: QuerySet[Gap] = super().get_queryset(request)
        return rows.select_related("order", "case", "promise")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Gap],
        search_term: str,
    ) -> tuple[QuerySet[Gap], bool]:
        """Find by what is unique."""
        term = search_term.strip()
        if not term:
            return queryset, False
        keys = [
            key
            for field in ("order__external_id", "order__member__external_id")
            for key in Gap.objects.filter(**{field: term}).values_list("pk", flat=True)[:1_000]
        ]
        return queryset.filter(pk__in=keys), False

    @admin.display(description=_("case"))
    def case_number(self, gap: Gap) -> str:
        """Leads to the case; what it is about, its page tells those who may read it."""
        if gap.case is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:case", args=[gap.case_id]), gap.case.number)

    @admin.display(description=_("how far off"))
    def shown_size(self, gap: Gap) -> str:
        """In its unit; up to now while it still goes on."""
        return words.size(gap, timezone.now())

    @admin.display(description=_("severity"), ordering="severity")
    def shown_severity(self, gap: Gap) -> str:
        """As a word."""
        return gap.get_severity_display()

    def save_model(self, request: HttpRequest, obj: Gap, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Correct or dismiss it, with its event."""
        at, data = timezone.now(), form.cleaned_data
        actor: Any = request.user
        commands.correct(gap_id=obj.pk, cause=data["cause"], kind=data["kind"], actor=actor, at=at)
        if data["no_gap"]:
            commands.dismiss(gap_id=obj.pk, why=data["no_gap"], actor=actor, at=at)


@admin.register(Promise)
class PromiseAdmin(Browsed):
    """What was promised."""

    list_display = ["due_at", "aspect", "source", "line", "withdrawn_at"]
    list_filter = ["aspect", "source"]
    list_select_related = ["line__product", "line__order"]
    search_fields = ["=line__order__external_id"]
    search_help_text = _("the order's number in the shop")
    ordering = ["-pk"]
    fields = list_display
    readonly_fields = fields


@admin.register(GapThreshold)
class GapThresholdAdmin(ModelAdmin):
    """Where slight ends and severe begins. A change regrades the gaps that are there."""

    list_display = ["aspect", "slight", "moderate", "unit"]

    def save_model(self, request: HttpRequest, obj: GapThreshold, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event, and look at everything again."""
        commands.save_threshold(threshold=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Every aspect needs its thresholds."""
        return False


@require_GET
@needs(VIEW)
def scenes(request: StaffRequest) -> HttpResponse:
    """Where gaps are most frequent, and what reviews say about kept and broken promises."""
    at = timezone.now()
    context = {
        "days": SCENE_DAYS,
        "formats": offered(request),
        "scenes": [
            (
                Aspect(scene.aspect).label,
                Severity(scene.severity).label,
                GapCause(scene.cause).label if scene.cause else gettext("unknown"),
                scene.region,
                scene.number,
            )
            for scene in queries.scenes(since=at - timedelta(days=SCENE_DAYS))
        ],
    }
    return page(request, "feedback/gaps/scenes.html", context, at=at)


def gaps_of_member(member: Member) -> tuple[Any, Any]:
    """The member's gaps and cases, for the member's page."""
    numbers = queries.numbers_of(member)
    url = reverse("admin:feedback_gap_changelist")
    return _("gaps and cases"), format_html(
        '<a href="{}?q={}">{}</a> · {}',
        url,
        member.external_id,
        gettext("%(gaps)s gaps") % {"gaps": numbers.gaps},
        gettext("%(cases)s cases") % {"cases": numbers.cases},
    )


GAP_PAGES = [Page("gap-scenes/", scenes, "gap-scenes"), *SPOT_PAGES, *OVERTURNED_PAGES, *CLAIM_PAGES]
GAP_MENU = [
    MenuItem(_("Gap scenes"), "gap-scenes", "crisis_alert", (VIEW,), group="customers"),
    *SPOT_MENU,
    *OVERTURNED_MENU,
    *CLAIM_MENU,
]
