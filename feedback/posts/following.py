"""Reading what is new: what it says and how, whose copy it is, which product and topic it is about."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from compensation.models import Product
from config.common import bulk
from config.common.erasing import SILENCE
from config.common.words import plain
from feedback.models import Post, PostQueue, ProductBy
from feedback.posts import duplicates, placing, watching
from feedback.posts.rules import Names
from feedback.triage.commands import take_up

AT_ONCE = 500
READ = ("copy_of", "product", "product_by", "cluster")
"""What reading finds out about a post."""


@transaction.atomic
def catch_up(*, at: datetime) -> int:
    """Read the next posts that are new or were edited. Returns how many there were.

    Whose words erasing or retention has taken is counted on as it was read.
    """
    held = placing.hold()
    taken = dict(PostQueue.objects.order_by("pk").values_list("pk", "post")[:AT_ONCE])
    if not taken:
        return 0
    said = Post.objects.filter(pk__in=set(taken.values())).exclude(title=SILENCE).exclude(text=SILENCE)
    shingles = duplicates.keep(list(said))
    reading = sorted(shingles)
    likely = duplicates.likely(reading)
    known = _lock({*reading, *(other for others in likely.values() for other in others)})
    posts = [known[key] for key in reading]
    take_up(source="post", keys=reading, at=at)
    before = {post.pk: _read(post) for post in posts}
    for post in posts:
        post.copy_of_id = duplicates.original(post, shingles, likely.get(post.pk, ()), known)
    _name_products(posts)
    worked = [post for post in posts if post.copy_of_id is None and post.deleted_at is None]
    placing.place(worked, held, at=at)
    for post in posts:
        if post.copy_of_id is not None:
            post.cluster_id = None
    bulk.update(Post, [post for post in posts if _read(post) != before[post.pk]], READ)
    originals = {key for post in posts for key in (before[post.pk][0], post.copy_of_id)}
    duplicates.count(key for key in originals if key is not None)
    watching.note(posts)
    PostQueue.objects.filter(pk__in=taken).delete()
    return len(taken)


def _read(post: Post) -> tuple[int | None, int | None, str, int | None]:
    return post.copy_of_id, post.product_id, post.product_by, post.cluster_id


def _lock(keys: set[int]) -> dict[int, Post]:
    """Lock the posts, those that they copy already too, in the order of their keys."""
    copied = Post.objects.filter(pk__in=keys).exclude(copy_of=None).values_list("copy_of", flat=True)
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    return {post.pk: post for post in rows.filter(pk__in={*keys, *copied})}


def _name_products(posts: Sequence[Post]) -> None:
    """Say what posts are about that name a product, where nobody has said it."""
    open_ = [post for post in posts if post.product_by in {ProductBy.NOBODY, ProductBy.READ}]
    if not open_:
        return
    rows = Product.objects.order_by("pk").values_list("pk", "external_id", "name")
    names = Names((pk, plain(number), plain(name)) for pk, number, name in rows.iterator())
    for post in open_:
        post.product_id = names.find(plain(f"{post.title}\n{post.text}"[:5_000]))
        post.product_by = ProductBy.READ if post.product_id else ProductBy.NOBODY
