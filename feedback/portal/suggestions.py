"""The feedback box in the portal: suggesting, seeing what became of it, taking it back."""

from django import forms
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compensation.portal.base import MemberRequest, go, older, page, signed_in
from config.common.errors import DomainError, KeyReused, NotFound
from feedback.attachments.rules import BadFile
from feedback.attachments.serving import respond
from feedback.portal.forms import ManyFilesField, ManyFilesInput, OnceForm
from feedback.portal.views import another_time
from feedback.posts import own, rules, suggesting

TAKEN = {"multiple": True, "accept": "image/*,audio/*", "data-shows": "id_photos_chosen"}


class SuggestForm(OnceForm):
    """Words, pictures, a recording."""

    text = forms.CharField(
        label=_("What could be better?"),
        required=False,
        max_length=rules.SUGGESTION,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    photos = ManyFilesField(
        label=_("Photos or a recording"), required=False, widget=ManyFilesInput(attrs=TAKEN)
    )


@require_safe
@signed_in
def suggestions(request: MemberRequest) -> HttpResponse:
    """My suggestions, newest first."""
    rows, more = older(own.own(request.member), "written_at", request.GET.get("after", ""))
    return page(request, "portal/suggestions.html", {"suggestions": rows, "more": more})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def suggest(request: MemberRequest) -> HttpResponse:
    """Put something into the feedback box."""
    form = SuggestForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data
        try:
            post = suggesting.suggest(
                member=request.member,
                text=content["text"],
                uploads=content["photos"],
                key=str(content["key"]),
                at=timezone.now(),
            )
        except DomainError as error:
            _show(form, error)
        else:
            return go("suggestion", post.pk, said="suggested")
    return page(request, "portal/suggest.html", {"form": form}, status=400 if form.is_bound else 200)


def _show(form: SuggestForm, error: DomainError) -> None:
    """Put a refusal beside the field that it is about."""
    if isinstance(error, KeyReused):
        another_time(form)
    else:
        form.add_error("photos" if isinstance(error, BadFile) else "text", str(error))


@require_safe
@signed_in
def suggestion(request: MemberRequest, pk: int) -> HttpResponse:
    """One of my suggestions: what became of it."""
    return _one(request, pk)


def _one(request: MemberRequest, pk: int, refusal: str = "") -> HttpResponse:
    found = get_object_or_404(own.own(request.member), pk=pk)
    context = {"suggestion": found, "refusal": refusal}
    return page(request, "portal/suggestion.html", context, status=400 if refusal else 200)


@require_POST
@signed_in
def take_back(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a suggestion back."""
    try:
        suggesting.take_back(member=request.member, post_id=pk, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _one(request, pk, str(error))
    return go("suggestions", said="taken_back")


@require_safe
@signed_in
def file(request: MemberRequest, pk: int) -> FileResponse:
    """A file of my suggestion."""
    try:
        return respond(own.own_file(request.member, pk))
    except NotFound as error:
        raise Http404 from error
