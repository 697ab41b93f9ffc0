"""Facts, claims and what they promise."""

from datetime import UTC, datetime

from django.utils import timezone

from feedback.claims import commands, facts
from feedback.models import ClaimValue, FactKind
from tests.factories.common import UserFactory
from tests.factories.shop import PLACED

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def kind(code, measure="", **options):
    """A kind of fact."""
    return FactKind.objects.get_or_create(code=code, defaults={"name": code, "measure": measure, **options})[
        0
    ]


def fact(product, code, text, *, valid_from=BEGIN, measure="", at=None, **options):
    """Something true of a product."""
    content = facts.Content(
        product_id=product.pk, kind=kind(code, measure), text=text, valid_from=valid_from, **options
    )
    return facts.put(content=content, actor=None, at=at or timezone.now())[0]


def claim(text="纯棉，48小时送达", *, key="c1", channel="advert", valid_from=BEGIN, at=BEGIN, **options):
    """A claim with its suggestions."""
    content = commands.Content(key=key, channel=channel, text=text, valid_from=valid_from, **options)
    return commands.put(content=content, actor=None, at=at)[0]


def promise(measure, number, *, text="x", at=PLACED, **options):
    """A claim that promises something, confirmed by a person."""
    made = claim(text, **options)
    commands.add_value(claim_id=made.pk, measure=measure, number=number, actor=UserFactory(), at=at)
    return made


def confirm(value, *, at=PLACED):
    """Say that a suggestion is a promise."""
    commands.decide_value(value_id=value.pk, state="confirmed", actor=UserFactory(), at=at)


def values(made):
    """What a claim promises or may promise."""
    return list(ClaimValue.objects.filter(claim=made).order_by("measure", "pk"))
