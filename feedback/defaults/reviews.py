"""How reviews are taken and moderated at first: dimensions, reasons, signals, words. Edits stay."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from config.common.seeding import never_given
from feedback.models import (
    ModerationReason,
    ModerationWord,
    ReviewDimension,
    ReviewSetup,
    RewardedKind,
    RewardRule,
    Signal,
    SignalRule,
)

FOLDER = Path(__file__).parent
DIMENSIONS = (
    ("product-quality", "商品质量", "Product quality"),
    ("logistics-speed", "物流速度", "Speed of delivery"),
    ("after-sales", "售后服务", "After-sales service"),
)
RULES: tuple[tuple[Signal, int, dict[str, int]], ...] = (
    (Signal.BURST_MEMBER, 30, {"at_least": 5, "within_hours": 1}),
    (Signal.BURST_DEVICE, 40, {"at_least": 3, "within_hours": 24}),
    (Signal.DUPLICATE, 50, {"at_least": 1, "similarity": 55}),
    (Signal.STARS_TEXT, 20, {}),
    (Signal.UNVERIFIED, 30, {}),
    (Signal.CONTACT, 60, {}),
    (Signal.ADVERT, 50, {}),
    (Signal.ABUSE, 50, {}),
    (Signal.PAID, 50, {}),
)


REWARDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("detailed", "写得详细", "Detailed", {"length_from": 30, "dimensions_from": 1, "points": 10}),
    ("with-pictures", "带图评价", "With pictures", {"length_from": 15, "pictures_from": 1, "points": 10}),
    ("picked", "审核员推荐", "Picked", {"asks_pick": True, "points": 20}),
    ("helpful", "对大家有用", "Helpful to others", {"votes_from": 5, "points": 20}),
    (
        "used-a-while", "用过再评", "After using it",
        {"about": RewardedKind.FOLLOW_UP, "length_from": 15, "after_days": 14, "points": 10},
    ),
)  # fmt: skip


def seed_rewards(at: datetime) -> None:
    """Give each rule once; what is written from then on earns by it."""
    fresh = never_given("reward rule", [one[0] for one in REWARDS], at=at)
    for position, (code, name, name_en, terms) in enumerate(REWARDS, 1):
        if code in fresh:
            values = {"name": name, "name_en": name_en, "position": position, "starts_at": at, **terms}
            RewardRule.objects.get_or_create(code=code, defaults=values)


def seed_reviews(at: datetime) -> None:
    """Give each thing once; what people changed or took away stays so."""
    ReviewSetup.objects.get_or_create(pk=1)
    fresh = never_given("review dimension", [one[0] for one in DIMENSIONS], at=at)
    for position, (code, name, name_en) in enumerate(DIMENSIONS, 1):
        if code in fresh:
            values = {"name": name, "name_en": name_en, "position": position}
            ReviewDimension.objects.get_or_create(code=code, defaults=values)
    reasons = _read("moderation_reasons")
    fresh = never_given("moderation reason", reasons, at=at)
    for position, (code, values) in enumerate(reasons.items(), 1):
        if code in fresh:
            ModerationReason.objects.get_or_create(code=code, defaults={**values, "position": position})
    fresh = never_given("moderation signal", [str(signal) for signal, _weight, _more in RULES], at=at)
    for signal, weight, more in RULES:
        if signal in fresh:
            SignalRule.objects.get_or_create(signal=signal, defaults={"weight": weight, **more})
    words = {f"{word.signal}:{word.text}": word for word in shipped()}
    new = never_given("moderation word", words, at=at)
    ModerationWord.objects.bulk_create([words[key] for key in sorted(new)], ignore_conflicts=True)


def shipped() -> Iterator[ModerationWord]:
    """The words of the data file."""
    for signal, group in _read("moderation_words").items():
        for word in group["words"].split("|"):
            yield ModerationWord(signal=signal, text=word.strip())
        for pattern in group.get("patterns", ()):
            yield ModerationWord(signal=signal, text=pattern, is_pattern=True)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
