"""Reviews as a target of an import."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from compensation.models import Member, Order, OrderLine, Product
from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Item, Reference, Target, Written
from config.common.events import Happening, record_all
from feedback.models import PORTAL, Review
from feedback.moderation import screening
from feedback.reviews import marketplace


def _after(ids: Sequence[int], at: datetime) -> None:
    marketplace.stand(Review.objects.filter(pk__in=ids), at=at)


SLUG = re.compile(r"[-a-zA-Z0-9_]+")


class ReviewTarget(Target):
    """Reviews as marketplaces give them out. Stars stay as they came first: a file may be anybody's."""

    def check(self, item: Item) -> None:
        """Know a review by its marketplace and its number there, as those are that a webhook brings."""
        source = item.values.get("source")
        if "source" in item.values and not SLUG.fullmatch(source or ""):
            item.reject("source", _("is not the code of a marketplace"), source or "")
        elif source == PORTAL:
            item.reject("source", _("is not the code of a marketplace"), source)
        elif source:
            item.values["external_id"] = f"{source}:{item.values['external_id']}"
            item.key = (item.values["external_id"],)
            if item.values.get("follows"):
                item.values["follows"] = f"{source}:{item.values['follows']}"
        if bool(item.values.get("follows")) == (item.values.get("stars") is not None):
            item.reject("stars", _("a review has stars, one that follows another has none"))

    def _upsert(self, good: Sequence[Item], at: datetime) -> Written:
        rows = Review.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
        held = {row.external_id: row for row in rows.filter(external_id__in=[item.key[0] for item in good])}
        wanted = {item.values["member_id"] for item in good}
        gone = set(Member.objects.filter(pk__in=wanted, erased_at__isnull=False).values_list("pk", flat=True))
        for item in good:
            review = held.get(item.key[0])
            follows = item.values.get("follows")
            is_other = review is not None and (review.follows_id is not None) != bool(follows)
            if review is not None and (review.source == PORTAL or is_other):
                item.reject("external_id", _("this review was not brought in by a file"), item.key[0])
            elif item.values["member_id"] in gone:
                item.reject("order", _("the member's data was erased"))
            elif review is not None and review.source != (item.values.get("source") or review.source):
                item.reject("source", _("was another before"), review.source)
            elif review is not None and review.deleted_at is None and review.stars != item.values["stars"]:
                stars = str(item.values["stars"])
                item.reject("stars", _("were others; only the marketplace itself tells of that"), stars)
        taken = [item for item in good if not item.fault]
        _fill_products(taken)
        firsts = [item for item in taken if not item.values.get("follows")]
        for item in firsts:
            if "follows" in item.values:
                item.values["follows"] = None
        written = super()._upsert(firsts, at) if firsts else Written([], 0, 0)
        following = [item for item in taken if item.values.get("follows")]
        _follow(following, held)
        good = [item for item in following if not item.fault]
        more = super()._upsert(good, at) if good else Written([], 0, 0)
        _rewritten([*firsts, *good], held, at)
        return Written(
            [*written.ids, *more.ids], written.inserted + more.inserted, written.updated + more.updated
        )


def _follow(items: Sequence[Item], held: Mapping[str, Review]) -> None:
    """Put the first review's key in the place of its number; it may have come in the same file."""
    wanted = Review.objects.filter(external_id__in={item.values["follows"] for item in items}, follows=None)
    firsts = {review.external_id: review for review in wanted}
    for item in items:
        first, known = firsts.get(item.values["follows"]), held.get(item.key[0])
        if first is None or first.source == PORTAL or first.order_id != item.values["order"]:
            item.reject("follows", _("there is no such review of the order"), item.values["follows"])
        elif known is not None and known.follows_id != first.pk:
            item.reject("follows", _("was another before"), item.values["follows"])
        else:
            item.values["follows"] = first.pk


def _rewritten(items: Sequence[Item], held: Mapping[str, Review], at: datetime) -> None:
    """Have those that say something else now looked at anew, as if they had just come."""
    found = {}
    for item in items:
        review = held.get(item.key[0])
        if review is not None and review.deleted_at is None:
            said = {"title": review.title, "text": review.text}
            if differing := [name for name in said if item.values.get(name, said[name]) != said[name]]:
                found[review.pk] = Happening(
                    "review.rewritten", review, at, None, {"source": review.source, "what": differing}
                )
    if found:
        screening.forget(found)
        Review.objects.filter(pk__in=found).update(screened_at=None, released_at=None)
        record_all(found.values())


def _fill_products(items: Sequence[Item]) -> None:
    """Say what a review is about where only the line of the order tells."""
    wanted = [item for item in items if "order_line" in item.values]
    lines = OrderLine.objects.filter(pk__in={item.values["order_line"] for item in wanted} - {None})
    products = dict(lines.values_list("pk", "product_id"))
    for item in wanted:
        item.values["product"] = item.values.get("product") or products.get(item.values["order_line"])


REVIEW = ReviewTarget(
    name="review",
    model=Review,
    key=("external_id",),
    fields={
        "external_id": FieldType(longest=100, required=True),
        "source": FieldType(longest=50),
        "order": FieldType(longest=64, required=True),
        "order_line": FieldType(longest=64),
        "product": FieldType(longest=64),
        "follows": FieldType(longest=100),
        "stars": FieldType(Type.NUMBER, least=1, most=5),
        "title": FieldType(longest=200, cut=True),
        "text": FieldType(longest=20_000),
        "asked_at": FieldType(Type.TIME, past=True),
        "written_at": FieldType(Type.TIME, required=True, past=True),
    },
    columns={
        "follows": "follows_id",
        "order": "order_id",
        "order_line": "order_line_id",
        "product": "product_id",
    },
    references=(
        Reference("order", Order, lends={"member_id": "member_id"}),
        Reference("order_line", OrderLine, within="order"),
        Reference("product", Product),
    ),
    defaults=lambda _at: {"title": "", "text": ""},
    after=_after,
    frozen="deleted_at",
)
