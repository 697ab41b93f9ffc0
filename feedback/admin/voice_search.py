"""Searching all reviews: their words, what they are narrowed to, and the same as a file."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from compensation.models import Product
from config.common.asked import within_years
from config.common.errors import Invalid
from config.common.handing_out import answer, filters, offered
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS, Row, Table
from feedback.admin.access import needs
from feedback.admin.fields import Place
from feedback.models import Feeling, Review, ReviewStatus, VoiceAspect
from feedback.voice.search import LONGEST, how_many, is_answered, search
from feedback.voice.snippets import snippet
from feedback.voice.terms import ILL, NO, UNSURE, WELL, YES, Narrow

READS = "feedback.view_review"
SIZE = 20
AT_ONCE = 1_000
YES_NO = [("", gettext_lazy("all")), (YES, gettext_lazy("yes")), (NO, gettext_lazy("no"))]
HEAD = (
    gettext_lazy("written"), gettext_lazy("product"), gettext_lazy("written at"), gettext_lazy("stars"),
    gettext_lazy("title"), gettext_lazy("text"), gettext_lazy("feeling"), gettext_lazy("about"),
    gettext_lazy("status"), gettext_lazy("rewarded"), gettext_lazy("answered"),
)  # fmt: skip


class SearchForm(forms.Form):
    """What is looked for, and where."""

    q = forms.CharField(
        required=False, label=gettext_lazy("words"), widget=forms.TextInput(attrs={"type": "search"})
    )
    product = forms.CharField(
        required=False,
        max_length=64,
        label=gettext_lazy("product"),
        help_text=gettext_lazy("the shop's number"),
    )
    stars = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        label=gettext_lazy("stars"),
        choices=[
            *((str(stars), "★" * stars) for stars in (5, 4, 3, 2, 1)),
            ("0", gettext_lazy("follow-ups")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    aspect = forms.ChoiceField(
        required=False,
        label=gettext_lazy("about"),
        choices=[("", gettext_lazy("all")), *VoiceAspect.choices],
    )
    tone = forms.ChoiceField(
        required=False,
        label=gettext_lazy("spoken of"),
        choices=[
            ("", gettext_lazy("all")),
            (WELL, pgettext_lazy("tone", "well")),
            (ILL, pgettext_lazy("tone", "ill")),
        ],
    )
    feeling = forms.ChoiceField(
        required=False,
        label=gettext_lazy("feeling"),
        choices=[("", gettext_lazy("all")), *Feeling.choices, (UNSURE, gettext_lazy("not sure"))],
    )
    source = Place()
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("status"),
        choices=[("", gettext_lazy("all")), *ReviewStatus.choices],
    )
    picture = forms.ChoiceField(required=False, label=gettext_lazy("with picture"), choices=YES_NO)
    rewarded = forms.ChoiceField(required=False, label=gettext_lazy("rewarded"), choices=YES_NO)
    replied = forms.ChoiceField(required=False, label=gettext_lazy("answered"), choices=YES_NO)
    since = forms.DateField(
        required=False,
        label=gettext_lazy("from"),
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False,
        label=pgettext_lazy("day", "until"),
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def clean_q(self) -> str:
        """What is not too long."""
        return str(self.cleaned_data["q"])[:LONGEST]

    def clean_product(self) -> int | None:
        """The product that the number names."""
        number = self.cleaned_data["product"]
        if not number:
            return None
        found = Product.objects.filter(external_id=number).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError(_("There is no such product."))
        return found

    @property
    def narrow(self) -> Narrow:
        """What the list is narrowed to."""
        data = self.cleaned_data
        sure = {
            name: data[name] == "yes" if data[name] else None for name in ("picture", "rewarded", "replied")
        }
        plain = ("product", "stars", "aspect", "tone", "feeling", "source", "status", "since", "until")
        wanted: dict[str, Any] = {**{name: data[name] for name in plain}, **sure}
        return Narrow(**wanted)

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for less than everything."""
        return any(self.cleaned_data.values())


@require_GET
@needs(READS)
def reviews(request: StaffRequest) -> HttpResponse:
    """The newest reviews that fit."""
    at, form = timezone.now(), SearchForm(without_nul(request))
    context: dict[str, Any] = {"form": form, "formats": offered(request), "query": request.GET.urlencode()}
    if not form.is_valid():
        return page(request, "feedback/voice/search.html", context, at=at, status=400)
    try:
        found = search(form.cleaned_data["q"], form.narrow, after=request.GET.get("after", ""), size=SIZE)
    except Invalid as error:
        raise Http404 from error
    context |= {
        "found": found,
        "rows": [(row, snippet(f"{row.title} {row.text}", found.words)) for row in found.rows],
        "aspects": dict(VoiceAspect.choices),
    }
    template = (
        "feedback/voice/found.html"
        if request.htmx and request.GET.get("after")
        else "feedback/voice/search.html"
    )
    return page(request, template, context, at=at)


def without_nul(request: StaffRequest) -> Any:
    """What the address asks for, without what no database takes."""
    given = request.GET.copy()
    for name, values in given.lists():
        given.setlist(name, [value.replace("\0", "") for value in values])
    return given


@require_GET
@needs(READS)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The same as a file, in little memory, up to as many rows as a file holds."""
    form = SearchForm(without_nul(request))
    if not form.is_valid():
        raise Http404
    text, narrow = form.cleaned_data["q"], form.narrow
    number = how_many(text, narrow, most=MOST_ROWS + 1)
    table = Table("reviews", HEAD, number, lambda: _rows(text, narrow), filters(request))
    return answer(request, kind, table, back=reverse("admin:voice_search"))


def _rows(text: str, narrow: Narrow) -> Iterator[Row]:
    after: str | None = ""
    while after is not None:
        found = search(text, narrow, after=after, size=AT_ONCE)
        yield from map(_row, found.rows)
        after = found.after


def _row(review: Review) -> Row:
    triage = getattr(review, "triage", None)
    aspects = [str(VoiceAspect(one).label) for one in triage.aspects] if triage else []
    return [
        review.written_at,
        str(review.product or ""),
        review.source,
        review.stars,
        review.title,
        review.text,
        triage.get_feeling_display() if triage else "",
        ", ".join(aspects),
        review.get_status_display(),
        _("yes") if review.is_rewarded else _("no"),
        _("yes") if is_answered(review) else _("no"),
    ]


SEARCH_PAGES = [
    Page("reviews/search/", reviews, "voice_search"),
    Page("reviews/search/<slug:kind>/", export, "reviews_export"),
]
SEARCH_MENU = [
    MenuItem(gettext_lazy("Search reviews"), "voice_search", "manage_search", (READS,), group="customers")
]
