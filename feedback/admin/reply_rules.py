"""Rules and templates of replies to reviews as administrators edit them, tried on a text as they type."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.fields import Place
from feedback.admin.review_forms import Kept
from feedback.admin.sops import Choices
from feedback.channels import places
from feedback.models import Feeling, LeftBecause, ReplyRule, ReplyTemplate, ReplyWay, VoiceAspect
from feedback.models.reply_rule import FEELINGS, FOLLOW_UP
from feedback.models.review import BEST
from feedback.replies import texts, trying

VIEW = "feedback.view_replyrule"
STARS = [*((stars, "★" * stars) for stars in range(BEST, 0, -1)), (FOLLOW_UP, _("follow-up"))]


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A rule, with boxes to tick."""

    stars = Choices(label=_("stars"), choices=STARS, coerce=int)
    feelings = Choices(label=_("feelings"), choices=FEELINGS)
    aspects = Choices(label=_("about"), choices=VoiceAspect.choices)

    class Meta:
        model = ReplyRule
        fields = (
            "name", "name_en", "code", "position", "is_active", "way", "needs_approval", "approvers", "stars",
            "feelings", "sure_from", "aspects", "least_length", "most_length", "categories", "sources",
        )  # fmt: skip


@admin.register(ReplyRule)
class ReplyRuleAdmin(Kept):
    """Who writes a reply, by what the review is."""

    form = RuleForm
    list_display = ("__str__", "way", "needs_approval", "position", "code", "is_active")
    list_filter = ("way", "is_active")
    search_fields = ("name", "name_en", "code")
    formfield_overrides = {models.ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "name_en"),
                    ("code", "position", "is_active"),
                    ("way", "needs_approval"),
                    "approvers",
                )
            },
        ),
        (
            _("Which reviews"),
            {
                "fields": (
                    ("stars", "feelings"),
                    "aspects",
                    ("sure_from", "least_length", "most_length"),
                    ("categories", "sources"),
                )
            },
        ),
    )


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A template that can be filled in."""

    class Meta:
        model = ReplyTemplate
        fields = ("code", "language", "feeling", "aspect", "text", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say what may be named."""
        super().__init__(*args, **kwargs)
        if "text" in self.fields:
            known = " · ".join(f"{{{{ {name} }}}} {meaning}" for name, meaning in texts.NAMES.items())
            self.fields["text"].help_text = known

    def clean_text(self) -> str:
        """Refuse a name that is on no list."""
        text: str = self.cleaned_data["text"]
        try:
            texts.check(text)
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error
        return text


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(Kept):
    """What replies begin with. Who changes one sees beside it what it says."""

    form = TemplateForm
    change_form_after_template = "feedback/admin/reply_preview.html"
    list_display = ("code", "language", "feeling", "aspect", "begins", "position", "is_active")
    list_filter = ("feeling", "aspect", "language", "is_active")
    search_fields = ("code", "text")

    class Media:
        css = {"all": ["feedback/triage.css"]}

    @admin.display(description=_("text"))
    def begins(self, template: ReplyTemplate) -> str:
        """The beginning."""
        return Truncator(template.text).chars(60)

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of what is being edited."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="feedback_reply_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the template on the page says, of what a review could speak of."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        post = request.POST
        text = post.get("text", "").replace("\0", "")[: trying.LONGEST]
        context: dict[str, Any] = {"text": text.strip()}
        aspect = post.get("aspect", "")
        try:
            rendered = trying.template(
                text,
                language=post.get("language", ""),
                aspect=aspect if aspect in VoiceAspect.values else "",
            )
            context |= {"shown": rendered.text, "missing": rendered.missing}
        except DomainError as error:
            context["error"] = str(error)
        return render(request, "feedback/admin/reply_previewed.html", context)


class TryForm(forms.Form):
    """A text that somebody could write."""

    text = forms.CharField(
        required=False,
        max_length=trying.LONGEST,
        label=_("A text to try the rules on"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    stars = forms.TypedChoiceField(coerce=int, choices=STARS, label=_("stars"), initial=5)
    category = forms.CharField(required=False, max_length=80, label=_("product category"))
    source = Place()


@require_GET
@needs(VIEW)
def rules(request: StaffRequest) -> HttpResponse:
    """The rules in their order, and what they would do with a text. Nothing is written."""
    form = TryForm(request.GET) if "stars" in request.GET else TryForm()
    tried, labels = None, []
    if form.is_bound and form.is_valid():
        content = form.cleaned_data
        tried = trying.rules_on(
            content["text"], stars=content["stars"], category=content["category"], source=content["source"]
        )
        labels = [LeftBecause(one).label for one in tried.because]
    named = places.names()
    context = {
        "form": form,
        "tried": tried,
        "way": ReplyWay(tried.way).label if tried else "",
        "because": labels,
        "feeling": Feeling(tried.facts.feeling).label if tried and tried.facts.feeling else "",
        "aspects": [VoiceAspect(one).label for one in tried.facts.aspects] if tried else [],
        "rows": [_row(one, named) for one in ReplyRule.objects.prefetch_related("approvers")],
        "may_edit": request.user.has_perm("feedback.change_replyrule"),
    }
    bad = form.is_bound and not form.is_valid()
    return page(request, "feedback/replies/rules.html", context, status=400 if bad else 200)


def _row(rule: ReplyRule, named: Mapping[str, str]) -> tuple[ReplyRule, list[str]]:
    """A rule with what it asks for, in words."""
    feelings, stars = dict(FEELINGS), dict(STARS)
    asks = [
        " / ".join(str(stars[one]) for one in sorted(rule.stars, reverse=True)),
        " / ".join(str(feelings[one]) for one in rule.feelings),
        " / ".join(str(VoiceAspect(one).label) for one in rule.aspects),
        _("sure from %(number)s") % {"number": rule.sure_from} if rule.sure_from else "",
        _("at least %(n)s characters") % {"n": rule.least_length} if rule.least_length is not None else "",
        _("at most %(n)s characters") % {"n": rule.most_length} if rule.most_length is not None else "",
        " / ".join(rule.categories),
        " / ".join(named.get(one, one) for one in rule.sources),
    ]
    return rule, [one for one in asks if one]


RULE_OF_REPLY_PAGES = [Page("replies/rules/", rules, "reply_rules")]
RULE_OF_REPLY_MENU = [
    MenuItem(_("Rules of replies"), "reply_rules", "rule_settings", (VIEW,), group="customers"),
]
