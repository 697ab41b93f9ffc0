"""What counted things are called."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from compensation.models import Product
from feedback.crises.finding import Key
from feedback.models import CaseKind, CrisisBy, GapKind, VoiceAspect

LABELS = {
    CrisisBy.KIND: dict(CaseKind.choices),
    CrisisBy.ASPECT: dict(VoiceAspect.choices),
    CrisisBy.GAP_KIND: dict(GapKind.choices),
}


def names_of(keys: Iterable[Key]) -> dict[Key, str]:
    """What some things are called, in the language of the moment. One query at most."""
    asked = list(keys)
    wanted = {int(value) for by, value in asked if by == CrisisBy.PRODUCT and value.isdecimal()}
    products = {str(one.pk): str(one) for one in Product.objects.filter(pk__in=wanted)} if wanted else {}
    return {
        (by, value): _("everything")
        if by == CrisisBy.ALL
        else products.get(value, value)
        if by == CrisisBy.PRODUCT
        else str(LABELS.get(CrisisBy(by), {}).get(value, value))
        for by, value in asked
    }


def title_of(key: Key) -> str:
    """What a crisis of a thing is called until somebody names it."""
    by = key[0]
    if by == CrisisBy.ALL:
        return _("Many at once")
    named = {"kind": CrisisBy(by).label, "name": names_of([key])[key]}
    return (pgettext("crisis", "%(kind)s: %(name)s") % named)[:120]
