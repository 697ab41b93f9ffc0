"""Reply templates, rules of tone and playbooks of the data files. Edits are not overwritten."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from compensation.models import CouponTemplate
from config.common.seeding import never_given
from feedback.defaults.knowledge import LANGUAGES, STEP
from feedback.models import Playbook, PlaybookRemedy, PlaybookStep, Template, ToneRule
from feedback.playbooks.commands import publish
from feedback.playbooks.texts import check

FOLDER = Path(__file__).with_name("replies")
CONDITIONS = ("kinds", "aspects", "categories", "words", "cares")


def seed_templates(at: datetime) -> None:
    """Give each reply template once, and the rules of tone where there are none."""
    shipped = rows("templates")
    codes = [row["code"] for row in shipped]
    fresh = set(never_given("template", codes, before=codes if Template.objects.exists() else (), at=at))
    fresh -= set(Template.objects.filter(code__in=fresh).values_list("code", flat=True))
    for position, row in enumerate(shipped, start=1):
        for key, language in LANGUAGES.items() if row["code"] in fresh else ():
            body = row[key]["body"].strip()
            check(body)
            Template.objects.create(
                code=row["code"],
                language=language,
                problem=row["problem"],
                tone=row["tone"],
                name=row[key]["name"],
                body=body,
                position=position * STEP,
            )
    if not ToneRule.objects.exists():
        ToneRule.objects.bulk_create(ToneRule(**row) for row in rows("tone", "rules"))


def seed_playbooks(at: datetime) -> None:
    """Give each playbook once, published; the coupons that they give were seeded before."""
    shipped = rows("playbooks")
    codes = [row["code"] for row in shipped]
    fresh = set(never_given("playbook", codes, before=codes if Playbook.objects.exists() else (), at=at))
    fresh -= set(Playbook.objects.filter(code__in=fresh).values_list("code", flat=True))
    coupons = {coupon.code: coupon for coupon in CouponTemplate.objects.all()}
    for position, row in enumerate(shipped, start=1):
        if row["code"] in fresh:
            _write(row, position * STEP, coupons, at)


def rows(name: str, key: str = "") -> list[dict[str, Any]]:
    """What a data file lists."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)[key or name]
    return found


def _write(row: dict[str, Any], position: int, coupons: dict[str, CouponTemplate], at: datetime) -> None:
    playbook = Playbook.objects.create(
        code=row["code"],
        name=row["name"],
        name_en=row["name_en"],
        problem=row["problem"],
        position=position,
        template_code=row["template"],
        **{name: row.get(name, []) for name in CONDITIONS},
    )
    PlaybookStep.objects.bulk_create(
        PlaybookStep(playbook=playbook, position=place, text=text, text_en=text_en)
        for place, (text, text_en) in enumerate(row["steps"], start=1)
    )
    for place, one in enumerate(row.get("remedies", []), start=1):
        coupon = coupons.get(one.get("coupon", ""))
        if one["kind"] == "coupon" and coupon is None:  # taken out of use here: the rest still helps
            continue
        PlaybookRemedy.objects.create(
            playbook=playbook,
            position=place,
            kind=one["kind"],
            coupon=coupon,
            note=one.get("note", ""),
            by_itself=one.get("by_itself", False),
        )
    publish(playbook=playbook, actor=None, at=at)
