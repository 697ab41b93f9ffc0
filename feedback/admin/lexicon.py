"""The lexicon of triage, edited with a live preview, and the setup of its learning."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from feedback.models import Feeling, GapCause, GapKind, LexiconEntry, Priority, TriageSetup, VoiceAspect
from feedback.models.triage import LONGEST_WORD
from feedback.triage.lexicon import Told, Word, folded, word_of
from feedback.triage.queries import recent_texts
from feedback.triage.trying import effect, feeling, pieces, with_word

LONGEST_TRIED = 2_000


class LexiconForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A word, kept as texts are compared."""

    class Meta:
        model = LexiconEntry
        fields = ("word", "role", "aspect", "weight", "gap_kind", "cause", "urgency", "is_active")

    def clean_word(self) -> str:
        """Write it as texts are compared, which may make it another that is there."""
        word = " ".join(folded(self.cleaned_data["word"]).split())
        if not word or len(word) > LONGEST_WORD:
            raise forms.ValidationError(_("Write a word that can stand in a text."))
        if LexiconEntry.objects.filter(word=word).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("This word is in the lexicon."))
        return word


@admin.register(LexiconEntry)
class LexiconAdmin(ModelAdmin):
    """The words. Who changes one sees beside it what that does to texts."""

    form = LexiconForm
    change_form_after_template = "feedback/admin/lexicon_preview.html"
    list_display = ("word", "role", "aspect", "weight", "gap_kind", "cause", "urgency", "is_active")
    list_filter = ("role", "aspect", "weight", "gap_kind", "cause", "urgency", "is_active")
    search_fields = ("word",)
    ordering = ("word",)
    list_per_page = 50
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("word", "is_active"), ("role", "weight"), ("aspect", "urgency"), ("gap_kind", "cause"),
                )
            },
        ),
    )  # fmt: skip

    class Media:
        css = {"all": ["feedback/triage.css"]}

    def get_urls(self) -> list[URLPattern]:
        """Add the preview of what is being edited."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="feedback_lexicon_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what the words on the page make of a text, and of what members wrote lately."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        saved = [word_of(one) for one in LexiconEntry.objects.filter(is_active=True)]
        was = request.POST.get("was", "").replace("\0", "")
        form = LexiconForm(request.POST, instance=LexiconEntry.objects.filter(word=was).first())
        form.is_valid()  # what cannot be is left out below
        word = _word(form.cleaned_data)
        before, after = with_word(saved, None), with_word(saved, word, instead_of=was)
        text = request.POST.get("tried", "").replace("\0", "")[:LONGEST_TRIED]
        old, new = before.read(text), after.read(text)
        found = effect(recent_texts(), before, after)
        context = {
            "tried": text.strip(),
            "old": _says(old),
            "new": _says(new),
            "is_changed": _says(old) != _says(new),
            "pieces": pieces(new),
            "effect": found,
            "effects": [(pieces(one.after), _says(one.before), _says(one.after)) for one in found.shown],
        }
        return render(request, "feedback/admin/lexicon_effect.html", context)


def _says(told: Told) -> dict[str, Any]:
    """What the lexicon makes of a text, in words."""
    meant = feeling(told)
    return {
        "feeling": Feeling(meant).label if meant else _("not sure"),
        "score": round(told.sentiment, 2),
        "aspects": [VoiceAspect(one).label for one in told.aspects],
        "gap_kind": GapKind(told.gap_kind).label if told.gap_kind else "",
        "cause": GapCause(told.cause).label if told.cause else "",
        "urgency": Priority(told.urgency).label if told.urgency != Priority.NORMAL else "",
    }


def _word(data: dict[str, Any]) -> Word | None:
    """The word as the page has it; none while it is incomplete or out of use."""
    word = folded(str(data.get("word") or "")).strip()
    if not word or not data.get("is_active"):
        return None
    return Word(
        word=word,
        role=data.get("role") or "says",
        aspect=data.get("aspect") or "",
        weight=data.get("weight") or 0,
        gap_kind=data.get("gap_kind") or "",
        cause=data.get("cause") or "",
        urgency=data.get("urgency"),
    )


@admin.register(TriageSetup)
class TriageSetupAdmin(ModelAdmin):
    """How triage learns: one row, which stays."""

    list_display = ("__str__", "trains_nightly", "least_each", "sure_accuracy", "correction_weight")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        """There is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """And it stays."""
        return False
