"""The moderators' queue: what speaks against a review, and what becomes of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound
from config.common.keyset import part
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.attachments.serving import respond
from feedback.models import ModerationReason, Review, ReviewAppeal, ReviewPicture
from feedback.moderation import commands, queries, words
from feedback.rewards import commands as rewards

MODERATES, READS = "feedback.moderate_review", "feedback.view_review"
PICKS = "feedback.add_reviewpick"
SIZE = 20
PERIODS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class Shown:
    """A review as a moderator looks at it, and the appeal about it if there is one."""

    review: Any
    signals: Sequence[tuple[str, int, str, list[tuple[int, int]]]]
    """Name, weight, evidence, and texts that are nearly the same."""
    appeal: ReviewAppeal | None = None


@require_GET
@needs(MODERATES)
def show(request: StaffRequest) -> HttpResponse:
    """What waits to be looked at, longest first; with `appeals`, what others refused."""
    return _render(request, appeals="appeals" in request.GET)


@require_POST
@needs(MODERATES)
def decide(request: StaffRequest, review_id: int) -> HttpResponse:
    """Publish or refuse. What cannot be done comes back with the reason and with what was typed."""
    try:
        commands.decide(review_id=review_id, actor=request.user, at=timezone.now(), **_given(request))
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _render(request, appeals=False, failed=review_id, error=error)
    _pick(request, review_id)
    messages.success(request, _("Decided; the member was told."))
    return redirect("admin:moderation")


@require_POST
@needs(MODERATES)
def second_look(request: StaffRequest, appeal_id: int) -> HttpResponse:
    """Decide about what somebody else refused."""
    try:
        given = _given(request)
        decided = commands.second_look(appeal_id=appeal_id, actor=request.user, at=timezone.now(), **given)
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _render(request, appeals=True, failed=appeal_id, error=error)
    _pick(request, decided.review_id)
    messages.success(request, _("Decided; the member was told."))
    return redirect("/admin/moderation/?appeals")


@require_GET
@needs(MODERATES)
def fairness(request: StaffRequest) -> HttpResponse:
    """Whether reviews with few stars are refused more often than those with many."""
    at = timezone.now()
    days = id_in(request.GET.get("days", "")) or PERIODS[0]
    if days not in PERIODS:
        raise Http404
    context = {"told": queries.fairness(at - timedelta(days=days), at), "days": days, "periods": PERIODS}
    return page(request, "feedback/moderation/fairness.html", context, at=at)


@require_GET
@needs(READS)
def picture(request: StaffRequest, picture_id: int) -> FileResponse:  # noqa: ARG001 - a view's signature
    """A picture of a review."""
    found = ReviewPicture.objects.filter(pk=picture_id).first()
    if found is None:
        raise Http404
    return respond(found)


def waiting(_user: User) -> QuerySet[Review]:
    """What waits for a moderator."""
    return queries.held()


def _pick(request: StaffRequest, review_id: int) -> None:
    """Say of what is published that it helps others, where that was ticked."""
    is_asked = request.POST.get("verdict") == "publish" and request.POST.get("pick") == "yes"
    if is_asked and request.user.has_perm(PICKS):
        with suppress(DomainError):  # gone in this very moment
            rewards.pick(review_id=review_id, actor=request.user, at=timezone.now())


def _given(request: StaffRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("verdict", "reason", "note")}


def _render(
    request: StaffRequest, *, appeals: bool, failed: int = 0, error: DomainError | None = None
) -> HttpResponse:
    after = request.GET.get("after", "")
    try:
        if appeals:
            asked = part(queries.appeals(request.user), "at", after=after, size=SIZE, newest_first=False)
            rows = [_shown(one.review, one) for one in asked.rows]
            more = asked.after
        else:
            held = part(queries.queue(), "written_at", after=after, size=SIZE, newest_first=False)
            rows, more = [_shown(one) for one in held.rows], held.after
    except Invalid as refusal:
        raise Http404 from refusal
    context = {
        "rows": rows,
        "after": more,
        "appeals": appeals,
        "reasons": ModerationReason.objects.filter(is_active=True),
        "failed": failed,
        "error": error,
        "typed": request.POST,
    }
    return page(request, "feedback/moderation/queue.html", context, status=error.status if error else 200)


def _shown(review: Review, appeal: ReviewAppeal | None = None) -> Shown:
    return Shown(review, words.lines(review.signals.all()), appeal)


MODERATION_PAGES = [
    Page("moderation/", show, "moderation"),
    Page("moderation/fairness/", fairness, "moderation_fairness"),
    Page("moderation/pictures/<int:picture_id>/", picture, "review_picture"),
    Page("moderation/appeals/<int:appeal_id>/", second_look, "moderation_appeal"),
    Page("moderation/<int:review_id>/", decide, "moderation_decide"),
]
MODERATION_MENU = [
    MenuItem(gettext_lazy("Moderation"), "moderation", "gavel", (MODERATES,), waiting, rank=9),
]
