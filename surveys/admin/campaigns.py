"""Campaigns: who is asked what, on which occasion, in whose words."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.forms import SimpleArrayField, SplitArrayField
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from surveys.campaigns import commands, rules
from surveys.models import AskChannel, Campaign, CampaignState, CampaignWording, Occasion, Stratum
from surveys.questionnaires import piping

FIXED = ("survey", "occasion", "rhythm", "is_anonymous")
TEXTS = ("title", "title_en", "body", "body_en", "reminder", "reminder_en")
STANDS = {
    CampaignState.DRAFT: _("Count and launch"),
    CampaignState.RUNNING: _("See how it goes"),
    CampaignState.PAUSED: _("Count and go on"),
    CampaignState.ENDED: _("See how it went"),
}
"""What the page of a campaign is for, by its state."""


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What makes no sense is refused."""

    channels = SplitArrayField(
        forms.TypedChoiceField(
            choices=[("", "—"), *AskChannel.choices],
            empty_value=None,
            required=False,
            widget=UnfoldAdminSelectWidget(attrs={"aria-label": _("sent by")}),
        ),
        size=len(AskChannel),
        remove_trailing_nulls=True,
        required=False,
        label=_("sent by"),
        help_text=_(
            "In this order; the first that reaches the member and is allowed. None: the portal only."
        ),
    )
    remind_days = SimpleArrayField(
        forms.IntegerField(min_value=1, max_value=365),
        max_length=rules.MOST_REMINDERS,
        required=False,
        label=_("reminded after (days)"),
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Whoever has not answered, separated by commas; at most two."),
    )

    class Meta:
        model = Campaign
        fields = [
            "code", "name", "name_en", "survey", "occasion", "rhythm", "is_anonymous", "segment", "holdout",
            "quota", "starts_at", "ends_at", "delay_hours", "within_days", "valid_days", "remind_days",
            "rest_days", "is_capped", "waits_for_cases", "channels", "follow_up_priority", "sends_thanks",
            "invites_reviews",
        ]  # fmt: skip

    def clean_channels(self) -> list[str]:
        """The chosen ones without gaps, each once."""
        return list(dict.fromkeys(one for one in self.cleaned_data["channels"] or [] if one))

    def clean_remind_days(self) -> list[int]:
        """The days in their order, each once."""
        return sorted(set(self.cleaned_data["remind_days"] or []))

    def clean(self) -> dict[str, Any]:
        """Refuse a campaign that would ask nobody, or never; what its occasion does not use is left out."""
        data = super().clean() or {}
        occasion = data.get("occasion") or self.instance.occasion
        if "rhythm" in self.fields and occasion != Occasion.RECURRING:
            data["rhythm"] = ""
        for name, problem in rules.problems({"occasion": occasion, "rhythm": self.instance.rhythm, **data}):
            self.add_error(name if name in self.fields else None, str(problem))
        return data


class StrataFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # not generic at run time
    """The strata together: a member is in the first that fits."""

    def clean(self) -> None:
        """Refuse strata that nobody can be in."""
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data]
        rows = [row for row in rows if not row.get("DELETE")]
        rows.sort(key=lambda row: row["position"])
        positions = [row["position"] for row in rows]
        if len(set(positions)) < len(positions):
            raise forms.ValidationError(_("Two strata stand at the same position."))
        if problem := rules.problem_of_strata([row.get("segment") for row in rows]):
            raise forms.ValidationError(str(problem))


class StratumInline(TabularInline):
    """Who is drawn at which rate."""

    model = Stratum
    formset = StrataFormSet
    fields = ["position", "name", "name_en", "segment", "share", "quota"]
    extra = 0
    verbose_name_plural = _("strata: a member is in the first that fits; without any, all are asked")

    def has_add_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Who was drawn rests on them: they stay once it was launched."""
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """As above."""
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """As above."""
        return super().has_delete_permission(request, obj) and _is_draft(obj)


def _without(names: Collection[str], fields: Iterable[Any]) -> list[Any]:
    """Fields of a form, some in rows, without those of these names."""
    rows = [
        tuple(name for name in row if name not in names) if isinstance(row, tuple) else row for row in fields
    ]
    return [row for row in rows if row and row not in names]


def _is_draft(campaign: Campaign | None) -> bool:
    return campaign is None or campaign.state == CampaignState.DRAFT


class WordingForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What is said by one channel."""

    class Meta:
        model = CampaignWording
        fields = ["channel", *TEXTS]

    def clean(self) -> dict[str, Any]:
        """Refuse placeholders that have no value before anything is answered."""
        data = super().clean() or {}
        for name in TEXTS:
            for problem in piping.problems(data.get(name) or "", before=()):
                self.add_error(name, problem)
        return data


