"""What counts as unusual: the watches that ship. Their figures are in docs/crises.md."""

from datetime import datetime
from decimal import Decimal

from config.common.seeding import never_given
from feedback.crises.rules import SHIPPED
from feedback.models import CrisisOf, CrisisSeverity, CrisisWatch

WATCHES = (
    ("quick", "quick", "两小时内突增的工单", "Cases, all of a sudden", CrisisOf.CASE, CrisisSeverity.SERIOUS),
    ("slow", "slow", "一天内增多的工单", "Cases, more in a day", CrisisOf.CASE, CrisisSeverity.MODERATE),
    ("bad-reviews", "slow", "一天内增多的差评", "Bad reviews", CrisisOf.REVIEW, CrisisSeverity.MODERATE),
)  # fmt: skip


def seed_crises(at: datetime) -> None:
    """Give each watch once; what people changed or took away stays so."""
    fresh = never_given("crisis watch", [watch[0] for watch in WATCHES], at=at)
    for code, like, name, name_en, of, severity in WATCHES:
        if code in fresh:
            terms = SHIPPED[like]
            values = {
                "name": name,
                "name_en": name_en,
                "of": of,
                "severity": severity,
                "window_hours": terms.window_hours,
                "weeks": terms.weeks,
                "least": terms.least,
                "ratio": Decimal(str(terms.ratio)),
                "rate": terms.rate,
            }
            CrisisWatch.objects.get_or_create(code=code, defaults=values)
