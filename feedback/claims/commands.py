"""What channels claim, and what people say that it promises."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.models import Product
from config.common.errors import Invalid, NotFound
from config.common.events import Actor, record
from config.common.models import User
from feedback.claims.parsing import parse
from feedback.gaps import looking, quality
from feedback.models import UNITS, Claim, ClaimChannel, ClaimValue, Measure, ValueState

LONGEST = 5_000
MOST = Decimal(10**9)
LEAST_STARS, MOST_STARS = 1, 5
SAID = (
    "product_id",
    "category",
    "channel",
    "order_channel",
    "source",
    "url",
    "text",
    "valid_from",
    "valid_to",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a claim says, where, about what and when."""

    key: str
    channel: str
    text: str
    valid_from: datetime
    valid_to: datetime | None = None
    product_id: int | None = None
    category: str = ""
    order_channel: str = ""
    source: str = ""
    url: str = ""


@transaction.atomic
def put(*, content: Content, actor: Actor, at: datetime) -> tuple[Claim, bool]:
    """Keep a claim under its key; tells whether anything is new. The same again changes nothing.

    When a claim that promises something gets another text, what it said until now stays under another key,
    ended: orders of that time go by it.

    Raises:
        Invalid: it does not fit.
    """
    said = _checked(content)
    claim = Claim.objects.select_for_update(no_key=True, of=("self",)).filter(key=content.key).first()
    if claim is not None and all(getattr(claim, name) == said[name] for name in SAID):
        return claim, False
    if claim is not None and claim.text != said["text"] and _promises(claim) and claim.valid_from < at:
        _end_as_it_was(claim, actor, at)
        begins = max(content.valid_from, at)
        if content.valid_to is not None and content.valid_to <= begins:
            raise Invalid(_("It ended before it changed."), field="valid_to")
        said["valid_from"], claim = begins, None
    before = [(claim.product_id, claim.category, claim.valid_from, claim.valid_to)] if claim else []
    is_new = claim is None
    if claim is None:
        claim = Claim(key=content.key, made_by=actor if isinstance(actor, User) else None, made_at=at)
    text_changed = claim.text != said["text"]
    for name in SAID:
        setattr(claim, name, said[name])
    claim.audited_digest = ""
    claim.save()
    if text_changed:
        _suggest(claim)
    if not is_new and _promises(claim):
        _look_at_orders(claim)
        for product, category, since, until in before:
            looking.look_at(product_id=product, category=category, since=since, until=until)
            if _promises_quality(claim):
                quality.look_at(product_id=product, category=category, since=since)
    record(
        "claim.made" if is_new else "claim.changed",
        claim,
        actor=actor,
        at=at,
        key=claim.key,
        channel=claim.channel,
    )
    return claim, True


@transaction.atomic
def end(*, claim_id: int, actor: Actor, at: datetime) -> Claim:
    """Let a claim no longer be made: orders from now on go without it.

    Raises:
        NotFound: there is no such claim.
    """
    claim = _lock(claim_id)
    if claim.valid_to is not None and claim.valid_to <= at:
        return claim
    if claim.valid_from >= at:
        raise Invalid(_("It has not begun."))
    claim.valid_to = at
    claim.save(update_fields=["valid_to"])
    if _promises(claim):
        looking.look_at(product_id=claim.product_id, category=claim.category, since=at)
    record("claim.ended", claim, actor=actor, at=at)
    return claim


@transaction.atomic
def decide_value(
    *, value_id: int, state: str, number: Decimal | None = None, text: str = "", actor: User, at: datetime
) -> ClaimValue:
    """Say whether a claim promises something, and how much exactly; orders of its time are looked at anew.

    Raises:
        NotFound: there is no such value.
        Invalid: no such decision, or a number that the measure cannot have.
    """
    found = ClaimValue.objects.filter(pk=value_id).values_list("claim", flat=True).first()
    if found is None:
        raise NotFound
    claim = _lock(found)
    value = ClaimValue.objects.select_for_update().get(pk=value_id)
    if state not in {ValueState.CONFIRMED, ValueState.REFUSED}:
        raise Invalid(_("Confirm it, or say that it is not promised."))
    number = value.number if number is None else number
    text = text.strip().replace("\0", "") or value.text
    _check_value(value.measure, number, text)
    if (value.state, value.number, value.text) == (state, number, text):
        return value
    if _same(claim, value.measure, number, text).exclude(pk=value.pk).exists():
        raise Invalid(_("The claim has this value already."))
    was = value.state
    value.state, value.number, value.text = state, number, text
    value.decided_by, value.decided_at = actor, at
    value.save()
    if ValueState.CONFIRMED in {was, state}:
        _look_at_orders(claim)
    record(
        "claim.value_decided",
        claim,
        actor=actor,
        at=at,
        measure=value.measure,
        number=str(number) if number is not None else None,
        before=was,
        after=state,
    )
    return value


