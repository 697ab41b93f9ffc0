"""Watched words: what was said of them lately, when they jumped, and the words themselves."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from unfold.admin import ModelAdmin

from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.fields import Words
from feedback.admin.listening import VIEW, row
from feedback.models import Feeling, WatchWord
from feedback.models.post_topic import LONGEST_TERM
from feedback.org import alerts
from feedback.posts import queries
from feedback.posts.watching import DAY, DAYS

WATCH = "feedback.view_watchword"
SHOWN = 50


class WatchWordForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A watched word, its ways of being written in one line."""

    words = Words(
        longest=LONGEST_TERM,
        label=_("words"),
        help_text=_("Any of them; separated by commas. Traditional characters and capitals are the same."),
    )

    class Meta:
        model = WatchWord
        fields = ("name", "sort", "words", "department", "least", "is_active")

    def clean_words(self) -> list[str]:
        """At least one."""
        words: list[str] = self.cleaned_data["words"]
        if not words:
            raise forms.ValidationError(_("Write a word that can stand in a text."))
        return words


@admin.register(WatchWord)
class WatchWordAdmin(ModelAdmin):
    """The words; what has been said of them stands on a page of its own."""

    form = WatchWordForm
    list_display = ("name", "sort", "department", "least", "is_active")
    list_filter = ("sort", "department", "is_active")
    list_select_related = ("department",)
    search_fields = ("name",)
    fieldsets = ((None, {"fields": (("name", "is_active"), "words", ("sort", "department"), "least")}),)

    def save_model(self, request: HttpRequest, obj: WatchWord, form: Any, change: bool) -> None:
        """Have the posts of the last weeks searched again where the words are others."""
        if {"words", "is_active"} & set(form.changed_data):
            obj.looked_up_to = 0
        super().save_model(request, obj, form, change)


@require_GET
@needs(WATCH)
def watched(request: StaffRequest) -> HttpResponse:
    """Every watched word with its day and its weeks, and the last jumps."""
    at = timezone.now()
    open_ = Q(hits__post__copy_of=None, hits__post__deleted_at=None, hits__post__written_at__lte=at)
    bad = open_ & Q(hits__post__triage__feeling=Feeling.NEGATIVE)
    day, weeks = Q(hits__post__written_at__gt=at - DAY), Q(hits__post__written_at__gt=at - DAYS * DAY)
    words = (
        WatchWord.objects.select_related("department")
        .annotate(
            said=Count("hits", filter=open_ & weeks),
            bad=Count("hits", filter=bad & weeks),
            bad_today=Count("hits", filter=bad & day),
        )
        .order_by("-bad_today", "-bad", "name")
    )
    running = {jump.watch_id for jump in queries.jumps().filter(ended_at=None)}
    context = {
        "words": [(one, one.pk in running) for one in words],
        "jumps": queries.jumps()[:SHOWN],
        "days": DAYS,
        "may_add": request.user.has_perm("feedback.add_watchword"),
        "may_change": request.user.has_perm("feedback.change_watchword"),
    }
    return page(request, "feedback/listening/watched.html", context, at=at)


@require_GET
@needs(VIEW)
def jump(request: StaffRequest, pk: int) -> HttpResponse:
    """A jump of a watched word, and the posts that it is made of, the worst first."""
    found = get_object_or_404(queries.jumps(), pk=pk)
    alerts.read(user=request.user, at=timezone.now(), jump_id=pk)
    until = found.ended_at or timezone.now()
    rows = queries.worked().filter(
        watched__watch=found.watch,
        triage__feeling=Feeling.NEGATIVE,
        written_at__gt=found.began_at - timedelta(days=1),
        written_at__lte=until,
    )
    shown = queries.worst_posts(queries.shown(rows))[:SHOWN]
    context = {"jump": found, "rows": [row(one, request) for one in shown]}
    return page(request, "feedback/listening/jump.html", context)


WATCH_PAGES = [
    Page("listening/watched/", watched, "watched"),
    Page("listening/jumps/<int:pk>/", jump, "watch_jump"),
]
