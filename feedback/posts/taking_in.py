"""Posts that networks and files bring, a thousand at a time, as often as they like.

They are known by their number over there. What comes again changes nothing but what is new: greater counts,
another text, that it was deleted. Reading, sorting and finding copies is done afterwards, by a worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.members.commands import GUEST
from compensation.members.rules import contact_digest
from compensation.models import Member, Product
from config.common.erasing import SILENCE
from config.common.errors import DomainError, Invalid
from config.common.events import Happening, record_all
from feedback.models import PORTAL, Post, PostKind, PostQueue, ProductBy
from feedback.posts import rules

MOST = 1_000
TAKEN, CHANGED, SAME, REFUSED = "taken", "changed", "same", "refused"
LOCK = 7_215_020
KINDS = (PostKind.POST, PostKind.COMMENT)


@dataclass(frozen=True, slots=True)
class Given:
    """A post as it stands over there now."""

    external_id: str
    kind: str = PostKind.POST
    written_at: datetime | None = None
    url: str = ""
    author: str = ""
    author_id: str = ""
    member: str = ""
    product: str = ""
    title: str = ""
    text: str = ""
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    reads: int | None = None
    is_deleted: bool = False


@dataclass(slots=True)
class Result:
    """What became of a row; `why` where it was not taken, and of which field that is."""

    external_id: str
    result: str
    why: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class _World:
    """What the rows of one batch name."""

    source: str
    at: datetime
    known: dict[str, Post]
    products: dict[str, int]
    members: dict[str, Member]
    strangers: dict[str, Member]


@transaction.atomic
def take_in(*, source: str, given: Sequence[Given], at: datetime) -> list[Result]:
    """Take posts of one network in; a row that cannot be taken says why, and the others are taken.

    Batches of one network follow one another.

    Raises:
        Invalid: no such network can be, or too many rows.
    """
    if not source or source == PORTAL:
        raise Invalid(_("Say which network it comes from."), field="source")
    if len(given) > MOST:
        raise Invalid(_("At most %(most)s at once.") % {"most": MOST})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, source])
    world = _look_up(source, given, at)
    results, seen, fresh, changed = [], set(), [], []
    for one in given:
        result = Result(one.external_id, SAME)
        results.append(result)
        try:
            if not one.external_id:
                raise Invalid(_("A post has its number over there."), field="external_id")
            if one.external_id in seen:
                raise Invalid(_("This number came twice."), field="external_id")
            seen.add(one.external_id)
            known = world.known.get(one.external_id)
            if known is None and not one.is_deleted:
                fresh.append(_new(one, world))
                result.result = TAKEN
            elif known is not None and (what := _change(known, one, world)):
                changed.append((known, what))
                result.result = CHANGED
        except DomainError as error:
            result.result, result.why = REFUSED, str(error)
            result.field = str(error.details.get("field", ""))
    _write(fresh, changed, world)
    return results


def _look_up(source: str, given: Sequence[Given], at: datetime) -> _World:
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    known = rows.filter(source=source, external_id__in={one.external_id for one in given})
    products = Product.objects.filter(external_id__in={one.product for one in given if one.product})
    numbers = {one.member for one in given if one.member}
    strangers = {_stranger(source, one.author_id): one.author_id for one in given if one.author_id}
    found = Member.objects.filter(external_id__in={*numbers, *strangers})
    members = {one.external_id: one for one in found.only("external_id", "erased_at")}
    return _World(
        source,
        at,
        {post.external_id: post for post in known},
        dict(products.values_list("external_id", "pk")),
        {number: one for number, one in members.items() if number in numbers},
        {strangers[number]: one for number, one in members.items() if number in strangers},
    )


def _stranger(source: str, author_id: str) -> str:
    """The number of a member whom we know only from there."""
    return f"{GUEST}{contact_digest(f'{source}:{author_id}')[:40]}"


def _new(one: Given, world: _World) -> Post:
    """A post that we did not know, not written yet.

    Raises:
        Invalid: something is missing, too long, or names what we do not know.
    """
    if one.kind not in KINDS:
        raise Invalid(_("Choose from the list."), field="kind")
    if one.product and one.product not in world.products:
        raise Invalid(_("There is no such product."), field="product")
    if one.member and one.member not in world.members:
        raise Invalid(_("There is no such member."), field="member")
    member = world.members.get(one.member) or world.strangers.get(one.author_id)
    if member is not None and member.erased_at is not None:
        raise Invalid(_("The data of this member was erased."), field="member")
    texts = _texts(one)
    if not (texts["title"] or texts["text"]):
        raise Invalid(_("A post says something."), field="text")
    product = world.products.get(one.product)
    return Post(
        kind=one.kind,
        source=world.source,
        external_id=one.external_id,
        url=rules.address(one.url),
        author=rules.clean(one.author, limit=rules.NAME, field="author"),
        author_id=one.author_id,
        member=member,
        written_at=rules.moment(one.written_at, now=world.at),
        taken_at=world.at,
        product_id=product,
        product_by=ProductBy.GIVEN if product else ProductBy.NOBODY,
        **texts,
        **rules.counted({}, _counts(one)),
    )


def _texts(one: Given) -> dict[str, str]:
    return {
        "title": rules.clean(one.title, limit=rules.TITLE, field="title"),
        "text": rules.clean(one.text, limit=rules.LONGEST),
    }


def _counts(one: Given) -> dict[str, int | None]:
    return {name: getattr(one, name) for name in rules.COUNTS}


def _change(post: Post, one: Given, world: _World) -> list[str]:
    """What is new of a known post; nothing of one that was deleted, and no empty text in place of one.

    Raises:
        Invalid: texts or counts that cannot be.
    """
    if post.deleted_at is not None:
        return []
    if one.is_deleted:
        post.deleted_at = world.at
        return ["deleted_at"]
    texts = {} if SILENCE in {post.title, post.text} else _texts(one)  # what has gone does not come back
    given: dict[str, Any] = {
        **{name: text for name, text in texts.items() if text},
        **rules.counted({name: getattr(post, name) for name in rules.COUNTS}, _counts(one)),
    }
    different = [name for name, value in given.items() if getattr(post, name) != value]
    for name in different:
        setattr(post, name, given[name])
    return different


def _write(fresh: Sequence[Post], changed: Sequence[tuple[Post, list[str]]], world: _World) -> None:
    """Write what is new and what has changed; texts and ends are events, counts are none."""
    made = Post.objects.bulk_create(fresh)
    record_all(Happening("post.taken_in", one, world.at, None, {"source": one.source}) for one in made)
    if not changed:
        return
    Post.objects.bulk_update(
        [post for post, _what in changed], ["title", "text", "deleted_at", *rules.COUNTS], batch_size=500
    )
    record_all(
        Happening(
            "post.deleted" if "deleted_at" in what else "post.rewritten",
            post,
            world.at,
            None,
            {"source": post.source},
        )
        for post, what in changed
        if {"title", "text", "deleted_at"} & set(what)
    )
    PostQueue.objects.bulk_create(  # what a copy reached counts with its original
        PostQueue(post=post) for post, _what in changed if post.copy_of_id is not None
    )
