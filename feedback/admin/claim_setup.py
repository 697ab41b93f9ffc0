"""What claims are held against: product facts, the audit's words with their preview, expected quality."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from config.common.browsing import Browsed
from config.common.errors import DomainError
from feedback.claims import audit, auditing, facts
from feedback.gaps import quality
from feedback.models import AuditTerm, FactKind, FindingKind, ProductFact, QualityLevel

SHOWN = 30


@admin.register(FactKind)
class FactKindAdmin(ModelAdmin):
    """The kinds of facts that products have."""

    list_display = ("__str__", "code", "measure", "is_list_price", "position")
    search_fields = ("name", "name_en", "code")


@admin.register(QualityLevel)
class QualityLevelAdmin(ModelAdmin):
    """What quality members may expect. A change looks at every review again."""

    list_display = ("shown_category", "shown_dimension", "stars")

    @admin.display(description=_("product category"))
    def shown_category(self, level: QualityLevel) -> str:
        """Or all others."""
        return level.category or str(_("all others"))

    @admin.display(description=_("dimension"))
    def shown_dimension(self, level: QualityLevel) -> str:
        """Or the whole."""
        return level.dimension or str(_("the stars as a whole"))

    def save_model(self, request: HttpRequest, obj: QualityLevel, form: Any, change: bool) -> None:
        """Keep it, and compare anew."""
        super().save_model(request, obj, form, change)
        quality.compare_anew()

    def delete_model(self, request: HttpRequest, obj: QualityLevel) -> None:
        """Take it away, and compare anew."""
        super().delete_model(request, obj)
        quality.compare_anew()


class TermForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A word; where it is innocent, one a line."""

    allowed_in = forms.CharField(
        label=_("innocent in"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text=_("Longer words that hold it and mean no harm, one a line: 最近, 第一时间."),
    )

    class Meta:
        model = AuditTerm
        fields = ("kind", "term", "allowed_in", "source", "why", "suggestion", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the words by lines."""
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["allowed_in"] = "\n".join(self.instance.allowed_in)

    def clean_allowed_in(self) -> list[str]:
        """The words of the lines; each has to hold what it excuses."""
        words = [line.strip() for line in self.cleaned_data["allowed_in"].splitlines() if line.strip()]
        if any(len(word) > 40 for word in words):  # noqa: PLR2004 - the column's
            raise forms.ValidationError(_("Words of at most 40 characters."))
        return words


@admin.register(AuditTerm)
class AuditTermAdmin(ModelAdmin):
    """The words that claims should not hold."""

    form = TermForm
    list_display = ("term", "kind", "source", "suggestion", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("term", "why")
    change_form_after_template = "feedback/claims/term_preview.html"

    class Media:
        css = {"all": ["feedback/sop.css"]}

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of what a word would find."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="feedback_auditterm_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the word, as it stands in the form, would find in the newest claims, and no longer find."""
        if not request.user.has_perm("feedback.view_auditterm"):
            return HttpResponse(status=403)
        post = request.POST
        term = post.get("term", "").replace("\0", "").strip()[:40]
        kind = post.get("kind", "") if post.get("kind") in FindingKind.values else FindingKind.ABSOLUTE
        lines = post.get("allowed_in", "").replace("\0", "").splitlines()
        before = post.get("before", "").replace("\0", "")[:40]
        found = (
            auditing.preview(
                audit.Term(term, kind, tuple(line.strip() for line in lines if line.strip())),
                instead_of=before,
            )
            if term
            else None
        )
        rows = [
            (claim, audit.parts(one.excerpt, [])) for claim, one in (found.found[:SHOWN] if found else [])
        ]
        context = {"found": found, "rows": rows, "more": max(len(found.found) - SHOWN, 0) if found else 0}
        return render(request, "feedback/claims/term_found.html", context)

    def save_model(self, request: HttpRequest, obj: AuditTerm, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event, and audit all claims anew."""
        auditing.save_term(term=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def delete_model(self, request: HttpRequest, obj: AuditTerm) -> None:
        """Take it away, and audit anew."""
        super().delete_model(request, obj)
        auditing.audit_anew()


class FactForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A fact as people enter it."""

    class Meta:
        model = ProductFact
        fields = ("product", "kind", "text", "valid_from", "valid_to")

    def clean(self) -> dict[str, Any]:
        """Refuse what the command would refuse, where it can be read."""
        data = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                facts.check(self.content(data))
            except DomainError as error:
                self.add_error(None, str(error))
        return data

    def content(self, data: dict[str, Any]) -> facts.Content:
        """What is said."""
        return facts.Content(
            product_id=data["product"].pk,
            kind=data["kind"],
            text=data["text"],
            valid_from=data["valid_from"],
            valid_to=data["valid_to"],
        )

    def _get_validation_exclusions(self) -> set[str]:
        """Leave "one at a time" to the command, which makes room: it looks at the kind."""
        return {*super()._get_validation_exclusions(), "kind"}  # type: ignore[misc]  # unknown to the stubs


@admin.register(ProductFact)
class ProductFactAdmin(Browsed):
    """What is true of products, in versions. A new one ends the one before it."""

    form = FactForm
    list_display = ("product", "kind", "text", "valid_from", "valid_to", "made_at")
    list_filter = ("kind",)
    list_select_related = ("product", "kind")
    search_fields = ("=product__external_id",)
    search_help_text = _("the product's number in the shop")
    autocomplete_fields = ("product",)
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Those who may say what is true."""
        return request.user.has_perm("feedback.add_productfact")

    def save_model(self, request: HttpRequest, obj: ProductFact, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Say it, with its event."""
        row, _new = facts.put(content=form.content(form.cleaned_data), actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff
        obj.pk = row.pk
        obj.made_at = row.made_at
