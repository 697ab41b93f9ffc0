"""Writing knowledge: articles in both languages with preview and history, and when they answer alone."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.screens import StaffRequest
from feedback.knowledge import commands
from feedback.knowledge.markup import to_html
from feedback.models import (
    AnswerGiven,
    AnsweringRule,
    Article,
    ArticleStatus,
    ArticleText,
    ArticleVersion,
    Language,
    Topic,
)


@admin.register(Topic)
class TopicAdmin(ModelAdmin):
    """What articles are sorted by."""

    list_display = ("__str__", "code", "position")
    search_fields = ("name", "name_en", "code")


class TextInline(StackedInline):
    """An article in each language."""

    model = ArticleText
    extra = 0
    min_num = 1
    max_num = len(Language.values)
    fields = ("language", "title", "questions", "body")

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: an article is retired, its versions stay."""
        return False


class VersionInline(TabularInline):
    """What was published, when and by whom."""

    model = ArticleVersion
    extra = 0
    can_delete = False
    fields = readonly_fields = ("language", "number", "title", "body", "published_at", "published_by")
    ordering = ("-published_at", "language")
    tab = True

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never by hand."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: it is history."""
        return False

    def has_view_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        """Whoever may look at the article."""
        return request.user.has_perm("feedback.view_article")


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """An article, put in force when one says so."""

    publish = forms.BooleanField(
        label=_("Put in force when saved"),
        required=False,
        help_text=_(
            "Otherwise what you write is kept as a draft; members go on reading the version in force."
        ),
    )

    class Meta:
        model = Article
        fields = ("code", "topic", "audience", "position", "may_answer")


@admin.register(Article)
class ArticleAdmin(ModelAdmin):
    """The articles of the knowledge base."""

    form = ArticleForm
    change_form_after_template = "feedback/admin/article_preview.html"
    list_display = ("title", "code", "topic", "audience", "status", "may_answer", "unpublished")
    list_filter = ("status", "audience", "topic")
    list_select_related = ("topic",)
    search_fields = ("code", "texts__title", "texts__questions")
    inlines = (TextInline, VersionInline)
    actions = ("publish_selected", "retire_selected")
    fieldsets = ((None, {"fields": ("publish", ("code", "topic"), ("audience", "position"), "may_answer")}),)

    class Media:
        css = {"all": ["feedback/sop.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Fetch the texts that are shown."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related("texts__in_force")

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of what is being written."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="feedback_article_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show the texts on the page as members would read them, without saving them."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        texts = []
        for number in range(len(Language.values)):
            title = request.POST.get(f"texts-{number}-title", "")
            body = request.POST.get(f"texts-{number}-body", "")[: commands.LONGEST_BODY]
            if title or body:
                language = request.POST.get(f"texts-{number}-language", "")
                texts.append({"title": title, "body": to_html(body), "language": language})
        return render(request, "feedback/admin/article_texts.html", {"texts": texts})

    def save_related(self, request: StaffRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put what was saved in force, in the same transaction, if that was asked for."""
        super().save_related(request, form, formsets, change)
        if not form.cleaned_data.get("publish"):
            return
        try:
            commands.publish(article_id=form.instance.pk, actor=request.user, at=timezone.now())
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("In force: it is found from now on."))

    @admin.action(permissions=["change"], description=_("Put the selected articles in force"))
    def publish_selected(self, request: StaffRequest, queryset: QuerySet[Article]) -> None:
        """Publish each; what is refused says why."""
        self._each(request, queryset, commands.publish)

    @admin.action(permissions=["change"], description=_("Take the selected articles out of use"))
    def retire_selected(self, request: StaffRequest, queryset: QuerySet[Article]) -> None:
        """Retire each; what is refused says why."""
        self._each(request, queryset, commands.retire)

    def _each(self, request: StaffRequest, queryset: QuerySet[Article], command: Any) -> None:
        for article in queryset.order_by("pk"):
            try:
                command(article_id=article.pk, actor=request.user, at=timezone.now())
            except DomainError as error:
                self.message_user(request, f"{article}: {error}", messages.WARNING)

    @admin.display(description=_("title"))
    def title(self, article: Article) -> str:
        """In Chinese where there is Chinese."""
        return next((text.title for text in article.texts.all()), article.code)

    @admin.display(description=_("unpublished changes"), boolean=True)
    def unpublished(self, article: Article) -> bool:
        """Whether what is written differs from what is in force."""
        if article.status != ArticleStatus.PUBLISHED:
            return True
        return any(
            text.in_force is None
            or (text.title, text.questions, text.body)
            != (text.in_force.title, text.in_force.questions, text.in_force.body)
            for text in article.texts.all()
        )

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: it is retired."""
        return False


@admin.register(AnsweringRule)
class AnsweringRuleAdmin(ModelAdmin):
    """When we are sure enough to answer without a person."""

    list_display = ("__str__", "is_active", "confidence", "margin")
    fields = ("is_active", "confidence", "margin")

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: there is one."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: there is one."""
        return False

    def save_model(self, request: StaffRequest, obj: AnsweringRule, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_rule(rule=obj, actor=request.user, at=timezone.now())


@admin.register(AnswerGiven)
class AnswerGivenAdmin(Browsed):
    """What was answered without a person, and what the member said to it."""

    list_display = ["given_at", "question", "version", "confidence", "channel", "outcome"]
    list_filter = ["outcome", "channel"]
    list_select_related = ["version"]
    ordering = ["-given_at", "-pk"]
    fields = ["given_at", "question", "version", "confidence", "channel", "outcome", "outcome_at"]
    readonly_fields = fields
