"""What people do to topics: name, merge, split, put a post elsewhere. Later posts go by it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.models import Post, PostCluster, PostState, PostTerm
from feedback.posts import placing, topics
from feedback.posts.topics import Topics

NAME = 120
MOST = 500


@transaction.atomic
def rename(*, cluster_id: int, name: str, actor: User, at: datetime) -> PostCluster:
    """Give a topic a name, which its words do not change any more. The same again changes nothing.

    Raises:
        NotFound: there is no such topic.
        Invalid: no name, or one that is too long.
        WrongState: it went into another one.
    """
    name = _name(name)
    held = placing.hold()
    (cluster,) = _lock([cluster_id])
    if cluster.is_named and cluster.name == name:
        return cluster
    was, cluster.name, cluster.is_named = cluster.name, name, True
    cluster.save(update_fields=["name", "is_named"])
    placing.changed(held)
    record("postcluster.renamed", cluster, actor=actor, at=at, was=was, now=name)
    return cluster


@transaction.atomic
def merge(*, cluster_id: int, into_id: int, actor: User | None, at: datetime) -> PostCluster:
    """Let a topic go into another one, with its posts; what is like it goes there from now on.

    What was decided about it stays on record. Gives the one that goes on.

    Raises:
        NotFound: there is no such topic.
        Invalid: it is the same one.
        WrongState: one of them went into another one.
    """
    if cluster_id == into_id:
        raise Invalid(_("That is the same topic."))
    held = placing.hold()
    one, into = _lock([cluster_id, into_id])
    PostCluster.objects.filter(merged_into=one).update(merged_into=into)
    one.merged_into = into
    one.save(update_fields=["merged_into"])
    into.is_kept = into.is_kept or actor is not None
    into.save(update_fields=["is_kept"])
    moved = Post.objects.filter(cluster=one).update(cluster=into)
    placing.changed(held)
    record("postcluster.merged", one, actor=actor, at=at, into=into.pk, posts=moved)
    record("postcluster.took_in", into, actor=actor, at=at, cluster=one.pk, posts=moved)
    return into


@transaction.atomic
def split(
    *, cluster_id: int, post_ids: Iterable[int], name: str = "", actor: User, at: datetime
) -> PostCluster:
    """Make a topic of its own of some posts of another one; what is like them goes there from now on.

    Raises:
        NotFound: there is no such topic, or a post is not in it.
        Invalid: no post, all of them, too many, or a name that is too long.
        WrongState: it went into another one.
    """
    keys = sorted(set(post_ids))
    if not keys or len(keys) > MOST:
        raise Invalid(_("Choose some posts, %(most)s at most.") % {"most": MOST})
    held = placing.hold()
    (cluster,) = _lock([cluster_id])
    posts = _posts(keys)
    if {post.pk for post in posts if post.cluster_id == cluster.pk} != set(keys):
        raise NotFound
    if not Post.objects.filter(cluster=cluster, copy_of=None).exclude(pk__in=keys).exists():
        raise Invalid(_("Leave at least one post where it is."))
    new = PostCluster.objects.create(
        made_at=at,
        made_by=actor,
        is_kept=True,
        is_named=bool(name.strip()),
        name=_name(name) if name.strip() else "",
    )
    cluster.is_kept = True
    _move(posts, cluster, new)
    placing.changed(held)
    record("postcluster.split", cluster, actor=actor, at=at, into=new.pk, posts=keys)
    record("postcluster.split_off", new, actor=actor, at=at, cluster=cluster.pk, posts=keys)
    return new


@transaction.atomic
def move(*, post_id: int, cluster_id: int, actor: User, at: datetime) -> Post:
    """Put a post into another topic, where it stays. The same again changes nothing.

    Raises:
        NotFound: there is no such post or topic.
        WrongState: the topic went into another one, or the post is a copy.
    """
    held = placing.hold()
    (into,) = _lock([cluster_id])
    found = _posts([post_id])
    if not found:
        raise NotFound
    post = found[0]
    if post.copy_of_id is not None or post.deleted_at is not None:
        raise WrongState(_("It is a copy: work on its original."))
    if post.cluster_id == into.pk and post.is_placed_by_people:
        return post
    was = PostCluster.objects.filter(pk=post.cluster_id).first() if post.cluster_id else None
    if was is None or was.pk != into.pk:
        _move([post], was, into)
    else:
        post.is_placed_by_people = True
        post.save(update_fields=["is_placed_by_people"])
    placing.changed(held)
    record("post.moved", post, actor=actor, at=at, was=was.pk if was else None, now=into.pk)
    return post


@transaction.atomic
def tidy(*, at: datetime) -> int:
    """Let topics that have become one go together; gives how many went. What people did to one stays.

    A topic begins with one post, whose words may be few; later ones show what it is about.
    """
    held = placing.hold()
    rows = PostCluster.objects.filter(merged_into=None, size__gte=1).order_by("pk")
    wanted = {row.pk: row for row in rows}
    terms = {term for row in wanted.values() for term in row.terms}
    known = Topics(held.posts, dict(PostTerm.objects.filter(term__in=terms).values_list("term", "posts")))
    for row in wanted.values():
        known.put(row.pk, row.terms, row.size)
    gone = 0
    for key in sorted(wanted, key=lambda one: (wanted[one].size, -one)):
        row = wanted[key]
        if row.is_kept or row.is_named or row.state != PostState.NEW:
            continue
        found = known.nearest(row.terms, least=topics.SAME, but=key)
        if found is not None and not wanted[found[0]].is_kept:
            known.drop(key)
            merge(cluster_id=key, into_id=found[0], actor=None, at=at)
            gone += 1
    return gone


def _move(posts: list[Post], was: PostCluster | None, into: PostCluster) -> None:
    """Move locked posts between locked topics, with their words."""
    judge = placing.judging()
    words = [placing.words_of(post, judge) for post in posts]
    wanted = {term for one in words for term in one} | set(into.terms) | set(was.terms if was else ())
    standing = dict(PostTerm.objects.filter(term__in=wanted).values_list("term", "posts"))
    held = placing.hold()
    known = Topics(held.posts, standing)
    for cluster in (one for one in (was, into) if one is not None):
        known.put(cluster.pk, cluster.terms, cluster.size)
    for one in words:
        if was is not None:
            known.shrink(was.pk, one)
        known.grow(into.pk, one)
    for cluster in (one for one in (was, into) if one is not None):
        cluster.terms, cluster.size = known.sums[cluster.pk], known.sizes[cluster.pk]
        cluster.keywords = known.keywords(cluster.pk)
        if not cluster.is_named:
            cluster.name = topics.name_of(cluster.keywords)[:NAME]
        cluster.save(update_fields=["terms", "size", "keywords", "name", "is_kept"])
    for post in posts:
        post.cluster, post.is_placed_by_people = into, True
    Post.objects.bulk_update(posts, ["cluster", "is_placed_by_people"])


def _posts(keys: list[int]) -> list[Post]:
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    return list(rows.filter(pk__in=keys))


def _lock(keys: list[int]) -> list[PostCluster]:
    """Lock topics that are in use, in the order asked for.

    Raises:
        NotFound: there is no such topic.
        WrongState: one went into another one.
    """
    rows = PostCluster.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=keys)}
    if len(found) != len(keys):
        raise NotFound
    if any(row.merged_into_id is not None for row in found.values()):
        raise WrongState(_("This topic went into another one."))
    return [found[key] for key in keys]


def _name(name: str) -> str:
    plain = " ".join(name.replace("\0", "").split())
    if not plain or len(plain) > NAME:
        raise Invalid(_("Give it a name of at most %(limit)s characters.") % {"limit": NAME}, field="name")
    return plain