class WordingInline(StackedInline):
    """What is said by which channel."""

    model = CampaignWording
    form = WordingForm
    fields = ["channel", ("title", "title_en"), ("body", "body_en"), ("reminder", "reminder_en")]
    extra = 0
    verbose_name_plural = _("wordings by channel; without one, it asks in the house's words")


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    """What is asked, when, and how it was answered."""

    form = CampaignForm
    inlines = (StratumInline, WordingInline)
    list_display = ["__str__", "code", "survey", "occasion", "state", "asking", "results", "ways"]
    list_filter = ["state", "occasion"]
    list_select_related = ["survey"]
    fieldsets = [
        (None, {"fields": ["code", ("name", "name_en"), "survey", "is_anonymous"]}),
        (
            pgettext_lazy("survey", "When"),
            {"fields": ["occasion", "rhythm", ("delay_hours", "within_days"), "starts_at", "ends_at"]},
        ),
        (
            pgettext_lazy("survey", "Whom"),
            {"fields": ["segment", ("holdout", "quota"), "rest_days", "is_capped", "waits_for_cases"]},
        ),
        (
            pgettext_lazy("survey", "How"),
            {"fields": ["channels", ("valid_days", "remind_days")]},
        ),
        (
            pgettext_lazy("survey", "Afterwards"),
            {"fields": ["follow_up_priority", ("sends_thanks", "invites_reviews")]},
        ),
    ]
    conditional_fields = {
        # a form to read has no occasion to look at
        name: f"typeof occasion == 'undefined' || {sorted(map(str, occasions))}.includes(occasion)"
        for name, occasions in rules.ONLY_FOR.items()
    }

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        """Without what its occasion does not use, once that stands."""
        found = super().get_fieldsets(request, obj)
        if obj is None or (_is_draft(obj) and self.has_change_permission(request, obj)):
            return found
        unused = {name for name, occasions in rules.ONLY_FOR.items() if obj.occasion not in occasions}
        return [(title, {**more, "fields": _without(unused, more["fields"])}) for title, more in found]

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        """Reports know a campaign by its code, and answers rest on what was asked of whom."""
        if obj is None or not self.has_change_permission(request, obj):
            return []
        return ["code"] if obj.state == CampaignState.DRAFT else ["code", *FIXED]

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """A campaign that has asked somebody can be ended, not deleted."""
        return super().has_delete_permission(request, obj) and not (obj and obj.waves.exists())

    @admin.display(description=pgettext_lazy("survey", "how it stands"))
    def asking(self, campaign: Campaign) -> str:
        """Opens the page where it is counted, launched, paused and ended."""
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:survey_campaign", args=[campaign.pk]),
            STANDS[CampaignState(campaign.state)],
        )

    @admin.display(description=_("results"))
    def results(self, campaign: Campaign) -> str:
        """Opens the figures."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:survey_results", args=[campaign.pk]), _("Show results")
        )

    @admin.display(description=_("how others come"))
    def ways(self, campaign: Campaign) -> str:
        """Of an open campaign: its link and pop-up, and paper forms."""
        if campaign.occasion != Occasion.OPEN:
            return "—"
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            reverse("admin:survey_door", args=[campaign.pk]),
            _("Open link"),
            reverse("admin:survey_paper", args=[campaign.pk]),
            _("Paper forms"),
        )

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_campaign(campaign=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Keep strata and wordings, and say what is left to think of."""
        super().save_related(request, form, formsets, change)
        for remark in remarks(form.instance):
            self.message_user(request, remark, messages.WARNING)


def remarks(campaign: Campaign) -> list[str]:
    """What is no mistake, but may not be meant so."""
    found = []
    strata: QuerySet[Stratum] = campaign.strata.all()
    if strata and not any(one.segment_id is None for one in strata):
        found.append(_("Members who are in none of the strata are not asked."))
    wordings = list(campaign.wordings.all())
    if any(not one.title_en or (one.body and not one.body_en) for one in wordings):
        found.append(_("Some wordings have no English: members who read English get the Chinese."))
    return [str(one) for one in found]