@transaction.atomic
def add_value(
    *, claim_id: int, measure: str, number: Decimal | None, text: str = "", actor: User, at: datetime
) -> ClaimValue:
    """Write down a promise that the suggestions did not see.

    Raises:
        NotFound: there is no such claim.
        Invalid: no such measure, no value, or the claim has it already.
    """
    claim = _lock(claim_id)
    text = text.strip().replace("\0", "")
    if measure not in Measure.values:
        raise Invalid(_("Choose what it is about."))
    _check_value(measure, number, text)
    if _same(claim, measure, number, text).exists():
        raise Invalid(_("The claim has this value already."))
    value = ClaimValue.objects.create(
        claim=claim,
        measure=measure,
        number=number,
        text=text,
        state=ValueState.CONFIRMED,
        decided_by=actor,
        decided_at=at,
    )
    _look_at_orders(claim)
    record(
        "claim.value_added",
        claim,
        actor=actor,
        at=at,
        measure=measure,
        number=str(number) if number is not None else None,
    )
    return value


def digest(text: str) -> str:
    """What tells one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def _lock(claim_id: int) -> Claim:
    claim = Claim.objects.select_for_update(no_key=True, of=("self",)).filter(pk=claim_id).first()
    if claim is None:
        raise NotFound
    return claim


def _promises(claim: Claim) -> bool:
    return ClaimValue.objects.filter(claim=claim, state=ValueState.CONFIRMED).exists()


def _promises_quality(claim: Claim) -> bool:
    """Whether it promises stars, or did until now."""
    said = ClaimValue.objects.filter(claim=claim, measure=Measure.QUALITY)
    return said.exclude(state=ValueState.SUGGESTED).exists()


def _same(claim: Claim, measure: str, number: Decimal | None, text: str) -> QuerySet[ClaimValue]:
    return ClaimValue.objects.filter(claim=claim, measure=measure, number=number, text=text)


def _end_as_it_was(claim: Claim, actor: Actor, at: datetime) -> None:
    """Keep what a claim said until now, with its promises and what was decided about it."""
    claim.key = f"{claim.key[:90]}@{claim.valid_from:%Y%m%dT%H%M%S%fZ}"
    if claim.valid_to is None or claim.valid_to > at:
        claim.valid_to = at
    claim.save(update_fields=["key", "valid_to"])
    looking.look_at(product_id=claim.product_id, category=claim.category, since=at)
    record("claim.ended", claim, actor=actor, at=at)


def _suggest(claim: Claim) -> None:
    """Suggest what the text seems to promise; what people decided stays."""
    ClaimValue.objects.filter(claim=claim, state=ValueState.SUGGESTED).delete()
    ClaimValue.objects.bulk_create(
        [
            ClaimValue(
                claim=claim,
                measure=one.measure,
                number=one.number,
                text=one.text,
                start=one.start,
                end=one.end,
            )
            for one in parse(claim.text)
        ],
        ignore_conflicts=True,
    )


def _look_at_orders(claim: Claim) -> None:
    looking.look_at(
        product_id=claim.product_id, category=claim.category, since=claim.valid_from, until=claim.valid_to
    )
    if _promises_quality(claim):
        quality.look_at(product_id=claim.product_id, category=claim.category, since=claim.valid_from)


def _check_value(measure: str, number: Decimal | None, text: str) -> None:
    if len(text) > 200:  # noqa: PLR2004 - the column's
        raise Invalid(_("This is too long."), field="text")
    if Measure(measure) not in UNITS:
        if not text:
            raise Invalid(_("Say what is promised."), field="text")
        return
    if number is None or not 0 <= number <= MOST:
        raise Invalid(_("Say how much is promised."), field="number")
    if measure == Measure.QUALITY and not LEAST_STARS <= number <= MOST_STARS:
        raise Invalid(_("Stars go from 1 to 5."), field="number")
    if measure == Measure.PERCENT_OFF and number > 100:  # noqa: PLR2004 - percent
        raise Invalid(_("No more than 100 percent."), field="number")


def _checked(content: Content) -> dict[str, object]:
    """What is kept of it.

    Raises:
        Invalid: it does not fit.
    """
    text = content.text.replace("\0", "").strip()
    if not content.key or len(content.key) > 120 or "\0" in content.key:  # noqa: PLR2004 - the column's
        raise Invalid(_("The key is empty or too long."), field="key")
    if not text or len(text) > LONGEST:
        raise Invalid(_("Write a text of at most %(limit)s characters.") % {"limit": LONGEST}, field="text")
    if content.channel not in ClaimChannel.values:
        raise Invalid(_("There is no such channel."), field="channel")
    if content.url and (len(content.url) > 500 or urlsplit(content.url).scheme not in {"http", "https"}):  # noqa: PLR2004
        raise Invalid(_("This is no link to a page."), field="url")
    if content.valid_to is not None and content.valid_to <= content.valid_from:
        raise Invalid(_("The time ends before it begins."), field="valid_to")
    if content.product_id is not None and content.category:
        raise Invalid(_("Name a product or a category, not both."), field="category")
    if content.product_id is not None and not Product.objects.filter(pk=content.product_id).exists():
        raise Invalid(_("There is no such product."), field="product")
    short = {"category": 80, "order_channel": 32, "source": 200}
    for name, longest in short.items():
        if len(getattr(content, name)) > longest or "\0" in getattr(content, name):
            raise Invalid(_("This is too long."), field=name)
    return {name: text if name == "text" else getattr(content, name) for name in SAID}
