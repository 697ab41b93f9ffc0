"""What a playbook says, as its version keeps it; and which cases it suggests itself for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from feedback.models import Playbook, PlaybookRemedy, PlaybookStep, RemedyKind

WORD, GAP, CATEGORY, CARES = 2, 3, 1, 2
"""How much speaks for a playbook: a word that the case says, a gap of its order, its kind of product, what
the member cares about."""
MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `number` is its place, from 1."""

    number: int
    text: str
    text_en: str

    def __str__(self) -> str:
        return self.text_en if self.text_en and (get_language() or "").startswith("en") else self.text


@dataclass(frozen=True, slots=True)
class Giving:
    """One thing to give; `place` is its place, from 1. `by_itself`: with a click of its own."""

    place: int
    kind: RemedyKind
    coupon_id: int | None
    points: int | None
    note: str
    amount_fen: int | None = None
    gift: str = ""
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """A version of a playbook."""

    template_code: str
    steps: tuple[Step, ...]
    givings: tuple[Giving, ...]


def write(
    playbook: Playbook, steps: Iterable[PlaybookStep], remedies: Iterable[PlaybookRemedy]
) -> dict[str, Any]:
    """A playbook as JSON for a version."""
    return {
        "name": playbook.name,
        "name_en": playbook.name_en,
        "problem": playbook.problem,
        "template": playbook.template_code,
        "steps": [{"text": step.text, "text_en": step.text_en} for step in steps],
        "remedies": [
            {
                "kind": one.kind,
                "coupon": one.coupon_id,
                "points": one.points,
                "note": one.note,
                "amount_fen": one.amount_fen,
                "gift": one.gift,
                "by_itself": one.by_itself,
            }
            for one in remedies
        ],
    }


def read(content: dict[str, Any]) -> Content:
    """A version from its JSON."""
    return Content(
        template_code=content["template"],
        steps=tuple(
            Step(number, step["text"], step["text_en"])
            for number, step in enumerate(content["steps"], start=1)
        ),
        givings=tuple(_giving(place, one) for place, one in enumerate(content["remedies"], start=1)),
    )


def _giving(place: int, one: dict[str, Any]) -> Giving:
    """A remedy of a version; in those of before, what was not a coupon or points went by itself."""
    kind = RemedyKind(one["kind"])
    return Giving(
        place=place,
        kind=kind,
        coupon_id=one["coupon"],
        points=one["points"],
        note=one["note"],
        amount_fen=one.get("amount_fen"),
        gift=one.get("gift", ""),
        by_itself=one.get("by_itself", kind not in {RemedyKind.COUPON, RemedyKind.POINTS}),
    )


def check(content: Content) -> None:
    """Refuse a playbook that makes no sense.

    Raises:
        Invalid: neither steps nor a template nor remedies, or the same thing twice.
    """
    if not (content.steps or content.template_code or content.givings):
        raise Invalid(_("A playbook needs a step, a template or a remedy."))
    coupons = [one.coupon_id for one in content.givings if one.coupon_id is not None]
    kinds = [one.kind for one in content.givings if one.kind != RemedyKind.COUPON]
    if len(set(coupons)) < len(coupons) or len(set(kinds)) < len(kinds):
        raise Invalid(_("The same coupon, and each other kind of remedy, can be given once for a case only."))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a case is about, as far as playbooks go by it. `said` is in plain letters (words.plain)."""

    kind: str
    said: str
    aspects: frozenset[str] = field(default_factory=frozenset)
    categories: frozenset[str] = field(default_factory=frozenset)
    cares: str = ""
    """What the member cares about most; empty where we are not sure."""


def fit(playbook: Playbook, facts: Facts, words: Sequence[str]) -> int:
    """How well a playbook fits a case; 0 when nothing speaks for it, or its kind or category is another.

    `words` are the playbook's in plain letters. Only a word or a gap suggests a playbook; the category, and
    what the member cares about, then tell it from a more general one.
    """
    if playbook.kinds and facts.kind not in playbook.kinds:
        return 0
    if playbook.categories and not facts.categories.intersection(playbook.categories):
        return 0
    if playbook.cares and facts.cares not in playbook.cares:
        return 0
    said = sum(1 for word in words if word and word in facts.said)
    gaps = GAP if facts.aspects.intersection(playbook.aspects) else 0
    evidence = WORD * min(said, MOST_WORDS) + gaps
    narrower = CATEGORY * bool(playbook.categories) + CARES * bool(playbook.cares)
    return evidence + narrower if evidence else 0
