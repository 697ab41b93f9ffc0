"""What is true of products, in versions: what was true when an order was placed stays to be looked up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.models import Product
from config.common.errors import Invalid, NotFound
from config.common.events import Actor, record
from config.common.models import User
from feedback.claims import parsing
from feedback.claims.contradictions import Fact
from feedback.gaps import looking
from feedback.models import UNITS, Claim, ClaimValue, FactKind, Measure, ProductFact, ValueState

LONGEST = 400
OF_PROMOTIONS = (Measure.DISCOUNT, Measure.PERCENT_OFF)
MOST_FACTS = 2_000
"""So many different facts a claim about many products is held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is true of a product from a moment on."""

    product_id: int
    kind: FactKind
    text: str
    valid_from: datetime
    valid_to: datetime | None = None
    key: str | None = None


@transaction.atomic
def put(*, content: Content, actor: Actor, at: datetime) -> tuple[ProductFact, bool]:
    """Say what is true of a product from a moment on; tells whether anything is new.

    What was true before ends then. A fact under a known key, or from the very same moment, is corrected in
    place. Claims about the product are audited anew; orders whose price may be another, looked at.

    Raises:
        NotFound: there is no such product.
        Invalid: no value, one that cannot be read, a time that ends before it begins, or another fact's key.
    """
    text, number = check(content)
    product = Product.objects.select_for_update(no_key=True).filter(pk=content.product_id).first()
    if product is None:
        raise NotFound
    ours = ProductFact.objects.filter(product=product, kind=content.kind)
    row = _corrected(content, ours)
    others = ours.exclude(pk=row.pk) if row else ours
    valid_to = _ends(others, content)
    if row is None and not content.key:
        current = others.filter(valid_from__lt=content.valid_from).order_by("-valid_from").first()
        if current is not None and (current.text, current.valid_to) == (text, valid_to):
            return current, False
    if row is not None and (row.text, row.valid_from, row.valid_to) == (text, content.valid_from, valid_to):
        return row, False
    # what is true until now ends
    held = others.filter(valid_from__lt=content.valid_from)
    held.filter(Q(valid_to=None) | Q(valid_to__gt=content.valid_from)).update(valid_to=content.valid_from)
    is_new = row is None
    if row is None:
        made_by = actor if isinstance(actor, User) else None
        row = ProductFact(
            key=content.key or None, product=product, kind=content.kind, made_by=made_by, made_at=at
        )
    row.text, row.number, row.valid_from, row.valid_to = text, number, content.valid_from, valid_to
    row.save()
    _tell(row, actor, at, is_new=is_new)
    return row, True


def check(content: Content) -> tuple[str, Decimal | None]:
    """The value as it is kept, and its number.

    Raises:
        Invalid: it does not fit.
    """
    text = " ".join(content.text.replace("\0", "").split())
    if not text or len(text) > LONGEST:
        raise Invalid(_("Write a value of at most %(limit)s characters.") % {"limit": LONGEST}, field="text")
    if content.valid_to is not None and content.valid_to <= content.valid_from:
        raise Invalid(_("The time ends before it begins."), field="valid_to")
    if content.key and (len(content.key) > 120 or "\0" in content.key):  # noqa: PLR2004 - the column's
        raise Invalid(_("The key is empty or too long."), field="key")
    return text, _number(content.kind, text)


def _corrected(content: Content, ours: QuerySet[ProductFact]) -> ProductFact | None:
    """The row that this corrects: under its key, or from the same moment."""
    row = ProductFact.objects.filter(key=content.key).first() if content.key else None
    if row is not None and (row.product_id, row.kind_id) != (content.product_id, content.kind.pk):
        raise Invalid(_("This key is of another fact."), field="key")
    return row or ours.filter(valid_from=content.valid_from).first()


def _ends(others: QuerySet[ProductFact], content: Content) -> datetime | None:
    """Until when it is true: no longer than until the next one begins."""
    follower = others.filter(valid_from__gt=content.valid_from).order_by("valid_from").first()
    if follower is None:
        return content.valid_to
    return min(content.valid_to or follower.valid_from, follower.valid_from)


def _tell(row: ProductFact, actor: Actor, at: datetime, *, is_new: bool) -> None:
    claims = Claim.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at)).exclude(audited_digest="")
    of_many = Q(product=None, category__in=["", row.product.category], values__measure=row.kind.measure)
    about = claims.filter(Q(product=row.product_id) | of_many)
    Claim.objects.filter(pk__in=about.values("pk")).update(audited_digest="")
    if row.kind.measure == Measure.PRICE:
        _look_at_orders(row.product_id, row.valid_from, listed=row.kind.is_list_price)
    record(
        "fact.made" if is_new else "fact.corrected",
        row,
        actor=actor,
        at=at,
        product=row.product_id,
        fact=row.kind.code,
        value=row.text,
        valid_from=row.valid_from.isoformat(),
    )


def at_moment(product_id: int, moment: datetime) -> QuerySet[ProductFact]:
    """What was true of a product at a moment."""
    found = ProductFact.objects.filter(product=product_id, valid_from__lte=moment)
    return (
        found.filter(Q(valid_to=None) | Q(valid_to__gt=moment))
        .select_related("kind")
        .order_by("kind__position", "kind", "pk")
    )


def to_compare(product_id: int, moment: datetime) -> list[Fact]:
    """The facts at a moment as claims are held against them; the list price is what prices are taken off.

    Of a kind that is compared with nothing, such as promotions, what it says of discounts is.
    """
    found = []
    for fact in at_moment(product_id, moment).exclude(kind__is_list_price=True):
        if fact.kind.measure:
            found.append(_as_fact(fact.kind.measure, fact.number, fact.text))
        else:
            said = [one for one in parsing.parse(fact.text) if one.measure in OF_PROMOTIONS]
            found += [Fact(one.measure, one.number, one.text, fact.text) for one in said]
    return found


def to_compare_many(category: str, measures: Collection[str], moment: datetime) -> list[Fact]:
    """The facts about some measures of a category's products, or of all, each with of how many it is true."""
    found = ProductFact.objects.filter(kind__measure__in=measures, kind__is_list_price=False)
    found = found.filter(Q(valid_to=None) | Q(valid_to__gt=moment), valid_from__lte=moment)
    if category:
        found = found.filter(product__category=category)
    rows = found.values_list("kind__measure", "number", "text").annotate(n=Count("product", distinct=True))
    return [
        _as_fact(measure, number, text, n)
        for measure, number, text, n in rows.order_by("-n", "text")[:MOST_FACTS]
    ]


def _as_fact(measure: str, number: Decimal | None, text: str, products: int = 1) -> Fact:
    return Fact(measure, number, parsing.read(measure, text)[1], text, products)


def _number(kind: FactKind, text: str) -> Decimal | None:
    if not kind.measure:
        return None
    number, _text = parsing.read(kind.measure, text)
    if Measure(kind.measure) in UNITS and number is None:
        raise Invalid(_("%(kind)s is a number.") % {"kind": kind}, field="text")
    if number is not None and number >= 10**12:
        raise Invalid(_("%(kind)s is a number.") % {"kind": kind}, field="text")
    return number


def _look_at_orders(product_id: int, valid_from: datetime, *, listed: bool) -> None:
    """Let the searches look at the orders whose promised price may be another now."""
    confirmed = ClaimValue.objects.filter(state=ValueState.CONFIRMED)
    measures = [Measure.DISCOUNT, Measure.PERCENT_OFF] if listed else [Measure.GUARANTEE]
    longest = confirmed.filter(measure__in=measures).aggregate(longest=Max("number"))["longest"]
    if longest is None:
        return
    back = timedelta() if listed else timedelta(days=min(float(longest), 3_650))
    looking.look_at(product_id=product_id, since=valid_from - back)
