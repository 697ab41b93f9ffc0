"""The listening desk: topics with the worst first, what is said in them, and what people make of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.models import Post, PostCluster, PostState
from feedback.posts import arranging, deciding, queries, working

VIEW, DECIDE, ARRANGE = "feedback.view_post", "feedback.decide_post", "feedback.arrange_postcluster"
SIZE, POSTS = 20, 30
TABS = ("", "growing", "ideas", "ended")
STATES = [one for one in PostState.choices if one[0] != PostState.NEW]


@dataclass(frozen=True, slots=True)
class Shown:
    """A topic with what is said in it."""

    topic: PostCluster
    quotes: Sequence[Post]

    @property
    def percent(self) -> int:
        """How many of a hundred posts are negative."""
        return round(100 * self.topic.negatives / self.topic.posts) if self.topic.posts else 0


@dataclass(frozen=True, slots=True)
class Row:
    """A post as a list shows it."""

    post: Post
    name: str


def row(post: Post, request: StaffRequest) -> Row:
    """A post with its author as far as this person may know."""
    return Row(post, queries.name_of(post, request.user))


@require_GET
@needs(VIEW)
def desk(request: StaffRequest) -> HttpResponse:
    """Topics, those with most negative posts first."""
    at, tab = timezone.now(), request.GET.get("tab", "")
    found = queries.topics()
    if tab == "growing":
        found = found.filter(has_grown=True)
    elif tab == "ideas":
        found = found.filter(suggestions__gte=1)
    if tab == "ended":
        found = found.exclude(state__in=queries.OPEN)
    elif tab in TABS:
        found = found.filter(queries.STANDING)
    else:
        raise Http404
    try:
        part = queries.worst_first(found, after=request.GET.get("after", ""), size=SIZE)
    except Invalid as error:
        raise Http404 from error
    said = queries.quotes(part.rows)
    context = {
        "rows": [Shown(one, said.get(one.pk, [])) for one in part.rows],
        "after": part.after,
        "tab": tab,
        "waiting": queries.to_answer()[:100].count(),
    }
    return page(request, "feedback/listening/desk.html", context, at=at)


@require_GET
@needs(VIEW)
def topic(request: StaffRequest, pk: int) -> HttpResponse:
    """A topic: what it amounts to, what is said in it, what became of it."""
    return show_topic(request, pk)


def show_topic(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    """The page of a topic, with a refusal where there is one; one that went into another leads there."""
    found = get_object_or_404(PostCluster.objects.defer("terms").select_related("decided_by"), pk=pk)
    if found.merged_into_id is not None and error is None:
        return redirect("admin:topic", found.merged_into_id)
    start = min(id_in(request.GET.get("from")) or 0, 10_000)
    said = queries.worst_posts(queries.shown(queries.worked().filter(cluster=found)))
    rows = list(said[start : start + POSTS + 1])
    user = request.user
    context = {
        "shown": Shown(found, []),
        "topic": found,
        "rows": [row(one, request) for one in rows[:POSTS]],
        "more": start + POSTS if len(rows) > POSTS else None,
        "others": queries.topics().exclude(pk=pk).order_by("-posts", "pk").values_list("pk", "name")[:50],
        "history": list(queries.history(found)[:20]),
        "states": STATES,
        "may_decide": user.has_perm(DECIDE),
        "may_arrange": user.has_perm(ARRANGE),
        "error": error,
        "typed": request.POST,
    }
    return page(request, "feedback/listening/topic.html", context, status=error.status if error else 200)


def perform(
    request: StaffRequest,
    needed: str,
    what: Callable[[], Any],
    back: Callable[[DomainError], HttpResponse],
    done: Callable[[Any], HttpResponse],
) -> HttpResponse:
    """Do one thing for somebody who may; what is refused comes back with the reason and what was typed."""
    if not request.user.has_perm(needed):
        raise PermissionDenied
    try:
        result = what()
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return back(error)
    messages.success(request, _("Done."))
    return done(result)


def chosen(request: StaffRequest) -> list[int]:
    """The posts that were ticked."""
    return [key for one in request.POST.getlist("post") if (key := id_in(one)) is not None]


@require_POST
@needs(DECIDE, ARRANGE)
def topic_act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Decide about a topic, name, merge or split it, or mark posts in it as read."""
    post, actor, at = request.POST, request.user, timezone.now()

    def there(found: PostCluster) -> HttpResponse:
        return redirect("admin:topic", found.pk)

    def here(_result: Any) -> HttpResponse:
        return redirect("admin:topic", pk)

    def decide() -> PostCluster:
        texts = {name: post.get(name, "") for name in ("state", "reason", "answer")}
        return deciding.decide_cluster(cluster_id=pk, actor=actor, at=at, **texts)

    def rename() -> PostCluster:
        return arranging.rename(cluster_id=pk, name=post.get("name", ""), actor=actor, at=at)

    def merge() -> PostCluster:
        into = id_in(post.get("into"))
        if into is None:
            raise Invalid(_("Choose a topic."))
        return arranging.merge(cluster_id=pk, into_id=into, actor=actor, at=at)

    def split() -> PostCluster:
        return arranging.split(
            cluster_id=pk, post_ids=chosen(request), name=post.get("name", ""), actor=actor, at=at
        )

    def read() -> int:
        keys = chosen(request) or queries.worked().filter(cluster=pk, read_at=None).values_list(
            "pk", flat=True
        )
        return working.mark_read(post_ids=keys, actor=actor, at=at)

    moves: dict[str, tuple[str, Callable[[], Any], Callable[[Any], HttpResponse]]] = {
        "decide": (DECIDE, decide, here),
        "rename": (ARRANGE, rename, here),
        "merge": (ARRANGE, merge, there),
        "split": (ARRANGE, split, there),
        "read": (DECIDE, read, here),
    }
    if name not in moves:
        raise Http404
    needed, what, done = moves[name]
    return perform(request, needed, what, lambda error: show_topic(request, pk, error=error), done)
