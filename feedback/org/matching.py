"""Which department rule takes a case: the first in order whose conditions all hold."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.models import Cared, CaseKind, Channel, DepartmentRule, Priority

FIELDS = {
    "kind": "kinds",
    "channel": "channels",
    "priority": "priorities",
    "tier": "tiers",
    "category": "categories",
    "language": "languages",
    "cares": "cares",
}
"""A fact, and the list of a rule that it must be in; an empty list lets everything pass."""

EVERYTHING: dict[str, frozenset[Any]] = {
    "kind": frozenset(CaseKind.values),
    "channel": frozenset(Channel.values),
    "priority": frozenset(Priority.values),
    "cares": frozenset({*Cared.values, ""}),
}
"""All values of a fact whose list is closed; the others are data."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a case that arrives; the text is its subject and what the member wrote."""

    kind: str
    channel: str
    priority: int
    tier: str
    category: str = ""
    language: str = ""
    text: str = ""
    cares: str = ""
    """What the member cares about most; empty where we are not sure."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a rule takes an arrival or not: the facts that failed, and the word that was found."""

    rule: DepartmentRule
    failed: tuple[str, ...]
    word: str = ""

    @property
    def taken(self) -> bool:
        """Whether it decides."""
        return self.rule.is_active and self.rule.department.is_active and not self.failed


def judge(rule: DepartmentRule, arrival: Arrival) -> Verdict:
    """Hold a rule against an arrival."""
    failed = [
        fact
        for fact, plural in FIELDS.items()
        if getattr(rule, plural) and getattr(arrival, fact) not in getattr(rule, plural)
    ]
    word = first_word(rule.words, arrival.text)
    if rule.words and word is None:
        failed.append("words")
    return Verdict(rule, tuple(failed), word or "")


def choose(rules: Iterable[DepartmentRule], arrival: Arrival) -> list[Verdict]:
    """Hold rules against an arrival, in order, up to the first that takes it (the last one then)."""
    verdicts = []
    for rule in rules:
        verdict = judge(rule, arrival)
        verdicts.append(verdict)
        if verdict.taken:
            break
    return verdicts


def first_word(words: Iterable[str], text: str) -> str | None:
    """The first of the words that stands in the text, whatever its case and width.

    A Latin word is found as a whole only ("app" not in "happy"), a Chinese one anywhere.
    """
    plain = _plain(text)
    return next((word for word in words if _stands(_plain(word), plain)), None)


def shadowed(rules: Sequence[DepartmentRule]) -> list[tuple[DepartmentRule, DepartmentRule]]:
    """Find rules that can never decide because one before takes all that fits: (rule, the one before).

    Two rules that only together take everything are not looked for.
    """
    active = [rule for rule in rules if rule.is_active and rule.department.is_active]
    return [
        (rule, cover)
        for place, rule in enumerate(active)
        if (cover := next((old for old in active[:place] if _covers(old, rule)), None))
    ]


def _covers(old: DepartmentRule, new: DepartmentRule) -> bool:
    """Tell whether whatever the new one matches, the old one matches too."""
    return all(
        not getattr(old, plural)
        or set(getattr(new, plural) or EVERYTHING.get(fact, [None])) <= set(getattr(old, plural))
        for fact, plural in FIELDS.items()
    ) and (
        not old.words
        or (bool(new.words) and all(first_word(old.words, word) is not None for word in new.words))
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _stands(word: str, text: str) -> bool:
    if not (word.isascii() and word):
        return bool(word) and word in text
    return re.search(rf"(?<![0-9a-z]){re.escape(word)}(?![0-9a-z])", text) is not None
