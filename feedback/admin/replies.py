"""Replies to reviews: the queue by keyboard, one review with its reply, and what is to be posted by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
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
from feedback.admin.panels import Panel
from feedback.knowledge.tone import warnings
from feedback.models import (
    Case,
    LeftBecause,
    Reply,
    ReplyDecision,
    ReplyPost,
    ReplyState,
    Review,
    Triage,
    VoiceAspect,
)
from feedback.replies import automatic, commands, posting, queries
from feedback.replies.reading import spoken_in, with_all
from feedback.reviews import queries as reviews
from feedback.reviews.following import KEY, key_of

READS, WRITES = "feedback.view_reply", "feedback.add_reply"
SIZE = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A review with its reply, as a page shows it to somebody."""

    review: Any
    reply: Reply | None
    decision: ReplyDecision | None = None
    reading: Triage | None = None
    may_approve: bool = False
    text: str = ""
    """What stands in the box: what was typed, else what was written last."""
    error: str = ""
    posts: Sequence[ReplyPost] = ()
    promise: str = ""
    """How the promise of an answer stands, in words."""

    @property
    def because(self) -> list[str]:
        """Why it is not answered by itself, in words."""
        codes = self.decision.because if self.decision else ()
        return [str(LeftBecause(code).label) for code in codes]

    @property
    def aspects(self) -> list[str]:
        """What it speaks of."""
        return [str(VoiceAspect(one).label) for one in self.reading.aspects] if self.reading else []

    @property
    def is_open(self) -> bool:
        """Whether something is still to be made public."""
        return self.reply is None or self.reply.state in {ReplyState.DRAFT, ReplyState.WAITING}


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue."""

    code: str
    label: str | Promise
    rows: Callable[[User], QuerySet[Any]]
    sort: str


TABS = (
    Tab("drafts", gettext_lazy("To look at"), lambda _user: queries.to_look_at(), "drafted_at"),
    Tab("approve", gettext_lazy("To approve"), queries.to_approve, "drafted_at"),
    Tab("write", gettext_lazy("To write"), lambda _user: queries.to_write(), "at"),
    Tab("post", gettext_lazy("To post by hand"), lambda _user: queries.to_post(), "changed_at"),
    Tab("failed", gettext_lazy("Not posted"), lambda _user: queries.failed(), "changed_at"),
)
BY_CODE: Mapping[str, Tab] = {tab.code: tab for tab in TABS}


@require_GET
@needs(WRITES)
def queue(request: StaffRequest) -> HttpResponse:
    """What waits for people, longest first."""
    return _queue(request)


def _queue(request: StaffRequest, *, failed: int = 0, error: DomainError | None = None) -> HttpResponse:
    code = request.GET.get("tab") or request.POST.get("tab") or TABS[0].code
    if code not in BY_CODE:
        raise Http404
    tab = BY_CODE[code]
    try:
        found = part(
            tab.rows(request.user),
            tab.sort,
            after=request.GET.get("after", ""),
            size=SIZE,
            newest_first=False,
        )
    except Invalid as refusal:
        raise Http404 from refusal
    rows: list[Any] = list(found.rows)
    if code in {"drafts", "approve"}:
        rows = [_of_reply(row, request.user) for row in rows]
    elif code == "write":
        rows = [
            Shown(row.review, getattr(row.review, "reply", None), row, _reading(row.review)) for row in rows
        ]
    rows = _promised(rows)
    if failed:
        rows = [_typed(row, request, error) if _is_of(row, failed) else row for row in rows]
    context = {
        "tabs": TABS,
        "tab": code,
        "rows": rows,
        "after": found.after,
        "error": error,
        "limit": commands.LONGEST,
    }
    return page(request, "feedback/replies/queue.html", context, status=error.status if error else 200)


def _promised(rows: list[Any]) -> list[Any]:
    """The rows with how the promise of each answer stands. One query."""
    pks = [row.review.pk for row in rows if isinstance(row, Shown)]
    if not pks:
        return rows
    at = timezone.now()
    timed = reviews.with_promises(Review.objects.filter(pk__in=pks))
    told = {one.pk: reviews.say(one, at) for one in timed if getattr(one, "clock", None)}
    return [replace(row, promise=told.get(row.review.pk, "")) for row in rows]


def _is_of(row: Any, review_id: int) -> bool:
    return isinstance(row, Shown) and row.review.pk == review_id


def _typed(row: Shown, request: StaffRequest, error: DomainError | None) -> Shown:
    """A row with what was typed and why it was refused."""
    return replace(row, text=request.POST.get("text", row.text), error=str(error or ""))


def _of_reply(reply: Reply, user: User) -> Shown:
    review = reply.review
    return Shown(
        review,
        reply,
        getattr(review, "reply_decision", None),
        _reading(review),
        commands.may_approve(reply, user),
        reply.text,
        posts=list(reply.posts.all()),
    )


def _of_decision(decision: ReplyDecision) -> Shown:
    review = decision.review
    return Shown(review, getattr(review, "reply", None), decision, _reading(review))


def _reading(review: Review) -> Triage | None:
    reading: Triage | None = getattr(review, "triage", None)
    return reading


@require_GET
@needs(READS)
def one(request: StaffRequest, review_id: int) -> HttpResponse:
    """A review with its reply: what it says, said before, and where it stands."""
    return _one(request, review_id)


def _one(request: StaffRequest, review_id: int, error: DomainError | None = None) -> HttpResponse:
    review = get_object_or_404(
        reviews.with_promises(with_all(Review.objects.all())).prefetch_related("pictures"), pk=review_id
    )
    reply = queries.shown(Reply.objects.filter(review=review)).first()
    if reply is not None:
        row = _of_reply(reply, request.user)
    else:
        decision = ReplyDecision.objects.filter(review=review).first()
        row = Shown(review, None, decision, Triage.objects.filter(review=review).first())
    if error is not None:
        row = _typed(row, request, error)
    at = timezone.now()
    context = {
        "row": row,
        "review": review,
        "promise": reviews.say(review, at) if getattr(review, "clock", None) else "",
        "versions": list(queries.versions(reply)) if reply else [],
        "warnings": warnings(row.text, language=spoken_in(review)),
        "may_write": request.user.has_perm(WRITES),
        "case": Case.objects.filter(key=key_of(review.pk)).first(),
        "limit": commands.LONGEST,
        "error": error,
    }
    status = error.status if error else 200
    return page(request, "feedback/replies/one.html", context, at=at, status=status)


@require_POST
@needs(WRITES)
def act(request: StaffRequest, review_id: int) -> HttpResponse:
    """Do something about the reply of a review. What cannot be done comes back with what was typed."""
    try:
        said = _act(request, review_id)
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        if request.POST.get("back") == "queue":
            return _queue(request, failed=review_id, error=error)
        return _one(request, review_id, error)
    messages.success(request, said)
    return _back(request, review_id)


def _act(request: StaffRequest, review_id: int) -> str:
    post, actor, at = request.POST, request.user, timezone.now()
    move, text = post.get("do", ""), post.get("text", "")
    reply_id, version = id_in(post.get("reply")) or 0, id_in(post.get("version")) or 0
    if move == "draft":
        automatic.draft(review_id=review_id, actor=actor, at=at)
        return _("Drafted anew.")
    if move == "seen":
        commands.seen(review_id=review_id, actor=actor, at=at)
        return _("Nothing is to be written to this review.")
    if move == "write":
        reply = commands.write(review_id=review_id, text=text, actor=actor, at=at)
    elif move == "finish":
        reply = commands.finish(reply_id=reply_id, version=version, text=text, actor=actor, at=at)
    elif move == "save":
        commands.edit(reply_id=reply_id, version=version, text=text, actor=actor, at=at)
        return _("Saved.")
    elif move == "withdraw":
        commands.withdraw(reply_id=reply_id, version=version, actor=actor, at=at)
        return _("Withdrawn. It is taken down wherever it stands.")
    else:
        raise Invalid(_("Choose something."))
    if reply.state == ReplyState.APPROVED:
        return _("Approved. It goes to every place where the review stands.")
    return _("Somebody else is asked to approve it.")


def _back(request: StaffRequest, review_id: int) -> HttpResponse:
    if request.POST.get("back") == "queue":
        tab = request.POST.get("tab", "")
        return redirect(f"{reverse('admin:replies')}?tab={tab if tab in BY_CODE else TABS[0].code}")
    return redirect("admin:reply", review_id)


@require_POST
@needs(WRITES)
def post(request: StaffRequest, post_id: int) -> HttpResponse:
    """Tick off what was posted by hand, or have what failed tried again."""
    at = timezone.now()
    try:
        if request.POST.get("do") == "retry":
            done = posting.retry(post_id=post_id, actor=request.user, at=at)
            said = _("It is tried again.")
        else:
            turn = id_in(request.POST.get("turn")) or 0
            done = posting.tick(post_id=post_id, turn=turn, actor=request.user, at=at)
            said = _("Ticked off.")
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('admin:replies')}?tab=post")
    messages.success(request, said)
    return _back(request, done.reply.review_id)


def beside(request: StaffRequest, case: Case, _at: Any) -> Panel | None:
    """The public answer beside the case that a review became."""
    if not (case.key or "").startswith(KEY) or not request.user.has_perm(READS):
        return None
    review_id = id_in((case.key or "").removeprefix(KEY)) or 0
    review = Review.objects.select_related("reply").filter(pk=review_id).first()
    if review is None:
        return None
    context = {"review": review, "reply": getattr(review, "reply", None)}
    return Panel(gettext_lazy("Public answer"), "feedback/panels/reply.html", context)


def waiting(_user: User) -> QuerySet[Reply]:
    """What waits for people, for the menu."""
    return queries.to_look_at()


REPLY_PAGES = [
    Page("replies/", queue, "replies"),
    Page("replies/reviews/<int:review_id>/", one, "reply"),
    Page("replies/reviews/<int:review_id>/do/", act, "reply_act"),
    Page("replies/posts/<int:post_id>/", post, "reply_post"),
]
REPLY_MENU = [
    MenuItem(gettext_lazy("Replies"), "replies", "reply_all", (WRITES,), waiting, rank=11),
]
