"""Words that adverts should not hold, kinds of product facts, and what quality may be expected.

The words are those of Article 9 (3) of the Advertising Law of the People's Republic of China ("such words as
'national level', 'the highest level', 'the best'") as courts and market supervision have read it. Where they
are innocent follows the guide on absolute terms of the State Administration for Market Regulation (notice 6
of 2023): moments and order, advice for use, grades of standards, wishes and service. A help to people, no
advice of law.
"""

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from config.common.seeding import never_given
from feedback.models import AuditTerm, FactKind, FindingKind, Measure, QualityLevel

TERMS = Path(__file__).with_name("audit_terms.csv")
"""The words, the longer ones in which each is innocent (with | between), the article, what to say instead."""
WHY = {
    FindingKind.ABSOLUTE: "绝对化用语，无法证明或与事实不符时构成违法广告",
    FindingKind.VAGUE: "含糊的承诺：会员的期望无法核对，容易产生落差",
}

KINDS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("material", "材质", "Material", Measure.COMPOSITION, False),
    ("size", "尺寸", "Size", Measure.SIZE, False),
    ("produced", "生产日期", "Production date", Measure.PRODUCED, False),
    ("delivery", "送达时限（小时）", "Delivery (hours)", Measure.DELIVERY, False),
    ("shipping", "发货时限（小时）", "Shipping (hours)", Measure.SHIPPING, False),
    ("price", "售价（元）", "Price (yuan)", Measure.PRICE, False),
    ("list-price", "划线价（元）", "List price (yuan)", Measure.PRICE, True),
    ("guarantee", "保价（天）", "Price guarantee (days)", Measure.GUARANTEE, False),
    ("promotion", "促销", "Promotion", "", False),
    ("origin", "产地", "Origin", "", False),
)
EXPECTED = Decimal(4)
STEP = 10


def seed_claims(at: datetime) -> None:
    """Give each word and each kind once; what people changed or took away stays so."""
    rows = list(csv.DictReader(TERMS.read_text(encoding="utf-8").splitlines()))
    fresh = set(never_given("audit term", [row["term"] for row in rows], at=at))
    AuditTerm.objects.bulk_create(
        [
            AuditTerm(
                term=row["term"],
                kind=row["kind"],
                allowed_in=[one for one in row["innocent_in"].split("|") if one],
                source=row["source"],
                why=WHY[FindingKind(row["kind"])],
                suggestion=row["instead"],
            )
            for row in rows
            if row["term"] in fresh
        ],
        ignore_conflicts=True,
    )
    kinds = set(never_given("fact kind", [one[0] for one in KINDS], at=at))
    FactKind.objects.bulk_create(
        [
            FactKind(
                code=code,
                name=name,
                name_en=english,
                measure=measure,
                is_list_price=listed,
                position=place * STEP,
            )
            for place, (code, name, english, measure, listed) in enumerate(KINDS, start=1)
            if code in kinds
        ],
        ignore_conflicts=True,
    )
    if never_given("quality level", ["all"], at=at):
        QualityLevel.objects.get_or_create(category="", dimension="", defaults={"stars": EXPECTED})
