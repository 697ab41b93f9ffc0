"""Who follows up bad answers about what. Edits are never overwritten."""

from datetime import datetime

from django.db import transaction

from config.common.seeding import never_given
from feedback.models import Department, VoiceAspect
from surveys.models import AspectDepartment

DEPARTMENTS = {
    VoiceAspect.LOGISTICS: "logistics",
    VoiceAspect.PACKAGING: "logistics",
    VoiceAspect.PRODUCT_QUALITY: "product",
    VoiceAspect.DESCRIPTION: "product",
    VoiceAspect.SERVICE: "service",
    VoiceAspect.AFTER_SALES: "service",
    VoiceAspect.PRICE: "operations",
    VoiceAspect.APP: "technology",
}


@transaction.atomic
def seed(at: datetime) -> None:
    """Name the department of each aspect, where there is one."""
    known = {one.code: one for one in Department.objects.filter(code__in=DEPARTMENTS.values())}
    for aspect in never_given("survey aspect", map(str, DEPARTMENTS), at=at):
        if department := known.get(DEPARTMENTS[VoiceAspect(aspect)]):
            AspectDepartment.objects.get_or_create(aspect=aspect, defaults={"department": department})
