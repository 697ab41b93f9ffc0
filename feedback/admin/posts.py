"""Posts: the feedback box, everything that came in, and one of them with what can be made of it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
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
from config.common.sheets import MOST_ROWS, Table
from feedback.admin import listening, watching
from feedback.admin.access import needs
from feedback.admin.files import answer, filters, offered
from feedback.admin.listening import ARRANGE, DECIDE, STATES, VIEW, chosen, perform, row
from feedback.admin.post_forms import PostFilterForm
from feedback.attachments.serving import respond
from feedback.cases.queries import WORK, visible_to
from feedback.models import Post, PostFile, VoiceAspect
from feedback.posts import arranging, deciding, queries, working

SIZE = 40
HEAD = (
    gettext_lazy("kind"), gettext_lazy("written at"), gettext_lazy("address"),
    gettext_lazy("name over there"), gettext_lazy("written"), gettext_lazy("title"), gettext_lazy("text"),
    gettext_lazy("feeling"), gettext_lazy("about"), gettext_lazy("likes"), gettext_lazy("comments"),
    gettext_lazy("shares"), gettext_lazy("reads"), gettext_lazy("copies"), gettext_lazy("reach"),
    gettext_lazy("product"), gettext_lazy("topic"), gettext_lazy("state"),
)  # fmt: skip


@require_GET
@needs(VIEW)
def suggestions(request: StaffRequest) -> HttpResponse:
    """The feedback box: what nobody has planned or ended, the longest waiting first."""
    return _list(request, queries.to_answer(), newest_first=False, template="feedback/listening/box.html")


@require_GET
@needs(VIEW)
def posts(request: StaffRequest) -> HttpResponse:
    """Everything that is worked on, the newest first."""
    return _list(request, queries.worked(), newest_first=True, template="feedback/listening/posts.html")


def _list(request: StaffRequest, rows: QuerySet[Post], *, newest_first: bool, template: str) -> HttpResponse:
    form = PostFilterForm(request.GET)
    context: dict[str, Any] = {"form": form, "may_decide": request.user.has_perm(DECIDE), "rows": []}
    if not form.is_valid():
        return page(request, template, context, status=400)
    try:
        found = part(
            queries.shown(form.narrow(rows)),
            "written_at",
            after=request.GET.get("after", ""),
            size=SIZE,
            newest_first=newest_first,
        )
    except Invalid as error:
        raise Http404 from error
    context |= {
        "rows": [row(one, request) for one in found.rows],
        "after": found.after,
        "exports": offered(request),
        "waiting": queries.to_answer()[:100].count(),
    }
    return page(request, template, context)


@require_GET
@needs(VIEW)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The list of posts as a file, narrowed down as on the page."""
    form = PostFilterForm(request.GET)
    if not form.is_valid():
        raise Http404
    found = queries.shown(form.narrow(queries.worked())).prefetch_related(None).order_by("-written_at", "-pk")
    number = found[: MOST_ROWS + 1].count()
    table = Table("posts", HEAD, number, lambda: _cells(found, request.user), filters(request))
    return answer(request, kind, table, back=reverse("admin:posts"))


def _cells(found: QuerySet[Post], user: User) -> Iterator[list[object]]:
    for one in found.iterator(chunk_size=1_000):
        triage = getattr(one, "triage", None)
        feeling = triage.get_feeling_display() if triage else ""
        aspects = ", ".join(str(VoiceAspect(one).label) for one in triage.aspects) if triage else ""
        yield [
            one.get_kind_display(), one.source, one.url, queries.name_of(one, user), one.written_at,
            one.title, one.text, feeling, aspects, one.likes, one.comments, one.shares, one.reads,
            one.copies, one.reach, one.product or "", one.cluster or "", one.get_state_display(),
        ]  # fmt: skip


@require_POST
@needs(DECIDE)
def read(request: StaffRequest) -> HttpResponse:
    """Mark the posts that were ticked as read."""
    back = "admin:suggestions" if request.POST.get("back") == "suggestions" else "admin:posts"
    return perform(
        request,
        DECIDE,
        lambda: working.mark_read(post_ids=chosen(request), actor=request.user, at=timezone.now()),
        lambda _error: redirect(back),
        lambda _result: redirect(back),
    )


