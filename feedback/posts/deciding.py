"""What becomes of a suggestion or a topic: decided by people, kept, told to whoever suggested it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.notices.commands import Telling, notify_all
from config.common.errors import NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.models import Post, PostCluster, PostDecision, PostKind, PostState
from feedback.models.post_topic import ENDED, TOLD
from feedback.posts import placing, rules
from feedback.posts.rules import Said

COLUMNS = ["state", "reason", "answer", "decided_by", "decided_at"]
SAYS: dict[str, Promise] = {
    PostState.PLANNED: _("Your suggestion is planned"),
    PostState.DONE: _("Your suggestion has come true"),
    PostState.DECLINED: _("We do not follow your suggestion"),
    PostState.ANSWERED: _("We have answered your suggestion"),
}


def lock(post_id: int) -> Post:
    """Lock a post that is worked on.

    Raises:
        NotFound: there is none.
        WrongState: it was deleted, or is a copy of another one.
    """
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).select_related("member")
    post = rows.filter(pk=post_id).first()
    if post is None:
        raise NotFound
    if post.deleted_at is not None:
        raise WrongState(_("Whoever wrote it has deleted it."))
    if post.copy_of_id is not None:
        raise WrongState(_("It is a copy: work on its original."))
    return post


@transaction.atomic
def decide(
    *, post_id: int, state: str, reason: str = "", answer: str = "", actor: User, at: datetime
) -> Post:
    """Say what becomes of a post; a member who suggested it is told. The same again changes nothing.

    Raises:
        NotFound: there is no such post.
        Invalid: no such state, or a text that is missing or too long.
        WrongState: it was deleted, is a copy, or would be new again.
    """
    post = lock(post_id)
    said = rules.decision(state, reason, answer, is_told=post.is_suggestion)
    if not _is(post, said):
        _decide([post], said, actor=actor, at=at)
    return post


@transaction.atomic
def decide_cluster(
    *, cluster_id: int, state: str, reason: str = "", answer: str = "", actor: User, at: datetime
) -> PostCluster:
    """Say what becomes of a topic, and so of every suggestion in it that has not come to an end by itself.

    The same again changes nothing. What joins the topic later is decided by itself.

    Raises:
        NotFound: there is no such topic.
        Invalid: no such state, or a text that is missing or too long.
        WrongState: it went into another one, or would be new again.
    """
    placing.hold()
    cluster = PostCluster.objects.select_for_update(no_key=True, of=("self",)).filter(pk=cluster_id).first()
    if cluster is None:
        raise NotFound
    if cluster.merged_into_id is not None:
        raise WrongState(_("This topic went into another one."))
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).select_related("member").order_by("pk")
    posts = [
        post
        for post in rows.filter(cluster=cluster, kind=PostKind.SUGGESTION, copy_of=None, deleted_at=None)
        if post.state not in ENDED
    ]
    said = rules.decision(state, reason, answer, is_told=bool(posts))
    if _is(cluster, said):
        return cluster
    _set(cluster, said, actor=actor, at=at)
    cluster.save(update_fields=COLUMNS)
    made = PostDecision.objects.create(cluster=cluster, user=actor, at=at, **asdict(said))
    record("postcluster.decided", cluster, actor=actor, at=at, state=state, decision=made.pk)
    _decide(posts, said, of=made, actor=actor, at=at)
    return cluster


def _is(row: Post | PostCluster, said: Said) -> bool:
    return (row.state, row.reason, row.answer) == (said.state, said.reason, said.answer)


def _set(row: Post | PostCluster, said: Said, *, actor: User, at: datetime) -> None:
    row.state, row.reason, row.answer = said.state, said.reason, said.answer
    row.decided_by, row.decided_at = actor, at


def _decide(
    posts: Sequence[Post], said: Said, *, of: PostDecision | None = None, actor: User, at: datetime
) -> None:
    """Write what becomes of locked posts, with their events, and tell their members."""
    for post in posts:
        _set(post, said, actor=actor, at=at)
    Post.objects.bulk_update(posts, COLUMNS, batch_size=500)
    made = PostDecision.objects.bulk_create(
        PostDecision(post=post, of=of, user=actor, at=at, **asdict(said)) for post in posts
    )
    pairs = list(zip(posts, made, strict=True))
    for post, decision in pairs:
        record("post.decided", post, actor=actor, at=at, state=said.state, decision=decision.pk)
    if said.state in TOLD:
        notify_all([_telling(post, decision) for post, decision in pairs if post.is_suggestion], at=at)


def _telling(post: Post, decision: PostDecision) -> Telling:
    """What a member is told of a decision, in their language."""
    if post.member is None:
        raise ValueError("a suggestion is somebody's")
    with translation.override(post.member.language):
        return Telling(
            member=post.member,
            kind="post.decided",
            key=f"post.decided:{decision.pk}",
            title=str(SAYS[decision.state]),
            body=decision.answer or f"“{post.subject}”",
            path=f"/portal/suggestions/{post.pk}/",
        )
