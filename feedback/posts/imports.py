"""Posts as a target of an import."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Item, Target, Written
from feedback.models import PORTAL, Post
from feedback.posts import rules, taking_in
from feedback.posts.taking_in import KINDS, Given

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
COUNT = FieldType(Type.NUMBER, least=0, most=2**31 - 1)


class PostTarget(Target):
    """Posts that a listening service or a person gives out as a table."""

    def check(self, item: Item) -> None:
        """The network is named by its code."""
        source = str(item.values.get("source") or "")
        if not SLUG.fullmatch(source) or source == PORTAL:
            item.reject("source", _("is not the code of a network"), source)

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Take what has no fault, network by network; what is refused is told at its line."""
        self._reject_ahead(items, at)
        good = [item for item in items if not item.fault]
        new = changed = 0
        for source in sorted({str(item.values["source"]) for item in good}):
            theirs = [item for item in good if item.values["source"] == source]
            given = [
                Given(**{k: v for k, v in item.values.items() if k != "source" and v is not None})
                for item in theirs
            ]
            for item, one in zip(theirs, taking_in.take_in(source=source, given=given, at=at), strict=True):
                new += one.result == taking_in.TAKEN
                changed += one.result == taking_in.CHANGED
                if one.result == taking_in.REFUSED:
                    item.reject(one.field, one.why, str(item.values.get(one.field) or "")[:80])
        return Written([], new, changed)


POST = PostTarget(
    name="post",
    model=Post,
    key=("source", "external_id"),
    fields={
        "source": FieldType(longest=50, required=True),
        "external_id": FieldType(longest=160, required=True),
        "kind": FieldType(Type.CHOICE, choices=tuple(one.value for one in KINDS)),
        "url": FieldType(longest=rules.ADDRESS),
        "author": FieldType(longest=rules.NAME, cut=True),
        "author_id": FieldType(longest=128),
        "member": FieldType(longest=64),
        "product": FieldType(longest=64),
        "title": FieldType(longest=rules.TITLE, cut=True),
        "text": FieldType(longest=rules.LONGEST),
        "written_at": FieldType(Type.TIME, required=True, past=True),
        "likes": COUNT,
        "comments": COUNT,
        "shares": COUNT,
        "reads": COUNT,
    },
    optional=("kind",),
)
