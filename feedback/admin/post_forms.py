"""What a list of posts is narrowed to."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from feedback.admin.fields import Place
from feedback.models import Feeling, Post, PostKind, PostState, VoiceAspect

ANY = ("", _("all"))


class PostFilterForm(forms.Form):
    """By words in it, what it is, how it is meant, and what became of it."""

    q = forms.CharField(required=False, max_length=60, label=_("words in it"))
    kind = forms.ChoiceField(required=False, label=_("kind"), choices=[ANY, *PostKind.choices])
    source = Place()
    feeling = forms.ChoiceField(required=False, label=_("feeling"), choices=[ANY, *Feeling.choices])
    aspect = forms.ChoiceField(required=False, label=_("about"), choices=[ANY, *VoiceAspect.choices])
    state = forms.ChoiceField(required=False, label=_("state"), choices=[ANY, *PostState.choices])
    unread = forms.BooleanField(required=False, label=_("unread only"))

    def narrow(self, rows: QuerySet[Post]) -> QuerySet[Post]:
        """The posts that are asked for."""
        asked: dict[str, Any] = self.cleaned_data
        for name, lookup in (
            ("kind", "kind"), ("source", "source"), ("feeling", "triage__feeling"), ("state", "state"),
            ("q", "text__icontains"),
        ):  # fmt: skip
            if asked[name]:
                rows = rows.filter(**{lookup: asked[name]})
        if asked["aspect"]:
            rows = rows.filter(triage__aspects__contains=[asked["aspect"]])
        return rows.filter(read_at=None) if asked["unread"] else rows
