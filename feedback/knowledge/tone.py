"""How we speak to members: what a reply should hold and must not, as data, told while it is being written."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.common.errors import Invalid
from config.common.words import plain
from feedback.models import ToneRule, ToneRuleKind, ToneSeverity

OPENING_LENGTH = 40
READ = 20_000
BLANK = "____"
"""What a template leaves where something is missing: never to be sent."""
LEFT_OVER = re.compile(r"\{\{.*?\}\}|_{3,}|\{%.*?%\}", re.DOTALL)
ORDER = {ToneSeverity.BLOCK: 0, ToneSeverity.WARNING: 1, ToneSeverity.HINT: 2}


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - what it is; the builtin is not used here
    """Something about a text that its writer should know."""

    rule: str
    severity: str
    advice: str
    found: str = ""
    better: str = ""


class BadTone(Invalid):
    """The text holds what must not be sent."""

    code = "bad_tone"


def warnings(text: str, *, language: str = "", kind: str = "") -> list[Warning]:
    """What is wrong with how a reply sounds, the worst first; nothing for an empty one.

    `kind` is that of the case: some rules are only for complaints. One query.
    """
    if not text.strip():
        return []
    rules = ToneRule.objects.filter(is_active=True)
    found = [*_left_over(text), *check(text, rules, language=language, kind=kind)]
    return sorted(found, key=lambda one: ORDER[ToneSeverity(one.severity)])


def check(text: str, rules: Iterable[ToneRule], *, language: str = "", kind: str = "") -> Iterator[Warning]:
    """The warnings of some rules."""
    whole = plain(text[:READ])
    for rule in rules:
        if (rule.language and language and rule.language != language) or (
            rule.kinds and kind not in rule.kinds
        ):
            continue
        said = _said(whole, rule)
        if rule.kind == ToneRuleKind.FORBIDDEN and said:
            yield Warning(rule.code, rule.severity, rule.advice, said, rule.better)
        elif rule.kind != ToneRuleKind.FORBIDDEN and not said:
            yield Warning(rule.code, rule.severity, rule.advice, "", rule.better)


def refuse_blocked(text: str, *, language: str = "", kind: str = "") -> None:
    """Refuse a text that a rule blocks.

    Raises:
        BadTone: with what is wrong and what to say instead.
    """
    rules = ToneRule.objects.filter(is_active=True, severity=ToneSeverity.BLOCK)
    for one in check(text, rules, language=language, kind=kind):
        advice = f"“{one.found}” – {one.advice}" if one.found else one.advice
        raise BadTone(f"{advice} {one.better}".strip(), rule=one.rule)


def _said(whole: str, rule: ToneRule) -> str:
    """The first of the rule's phrases that the text says, outside those that are harmless."""
    where = whole[:OPENING_LENGTH] if rule.kind == ToneRuleKind.OPENING else whole
    for harmless in rule.allowed:
        where = where.replace(plain(harmless), " ")
    return next((phrase for phrase in rule.phrases if phrase.strip() and plain(phrase) in where), "")


def _left_over(text: str) -> Iterator[Warning]:
    for found in dict.fromkeys(LEFT_OVER.findall(text[:READ])):
        yield Warning("left-over", ToneSeverity.WARNING, _("Something is still to be filled in."), found[:60])
