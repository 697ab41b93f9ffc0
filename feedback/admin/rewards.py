"""What useful reviews are rewarded with: rules with their preview, what was given, moderators' picks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from config.common.browsing import Browsed
from config.common.errors import DomainError, NotFound
from config.common.money import display
from config.common.registry import Page
from config.common.screens import StaffRequest
from feedback.admin.access import needs
from feedback.admin.moderation import PICKS
from feedback.models import ReviewReward, RewardRule
from feedback.rewards import commands, preview, queries, rules, telling

MONTH = timedelta(days=30)
FIELDS = (
    "name", "name_en", "code", "words", "words_en", "about", "length_from", "pictures_from", "asks_video",
    "dimensions_from", "votes_from", "asks_pick", "asks_purchase", "after_days", "points", "template",
    "month_limit", "department", "starts_at", "position", "is_active",
)  # fmt: skip


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A rule. Whatever speaks of stars or praise is refused with the law, in any field."""

    class Meta:
        model = RewardRule
        fields = FIELDS

    def clean(self) -> dict[str, Any]:
        """Refuse what the law does, and what makes no sense."""
        content = super().clean() or {}
        asked = [name for name in self.data if name not in FIELDS]
        for name in ("name", "name_en", "words", "words_en"):
            try:
                rules.check_lawful([content.get(name) or ""])
            except rules.UnlawfulReward as refusal:
                self.add_error(name, str(refusal))
        if template := content.get("template"):
            try:
                rules.check_lawful([template.name, template.name_en])
            except rules.UnlawfulReward as refusal:
                self.add_error("template", str(refusal))
        try:
            rules.check_lawful([], asked)
        except rules.UnlawfulReward as refusal:
            self.add_error(None, str(refusal))
        if not self.errors:
            wanted = RewardRule(**{name: content[name] for name in FIELDS if name in content})
            if fault := queries.fault(wanted):
                self.add_error(None, str(fault))
        return content


@admin.register(RewardRule)
class RewardRuleAdmin(ModelAdmin):
    """The rules by which useful reviews are rewarded, the same for one star as for five."""

    form = RuleForm
    list_display = ("__str__", "asked", "given", "times", "cost", "is_active")
    list_filter = ("is_active", "about")
    search_fields = ("name", "name_en", "code")
    change_form_before_template = "feedback/rewards/law.html"
    change_form_after_template = "feedback/rewards/preview.html"
    list_before_template = "feedback/rewards/law.html"
    fieldsets = (
        (None, {"fields": (("name", "name_en"), ("code", "position"), ("words", "words_en"), "about")}),
        (
            _("What makes it useful"),
            {
                "fields": (
                    ("length_from", "pictures_from"),
                    ("dimensions_from", "votes_from"),
                    ("asks_video", "asks_pick", "asks_purchase"),
                    "after_days",
                )
            },
        ),
        (
            _("What it gets"),
            {"fields": (("points", "template"), ("month_limit", "department"), "starts_at", "is_active")},
        ),
    )

    class Media:
        css = {"all": ["feedback/sop.css"]}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """What was given names it; it is put out of force."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: RewardRule | None = None) -> Sequence[str]:  # noqa: ARG002
        """Its code stays."""
        return ("code",) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """With the kind of coupon chosen from those that are given."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if "template" in form.base_fields:
            form.base_fields["template"].required = False
        return form

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of what the form says."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="feedback_rewardrule_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Whom the rule, as it stands in the form, would have rewarded."""
        if not request.user.has_perm("feedback.view_rewardrule"):
            return HttpResponse(status=403)
        form = RuleForm(request.POST)
        form.fields["code"].required = False
        if not form.is_valid() and not _is_enough(form):
            errors = [str(error) for errors in form.errors.values() for error in errors]
            return render(request, "feedback/rewards/previewed.html", {"errors": errors})
        rule = RewardRule(**{name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data})
        told = preview.preview(rule, at=timezone.now())
        context = {"told": told, "cost": display(told.cost_fen), "price": display(preview.price_fen(rule))}
        return render(request, "feedback/rewards/previewed.html", context)

    def save_model(self, request: HttpRequest, obj: RewardRule, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_rule(rule=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With what each gave in the last month, counted once for the whole list."""
        found = super().get_changelist_instance(request)
        totals = queries.totals(timezone.now() - MONTH)
        for rule in found.result_list:
            rule.total = totals.get(rule.pk, (0, 0))
        return found

    @admin.display(description=_("conditions"))
    def asked(self, rule: RewardRule) -> str:
        """Its conditions in words."""
        return " · ".join(telling.conditions(rule))

    @admin.display(description=_("gives"))
    def given(self, rule: RewardRule) -> str:
        """Points or a coupon."""
        return telling.what(rule)

    @admin.display(description=_("in 30 days"))
    def times(self, rule: RewardRule) -> int:
        """How often."""
        return int(getattr(rule, "total", (0, 0))[0])

    @admin.display(description=_("cost in 30 days"))
    def cost(self, rule: RewardRule) -> str:
        """In yuan."""
        return display(getattr(rule, "total", (0, 0))[1])


def _is_enough(form: RuleForm) -> bool:
    """Whether only what a preview does not need is missing."""
    spare = {"code", "starts_at", "position"} | (set() if form.data.get("name") else {"name"})
    return not set(form.errors) - spare


@admin.register(ReviewReward)
class ReviewRewardAdmin(Browsed):
    """What reviews earned their members."""

    list_display = ("at", "rule", "review_link", "member", "what", "cost", "end")
    list_filter = ("rule", "end")
    list_select_related = ("rule", "review", "member", "grant__template")
    search_fields = ("review__external_id", "member__external_id")
    ordering = ("-at", "-pk")
    fields = ("at", "rule", "review", "member", "grant", "month", "end", "ended_at")

    @admin.display(description=_("review"))
    def review_link(self, reward: ReviewReward) -> str:
        """Its number."""
        return reward.review.number

    @admin.display(description=_("given"))
    def what(self, reward: ReviewReward) -> str:
        """Points or a coupon."""
        return reward.grant.what

    @admin.display(description=_("cost"))
    def cost(self, reward: ReviewReward) -> str:
        """In yuan."""
        return display(reward.grant.cost_fen)


@require_POST
@needs(PICKS)
def pick(request: StaffRequest, review_id: int) -> HttpResponse:
    """Say that a review helps others."""
    try:
        _pick, known = commands.pick(review_id=review_id, actor=request.user, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, str(error))
    else:
        said = gettext("It was picked before.") if known else gettext("Picked as helpful.")
        messages.success(request, said)
    return redirect("admin:feedback_review_change", review_id)


REWARD_PAGES = [Page("moderation/<int:review_id>/pick/", pick, "review_pick")]
