"""Working on posts: read them, make a case of one, tie one to a case that there is."""

from collections.abc import Iterable
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from compensation.members.commands import guest
from compensation.models import Member, Product
from config.common.errors import Invalid, WrongState
from config.common.events import Happening, record, record_all
from config.common.models import User
from feedback.cases import commands as cases
from feedback.cases.linking import find_numbered
from feedback.cases.locking import lock as lock_case
from feedback.channels import arriving
from feedback.models import (
    Case,
    CaseKind,
    Channel,
    Department,
    Feeling,
    Post,
    PostState,
    ProductBy,
    Triage,
    WebhookSource,
)
from feedback.posts import deciding
from feedback.posts.deciding import lock

AT_ONCE = 1_000


@transaction.atomic
def mark_read(*, post_ids: Iterable[int], actor: User, at: datetime) -> int:
    """Note that somebody has read some posts; gives how many nobody had. At most AT_ONCE.

    Raises:
        Invalid: too many at once.
    """
    keys = sorted(set(post_ids))
    if len(keys) > AT_ONCE:
        raise Invalid(_("At most %(most)s at once.") % {"most": AT_ONCE})
    rows = Post.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    posts = list(rows.filter(pk__in=keys, read_at=None))
    Post.objects.filter(pk__in=[post.pk for post in posts]).update(read_at=at, read_by=actor)
    record_all(Happening("post.read", post, at, actor) for post in posts)
    return len(posts)


@transaction.atomic
def to_case(*, post_id: int, actor: User, at: datetime) -> Case:
    """Make a case of a post, once: its member's, or a stranger's who is known by where they wrote.

    From then on the clocks of the case say how fast it is answered. The same again gives the same case.

    Raises:
        NotFound: there is no such post.
        WrongState: it was deleted, is a copy, or its member was erased.
    """
    post = lock(post_id)
    if post.case_id is not None:
        return Case.objects.get(pk=post.case_id)
    member = post.member or _stranger(post, at)
    if member.erased_at is not None:
        raise WrongState(_("The data of this member was erased."))
    files = [ContentFile(one.file.read(), name=one.name) for one in post.files.all()]
    body = "\n\n".join(part for part in (post.title, post.text, post.url) if part)
    case = cases.open_case(
        member=member,
        kind=_kind(post),
        channel=Channel.PORTAL if post.is_suggestion else Channel.SOCIAL,
        subject=post.subject or _("Suggestion"),
        body=arriving.fitting(body),
        department=_department(post.source),
        attachments=files,
        key=f"post:{post.pk}",
        tells=post.is_suggestion,
        actor=actor,
        at=at,
    )
    post.member = member
    _tie(post, case, actor, at)
    return case


def _stranger(post: Post, at: datetime) -> Member:
    """Who is behind a name over there: the same that a message from there would be of."""
    named = f"name:{post.author}" if post.author else f"post:{post.external_id}"
    who = post.author_id or named
    return guest(name=post.author, origin=f"{post.source}:{who}", at=at)


def _department(source: str) -> Department | None:
    """The department that takes what comes from a network, if it takes cases; else the rules decide."""
    return Department.objects.filter(
        pk__in=WebhookSource.objects.filter(code=source).values("department"), is_active=True
    ).first()


def _kind(post: Post) -> CaseKind:
    if post.is_suggestion:
        return CaseKind.SUGGESTION
    feeling = Triage.objects.filter(post=post).values_list("feeling", flat=True).first()
    return CaseKind.COMPLAINT if feeling == Feeling.NEGATIVE else CaseKind.ENQUIRY


def _tie(post: Post, case: Case, actor: User, at: datetime) -> None:
    """Write into a locked post that it is worked on in a case."""
    post.case = case
    post.read_at, post.read_by = post.read_at or at, post.read_by or actor
    post.save(update_fields=["case", "member", "read_at", "read_by"])
    record("post.became_case", post, actor=actor, at=at, case=case.pk)
    if post.state == PostState.NEW:
        deciding.decide(post_id=post.pk, state=PostState.LOOKED_AT, actor=actor, at=at)


@transaction.atomic
def link_case(*, post_id: int, number: str, actor: User, at: datetime) -> Case:
    """Tie a post to a case that there is, where a note says so. The same again changes nothing.

    Raises:
        NotFound: there is no such post, or no such case for this person.
        Invalid: that is no number of a case.
        WrongState: it belongs to another case, was deleted, or is a copy.
    """
    case = lock_case(find_numbered(actor, number).pk)
    post = lock(post_id)
    if post.case_id == case.pk:
        return case
    if post.case_id is not None:
        raise WrongState(_("It belongs to another case already."))
    if post.is_suggestion and post.member_id != case.member_id:
        raise Invalid(_("This suggestion is another member's than the case."))
    said = "\n".join(part for part in (post.subject, post.url) if part)
    arriving.note(case, _("A post belongs to this case: %(said)s") % {"said": said}, at=at)
    _tie(post, case, actor, at)  # who wrote it need not be the member of the case
    return case


@transaction.atomic
def set_product(*, post_id: int, number: str, actor: User, at: datetime) -> Post:
    """Say which product a post is about, by the shop's number; empty: none that we know.

    Raises:
        NotFound: there is no such post.
        Invalid: there is no such product.
        WrongState: it was deleted, or is a copy.
    """
    post = lock(post_id)
    product = Product.objects.filter(external_id=number.strip()).first() if number.strip() else None
    if number.strip() and product is None:
        raise Invalid(_("There is no such product."), field="product")
    if (post.product_id, post.product_by) != (product.pk if product else None, ProductBy.PEOPLE):
        post.product, post.product_by = product, ProductBy.PEOPLE
        post.save(update_fields=["product", "product_by"])
        record("post.product_set", post, actor=actor, at=at, product=product.pk if product else None)
    return post
