"""Campaigns with their questions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline

from surveys.campaigns import commands
from surveys.models import Campaign, Question

HIGHEST = 4
POSITIONS = 100


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What makes no sense is refused."""

    class Meta:
        model = Campaign
        fields = [
            "code",
            "name",
            "name_en",
            "trigger",
            "segment",
            "is_active",
            "within_days",
            "valid_days",
            "bad_score",
            "follow_up_priority",
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse a campaign that would ask nobody, never, or follow everything up."""
        data = super().clean() or {}
        for name in ("within_days", "valid_days"):
            if data.get(name) == 0:
                self.add_error(name, _("It must be at least a day."))
        if (data.get("bad_score") or 0) > HIGHEST:
            self.add_error("bad_score", _("At most 4: the best answer cannot be a bad one."))
        return data


class QuestionFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # not generic at run time
    """Questions of a campaign, each in its own place."""

    def clean(self) -> None:
        """Refuse two questions in one place."""
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        places = [form.cleaned_data.get("position") for form in kept]
        if len(set(places)) != len(places):
            raise ValidationError(_("Two questions have the same position."))
        if any(place is not None and place > POSITIONS for place in places):
            raise ValidationError(_("Positions go up to 100."))


class QuestionInline(StackedInline):
    """What is asked now. A question that was asked is replaced, never rewritten."""

    model = Question
    formset = QuestionFormSet
    fields = ["position", "kind", "text", "text_en", "is_required"]
    extra = 0
    verbose_name_plural = _("Questions (one that was sent out is retired when you change it; answers stay)")

    def get_formset(self, request: HttpRequest, obj: Campaign | None = None, **kwargs: Any) -> Any:
        """Let a question go that has answers: the command retires it."""
        formset = super().get_formset(request, obj, **kwargs)

        class Retiring(formset.form):  # type: ignore[name-defined]  # made for this request
            def hand_clean_DELETE(self) -> None:  # noqa: N802 - Django's name
                """Nothing is lost."""

        formset.form = Retiring
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        """Only what is asked now."""
        rows: QuerySet[Question] = super().get_queryset(request)
        return rows.filter(retired_at=None)


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    """What is asked, when, and how it was answered."""

    form = CampaignForm
    inlines = [QuestionInline]
    list_display = ["__str__", "code", "trigger", "is_active", "results"]
    list_filter = ["is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        """Reports know a campaign by its code, so that stays."""
        return ["code"] if obj and self.has_change_permission(request, obj) else []

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """A campaign that has asked somebody can be switched off, not deleted."""
        return super().has_delete_permission(request, obj) and not (obj and obj.invitations.exists())

    @admin.display(description=_("results"))
    def results(self, campaign: Campaign) -> str:
        """Opens the figures."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:survey_results", args=[campaign.pk]), _("Show results")
        )

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_campaign(campaign=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep the questions with their events."""
        changed = formset.save(commit=False)
        commands.save_questions(
            changed=changed,
            removed=[question.pk for question in formset.deleted_objects],
            actor=request.user,  # type: ignore[arg-type]  # staff
            at=timezone.now(),
        )
