"""How reviews are answered at first: rules and templates of the data file. Edits stay."""

import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from config.common.seeding import never_given
from feedback.defaults.knowledge import LANGUAGES, STEP
from feedback.models import ReplyRule, ReplyTemplate
from feedback.replies.texts import check

FILE = Path(__file__).with_name("review_replies.toml")


def seed_replies(at: datetime) -> None:
    """Give each rule and each template once; what people changed or took away stays so."""
    content = shipped()
    fresh = never_given("reply rule", [row["code"] for row in content["rules"]], at=at)
    for position, row in enumerate(content["rules"], start=1):
        if row["code"] in fresh:
            values = {**row, "position": position * STEP, "sure_from": Decimal(row.get("sure_from", 0))}
            ReplyRule.objects.get_or_create(code=row["code"], defaults=values)
    codes = [row["code"] for row in content["templates"]]
    new = never_given("reply template", codes, at=at)
    for position, row in enumerate(content["templates"], start=1):
        for key, language in LANGUAGES.items() if row["code"] in new else ():
            check(row[key])
            ReplyTemplate.objects.get_or_create(
                code=row["code"],
                language=language,
                defaults={
                    "feeling": row["feeling"],
                    "aspect": row.get("aspect", ""),
                    "text": row[key],
                    "position": position * STEP,
                },
            )


def shipped() -> dict[str, Any]:
    """What the data file lists."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
