"""Reviews that a marketplace sends us, a thousand at a time, as often as it likes.

They are known by their number over there: what comes again changes nothing, what was changed over there is
changed here, with other stars kept as a change, and what was deleted there is deleted here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Order, OrderLine, Product
from config.common.errors import DomainError, Invalid
from config.common.events import Happening, record, record_all
from feedback.clocks import reviewing
from feedback.models import (
    PORTAL,
    Review,
    ReviewDimension,
    ReviewPlace,
    ReviewScore,
    WebhookSource,
)
from feedback.moderation import screening
from feedback.reviews import marketplace, rules

MOST = 1_000
TAKEN, CHANGED, SAME, REFUSED = "taken", "changed", "same", "refused"
LONGEST = 20_000
AHEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Place:
    """Another place where the same review stands."""

    channel: str
    external_id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """A review as a marketplace sends it."""

    external_id: str
    order: str
    stars: int | None = None
    written_at: datetime | None = None
    line: str = ""
    product: str = ""
    title: str = ""
    text: str = ""
    video_url: str = ""
    url: str = ""
    follows: str = ""
    is_deleted: bool = False
    scores: Mapping[str, int] = field(default_factory=dict)
    places: Sequence[Place] = ()


@dataclass(slots=True)
class Result:
    """What became of a row; `why` where it was not taken."""

    external_id: str
    result: str
    why: str = ""


@dataclass(slots=True)
class _World:
    """What the rows of one request name."""

    source: WebhookSource
    at: datetime
    orders: dict[str, Order]
    lines: dict[tuple[int, str], OrderLine]
    products: dict[str, Product]
    known: dict[str, Review]
    dimensions: dict[str, ReviewDimension]

    def number(self, external_id: str) -> str:
        """The number by which we know a review of this marketplace."""
        return f"{self.source.code}:{external_id}"


@transaction.atomic
def take_in(*, source: WebhookSource, given: Sequence[Given], at: datetime) -> list[Result]:
    """Take reviews in; a row that cannot be taken says why, and the others are taken.

    Requests of one source follow one another. A follow-up may come with what it follows.
    """
    WebhookSource.objects.select_for_update(no_key=True, of=("self",)).get(pk=source.pk)
    world = _look_up(source, given, at)
    results = [Result(one.external_id, SAME) for one in given]
    written: list[Review] = []
    rewritten: list[Review] = []
    seen: set[str] = set()
    for is_follow_up in (False, True):
        fresh = []
        for one, result in zip(given, results, strict=True):
            if bool(one.follows) is not is_follow_up:
                continue
            try:
                if one.external_id in seen:
                    raise Invalid(_("This number came twice."))
                seen.add(one.external_id)
                known = world.known.get(world.number(one.external_id))
                if known is not None and _change(known, one, world):
                    result.result = CHANGED
                    rewritten.append(known)
                elif known is None and not one.is_deleted:
                    fresh.append((one, _new(one, world)))
                    result.result = TAKEN
            except DomainError as error:
                result.result, result.why = REFUSED, str(error)
        written += _keep(fresh, world)
    _stand(given, world)
    if rewritten:
        screening.forget([review.pk for review in rewritten])
    screening.screen([*written, *(review for review in rewritten if review.deleted_at is None)], at=at)
    return results


def _look_up(source: WebhookSource, given: Sequence[Given], at: datetime) -> _World:
    orders = {
        order.external_id: order
        for order in Order.objects.filter(external_id__in={one.order for one in given}).select_related(
            "member"
        )
    }
    lines = OrderLine.objects.filter(
        order__in=[order.pk for order in orders.values()],
        external_id__in={one.line for one in given if one.line},
    )
    products = Product.objects.filter(external_id__in={one.product for one in given if one.product})
    named = {number for one in given for number in (one.external_id, one.follows) if number}
    known = (
        Review.objects.select_for_update(no_key=True, of=("self",))
        .filter(external_id__in={f"{source.code}:{number}" for number in named}, source=source.code)
        .select_related("order", "member")
        .order_by("pk")
    )
    return _World(
        source,
        at,
        orders,
        {(line.order_id, line.external_id): line for line in lines.select_related("product")},
        {product.external_id: product for product in products},
        {review.external_id: review for review in known},
        {one.code: one for one in ReviewDimension.objects.all()},
    )


def _new(one: Given, world: _World) -> Review:
    """A review that we did not know, not written yet.

    Raises:
        Invalid: something is missing, too long, or names what we do not know.
    """
    order = world.orders.get(one.order)
    if order is None:
        raise Invalid(_("There is no such order."), field="order")
    if order.member.erased_at is not None:
        raise Invalid(_("The data of this member was erased."), field="order")
    first = world.known.get(world.number(one.follows)) if one.follows else None
    if one.follows and (first is None or first.follows_id is not None or first.order_id != order.pk):
        raise Invalid(_("There is no such review to follow."), field="follows")
    line = _line(one, order, world)
    product = world.products.get(one.product)
    if one.product and product is None:
        raise Invalid(_("There is no such product."), field="product")
    if one.written_at is None or one.written_at > world.at + AHEAD:
        raise Invalid(_("When was it written?"), field="written_at")
    unknown = set(one.scores) - world.dimensions.keys()
    rules.scores({code: value for code, value in one.scores.items() if code not in unknown}, world.dimensions)
    return Review(
        external_id=world.number(one.external_id),
        source=world.source.code,
        member=order.member,
        order=order,
        order_line=line,
        product=product or (line.product if line else None),
        follows=first,
        stars=None if first else rules.stars(one.stars),
        written_at=min(one.written_at, world.at),
        **_texts(one),
    )


def _line(one: Given, order: Order, world: _World) -> OrderLine | None:
    """The line of the order that a row names.

    Raises:
        Invalid: the order has no such line.
    """
    line = world.lines.get((order.pk, one.line)) if one.line else None
    if one.line and line is None:
        raise Invalid(_("There is no such order line."), field="line")
    return line


def _texts(one: Given) -> dict[str, str]:
    return {
        "title": rules.clean(one.title, limit=rules.TITLE),
        "text": rules.clean(one.text, limit=LONGEST),
        "video_url": rules.video(one.video_url),
    }


def _keep(fresh: Sequence[tuple[Given, Review]], world: _World) -> list[Review]:
    """Write new reviews down with their scores and their events."""
    made = Review.objects.bulk_create([review for _given, review in fresh])
    ReviewScore.objects.bulk_create(
        [
            ReviewScore(review=review, dimension=world.dimensions[code], stars=value)
            for one, review in fresh
            for code, value in one.scores.items()
            if code in world.dimensions
        ]
    )
    record_all(
        Happening("review.written", review, world.at, None, {"stars": review.stars, "source": review.source})
        for review in made
    )
    world.known.update({review.external_id: review for review in made})
    return made


def _change(review: Review, one: Given, world: _World) -> bool:
    """Change a known review as it was changed over there; False when nothing was. What was deleted stays so.

    Raises:
        Invalid: stars or texts that cannot be.
    """
    if review.deleted_at is not None:
        return False
    if one.is_deleted:
        review.deleted_at = world.at
        review.save(update_fields=["deleted_at"])
        record("review.deleted", review, actor=None, at=world.at, source=review.source)
        reviewing.stop(review, why="deleted", actor=None, at=world.at)
        return True
    texts = _texts(one)
    is_restarred = one.stars is not None and marketplace.restar(review, rules.stars(one.stars), at=world.at)
    differing = [name for name, text in texts.items() if getattr(review, name) != text]
    if differing:
        for name in differing:
            setattr(review, name, texts[name])
        review.released_at = None  # what a moderator released was another text
        review.save(update_fields=[*differing, "released_at"])
        record("review.rewritten", review, actor=None, at=world.at, source=review.source, what=differing)
    return is_restarred or bool(differing)


def _stand(given: Sequence[Given], world: _World) -> None:
    """Note every place where the reviews stand, each once."""
    wanted: list[tuple[Review, Place]] = []
    for one in given:
        review = world.known.get(world.number(one.external_id))
        if review is not None:
            here = Place(world.source.code, one.external_id, one.url)
            wanted += [(review, place) for place in (here, *one.places) if place.channel != PORTAL]
    sources = WebhookSource.objects.in_bulk({place.channel for _review, place in wanted}, field_name="code")
    ReviewPlace.objects.bulk_create(
        [
            ReviewPlace(
                review=review,
                channel=place.channel,
                external_id=place.external_id,
                url=place.url,
                source=sources.get(place.channel),
                created_at=world.at,
            )
            for review, place in wanted
        ],
        ignore_conflicts=True,
    )
