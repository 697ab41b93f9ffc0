"""The feedback box: what a member suggests, and taking it back."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Product
from config.common import idempotency
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from feedback.attachments.commands import keep, kept_with_the_transaction
from feedback.models import PORTAL, Post, PostFile, PostKind, ProductBy
from feedback.posts import files, rules

NUMBER = 6


@kept_with_the_transaction()
@transaction.atomic
def suggest(
    *,
    member: Member,
    text: str,
    uploads: Sequence["File[bytes]"] = (),
    product: Product | None = None,
    key: str | None = None,
    at: datetime,
) -> Post:
    """Put something into the feedback box: words, pictures, a recording; at least one of them.

    `key` is a client's own against sending twice.

    Raises:
        Invalid: nothing was said, or too much.
        BadFile: a file that is not taken.
        KeyReused: the client's key came before with other content.
    """
    text, kept = rules.clean(text, limit=rules.SUGGESTION), files.inspect(uploads)
    if not (text or kept):
        raise Invalid(_("Write a few words, or send a picture or a recording."), field="text")

    def create() -> Post:
        post = Post.objects.create(
            kind=PostKind.SUGGESTION,
            source=PORTAL,
            external_id=f"S{secrets.token_hex(NUMBER).upper()}",
            member=member,
            text=text,
            product=product,
            product_by=ProductBy.GIVEN if product else ProductBy.NOBODY,
            written_at=at,
            taken_at=at,
        )
        keep(PostFile, kept, post=post)
        record("post.suggested", post, actor=member, at=at, files=len(kept), length=len(text))
        return post

    if key is None:
        return create()
    content = {
        "text": text,
        "product": product.pk if product else None,
        "files": [clean.sha256 for clean in kept],
    }
    scope = f"post:{member.pk}"
    return idempotency.once(scope=scope, key=key, content=content, model=Post, perform=create)[0]


@transaction.atomic
def take_back(*, member: Member, post_id: int, at: datetime) -> Post:
    """Take a suggestion of one's own back: nobody works on it any more. Again changes nothing.

    Raises:
        NotFound: there is no such suggestion of the member's.
        WrongState: it has become a case, where it goes on.
    """
    post = (
        Post.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=post_id, member=member, kind=PostKind.SUGGESTION)
        .first()
    )
    if post is None:
        raise NotFound
    if post.deleted_at is not None:
        return post
    if post.case_id is not None:
        raise WrongState(_("It has become a case. Tell us there."))
    post.deleted_at = at
    post.save(update_fields=["deleted_at"])
    record("post.deleted", post, actor=member, at=at)
    return post