@require_GET
@needs(VIEW)
def post_page(request: StaffRequest, pk: int) -> HttpResponse:
    """A post whole: what it says, how it was read, what became of it, what can be made of it."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    found = get_object_or_404(
        queries.shown(Post.objects.all()).select_related("copy_of", "decided_by"), pk=pk
    )
    user = request.user
    context = {
        "row": row(found, request),
        "post": found,
        "triage": getattr(found, "triage", None),
        "sees_case": found.case_id is not None and visible_to(user).filter(pk=found.case_id).exists(),
        "reposts": found.reposts.filter(deleted_at=None).order_by("-written_at")[:20],
        "topics": queries.topics().order_by("-posts", "pk").values_list("pk", "name")[:50],
        "history": list(queries.history(found)[:20]),
        "states": STATES,
        "is_worked": found.copy_of_id is None and found.deleted_at is None,
        "may_decide": user.has_perm(DECIDE),
        "may_case": user.has_perms([DECIDE, WORK]),
        "may_arrange": user.has_perm(ARRANGE),
        "error": error,
        "typed": request.POST,
    }
    return page(request, "feedback/listening/post.html", context, status=error.status if error else 200)


@require_POST
@needs(DECIDE, ARRANGE)
def post_act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Decide about a post, make a case of it or tie it to one, say its product or topic, mark it as read."""
    given, user, at = request.POST, request.user, timezone.now()

    def decide() -> Post:
        texts = {name: given.get(name, "") for name in ("state", "reason", "answer")}
        return deciding.decide(post_id=pk, actor=user, at=at, **texts)

    def link() -> Any:
        get_object_or_404(Post, pk=pk)
        try:
            return working.link_case(post_id=pk, number=given.get("number", ""), actor=user, at=at)
        except NotFound as error:  # the case: what was typed is mended on the page
            raise Invalid(str(error)) from error

    def move() -> Post:
        into = id_in(given.get("topic"))
        if into is None:
            raise Invalid(_("Choose a topic."))
        return arranging.move(post_id=pk, cluster_id=into, actor=user, at=at)

    moves: dict[str, tuple[str, Any]] = {
        "decide": (DECIDE, decide),
        "read": (DECIDE, lambda: working.mark_read(post_ids=[pk], actor=user, at=at)),
        "case": (WORK, lambda: working.to_case(post_id=pk, actor=user, at=at)),
        "link": (WORK, link),
        "product": (
            DECIDE,
            lambda: working.set_product(post_id=pk, number=given.get("product", ""), actor=user, at=at),
        ),
        "topic": (ARRANGE, move),
    }
    if name not in moves or (name in {"case", "link"} and not user.has_perm(DECIDE)):
        raise Http404
    needed, what = moves[name]

    def done(result: Any) -> HttpResponse:
        return redirect("admin:case", result.pk) if name == "case" else redirect("admin:post", pk)

    return perform(request, needed, what, lambda error: _show(request, pk, error=error), done)


@require_GET
@needs(VIEW)
def file(request: StaffRequest, pk: int) -> FileResponse:  # noqa: ARG001 - a view's signature
    """A picture or the recording of a suggestion."""
    return respond(get_object_or_404(PostFile, pk=pk))


LISTENING_PAGES = [
    Page("listening/", listening.desk, "listening"),
    Page("listening/suggestions/", suggestions, "suggestions"),
    Page("listening/posts/", posts, "posts"),
    Page("listening/posts/read/", read, "posts_read"),
    Page("listening/posts/export/<slug:kind>/", export, "posts_export"),
    Page("listening/posts/<int:pk>/", post_page, "post"),
    Page("listening/posts/<int:pk>/<slug:name>/", post_act, "post_act"),
    Page("listening/files/<int:pk>/", file, "post_file"),
    Page("listening/topics/<int:pk>/", listening.topic, "topic"),
    Page("listening/topics/<int:pk>/<slug:name>/", listening.topic_act, "topic_act"),
    *watching.WATCH_PAGES,
]
LISTENING_MENU = [
    MenuItem(gettext_lazy("Listening"), "listening", "hearing", (VIEW,), group="customers"),
    MenuItem(
        gettext_lazy("Feedback box"),
        "suggestions",
        "lightbulb",
        (VIEW,),
        queries.to_answer,
        group="customers",
    ),
    MenuItem(
        gettext_lazy("Watched words"),
        "watched",
        "notifications",
        ("feedback.view_watchword",),
        group="customers",
    ),
]
