"""Reviews in the portal: what to review, writing, mine, and what others think of a product."""

import secrets
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compensation.models import OrderLine, Product
from compensation.portal.base import PATH, MemberRequest, go, older, page, signed_in
from config.common.errors import DomainError, KeyReused, NotFound, WrongState
from feedback.attachments.rules import BadFile
from feedback.attachments.serving import respond
from feedback.models import ReviewVote
from feedback.moderation import commands as moderation
from feedback.portal.review_forms import AppealForm, FollowUpForm, ReviewForm, SayForm
from feedback.portal.views import another_time
from feedback.reviews import devices, figures, own, public, rules, writing
from feedback.rewards import queries as rewards
from feedback.rewards import telling
from feedback.voice.search import LONGEST, matching

DEVICE, YEAR = "device", 365 * 24 * 3600
MOST = 50


@require_safe
@signed_in
def reviews(request: MemberRequest) -> HttpResponse:
    """What can be reviewed now, and what was."""
    at, days = timezone.now(), own.setup().window_days
    lines = [
        {"line": line, "closes_at": rules.closes_at(line.received_at, days)}
        for line in own.to_review(request.member, at)[:MOST]
    ]
    mine, more = older(own.own(request.member), "written_at", request.GET.get("after", ""))
    return page(request, "portal/reviews.html", {"lines": lines, "reviews": mine, "more": more})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def write(request: MemberRequest, line_id: int) -> HttpResponse:
    """Write a review of something that arrived."""
    lines = own.with_receipt(OrderLine.objects.filter(order__member=request.member))
    line = get_object_or_404(lines.select_related("order", "product"), pk=line_id)
    dimensions = own.dimensions(line.product.category)
    form = ReviewForm(request.POST or None, request.FILES or None, dimensions=dimensions)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data
        try:
            written = writing.write(
                member=request.member,
                line_id=line.pk,
                stars=int(content["stars"]),
                scores=form.scores,
                text=content["text"],
                photos=content["photos"],
                video_url=content["video_url"],
                device=_device(request),
                key=str(content["key"]),
                at=timezone.now(),
            )
        except WrongState as error:
            refusal = str(error)
        except DomainError as error:
            _show(form, error)
        else:
            said = "reviewed" if written.is_public else "held"
            return go("review", written.pk, said=said)
    is_open = own.to_review(request.member, timezone.now()).filter(pk=line.pk).exists()
    context = {
        "form": form,
        "line": line,
        "refusal": refusal,
        "is_open": is_open,
        "offers": telling.offers(timezone.now()),
    }
    response = page(request, "portal/review_new.html", context, status=400 if form.is_bound else 200)
    return _marked(request, response)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def review(request: MemberRequest, pk: int) -> HttpResponse:
    """One of my reviews: what became of it, and saying more about it."""
    at = timezone.now()
    found = get_object_or_404(own.own(request.member), pk=pk)
    form = FollowUpForm(request.POST or None, request.FILES or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data
        try:
            written = writing.follow_up(
                member=request.member,
                review_id=pk,
                text=content["text"],
                photos=content["photos"],
                video_url=content["video_url"],
                device=_device(request),
                key=str(content["key"]),
                at=at,
            )
        except WrongState as error:
            refusal = str(error)
        except DomainError as error:
            _show(form, error)
        else:
            return go("review", pk, said="reviewed" if written.is_public else "held")
    return _review(request, found, form, refusal)


def _review(request: MemberRequest, found: Any, form: FollowUpForm, refusal: str = "") -> HttpResponse:
    follow_ups = list(found.follow_ups.all())
    context = {
        "review": found,
        "follow_ups": follow_ups,
        "actions": own.actions(found, timezone.now(), follow_ups, own.setup()),
        "form": form,
        "appeal": AppealForm(),
        "refusal": refusal,
        "earned": rewards.of_reviews([found, *follow_ups]),
    }
    refused = bool(refusal) or form.is_bound
    response = page(request, "portal/review.html", context, status=400 if refused else 200)
    return _marked(request, response)


@require_POST
@signed_in
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a review back."""
    return _do(request, pk, lambda: writing.delete(member=request.member, review_id=pk, at=timezone.now()))


@require_POST
@signed_in
def appeal(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask for a second look at a review, or at what follows it."""
    form = AppealForm(request.POST)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    return _do(
        request,
        pk,
        lambda: moderation.appeal(review_id=pk, text=text, actor=request.member, at=timezone.now()),
        said="appealed",
    )


def _do(request: MemberRequest, pk: int, perform: Any, said: str = "deleted") -> HttpResponse:
    """Do something with a review, and show the page of the first one that it belongs to."""
    mine = own.every(request.member).filter(pk=pk).values_list("follows", flat=True)
    first = get_object_or_404(own.own(request.member), pk=mine.first() or pk)
    try:
        perform()
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _review(request, first, FollowUpForm(), str(error))
    return go("review", first.pk, said=said)


@require_safe
@signed_in
def product(request: MemberRequest, pk: int) -> HttpResponse:
    """What members think of a product."""
    found = get_object_or_404(Product, pk=pk)
    words = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    wanted = public.of_product(pk)
    if words:
        wanted = wanted.filter(pk__in=matching(pk, words))
    rows, more = older(wanted, "written_at", request.GET.get("after", ""))
    voted = ReviewVote.objects.filter(member=request.member, review__in=[row.pk for row in rows])
    context = {
        "product": found,
        "figures": figures.of_product(pk),
        "reviews": [{"row": row, "name": rules.shown_name(row.member.name)} for row in rows],
        "voted": set(voted.values_list("review", flat=True)),
        "more": more,
        "words": words,
    }
    return page(request, "portal/product_reviews.html", context)


@require_POST
@signed_in
def helpful(request: MemberRequest, pk: int) -> HttpResponse:
    """A review helped, or no longer does."""
    try:
        found = writing.vote(
            member=request.member,
            review_id=pk,
            helpful=request.POST.get("helpful") != "no",
            at=timezone.now(),
        )
    except DomainError as error:
        raise Http404 from error
    if found.product_id is None:
        return go("reviews")
    return go("product-reviews", found.product_id, said="voted")


@require_safe
@signed_in
def picture(request: MemberRequest, pk: int) -> FileResponse:
    """A picture of a review that everybody may read, or of mine."""
    try:
        return respond(own.own_picture(request.member, pk))
    except NotFound as error:
        raise Http404 from error


def _show(form: SayForm, error: DomainError) -> None:
    """Put a refusal beside the field that it is about."""
    field = str(error.details.get("field") or "")
    if isinstance(error, KeyReused):
        another_time(form)
    elif isinstance(error, BadFile):
        form.add_error("photos", str(error))
    else:
        form.add_error(field if field in form.fields else None, str(error))


def _device(request: MemberRequest) -> str:
    return devices.digest(request.get_signed_cookie(DEVICE, default="", salt=DEVICE) or "")


def _marked(request: MemberRequest, response: HttpResponse) -> HttpResponse:
    """Let a browser that writes reviews be known again as the same, by a number that says nothing."""
    if not request.get_signed_cookie(DEVICE, default="", salt=DEVICE):
        response.set_signed_cookie(
            DEVICE,
            secrets.token_hex(16),
            salt=DEVICE,
            max_age=YEAR,
            path=PATH,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response
