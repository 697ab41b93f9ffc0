"""Which fields a kind of question has, and what makes no sense in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from surveys.models import Choice, Question, QuestionKind
from surveys.questionnaires.rules import LISTED, SCORED, USUAL_SCALE, ends

MOST_CHOICES = 100
SCALES = {
    QuestionKind.CSAT: range(3, 11),
    QuestionKind.LIKERT: range(3, 11),
    QuestionKind.MATRIX: range(3, 11),
    QuestionKind.CES: (5, 7),
    QuestionKind.STARS: (5,),
}
SHUFFLED = LISTED
ENDED = frozenset({*SCORED, QuestionKind.MATRIX}) - {QuestionKind.STARS}
ENDS = ("low_end", "low_end_en", "high_end", "high_end_en")
"""What the ends of a scale mean, in words of the question's own."""
OWN: dict[str, frozenset[QuestionKind]] = {
    "scale": frozenset(SCALES),
    "bad_up_to": frozenset(SCORED),
    "choices": frozenset(LISTED),
    "is_shuffled": frozenset(SHUFFLED),
    "most": frozenset({QuestionKind.MULTIPLE, QuestionKind.PICTURE, QuestionKind.VOICE}),
    "lowest": frozenset({QuestionKind.NUMBER}),
    "highest": frozenset({QuestionKind.NUMBER}),
    "need": frozenset({QuestionKind.KANO}),
    **dict.fromkeys(ENDS, ENDED),
}
"""Fields that only some kinds have."""
ASPECTS = frozenset(QuestionKind) - {QuestionKind.CONSENT}
OF_CHOICES: dict[str, frozenset[QuestionKind]] = {
    "is_alone": frozenset({QuestionKind.MULTIPLE}),
    "is_last": frozenset(LISTED),
    "takes_text": frozenset({QuestionKind.SINGLE, QuestionKind.MULTIPLE}),
}
MOST_FILES = 9


def has(kind: str, field: str) -> bool:
    """Whether a question of a kind has a field."""
    return QuestionKind(kind) in OWN.get(field, frozenset(QuestionKind))


def usual(kind: str) -> dict[str, Any]:
    """What a new question of a kind begins with."""
    begun: dict[str, Any] = {"scale": USUAL_SCALE.get(QuestionKind(kind))}
    if kind in {QuestionKind.TEXT, QuestionKind.SHORT, QuestionKind.PICTURE, QuestionKind.VOICE}:
        begun["is_required"] = False
    return begun


def as_kind(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A question's document as one of another kind: without what that kind does not have."""
    kept = {name: value for name, value in row.items() if has(kind, name)}
    if "choices" in kept:
        kept["choices"] = [
            {name: value for name, value in choice.items() if kind in OF_CHOICES.get(name, {kind})}
            for choice in kept["choices"]
        ]
    if QuestionKind(kind) in SCALES and kept.get("scale") not in SCALES[QuestionKind(kind)]:
        kept["scale"] = USUAL_SCALE[QuestionKind(kind)]
    if (bad := kept.get("bad_up_to")) is not None:
        low, high = ends(Question(kind=kind, scale=kept.get("scale")))
        if not low <= bad < high:
            del kept["bad_up_to"]
    return {**kept, "kind": str(kind)}


def problems(question: Question, choices: Sequence[Choice]) -> Iterator[tuple[str, str]]:
    """What makes no sense in a question, whether or not it is whole: the field, and why, in words."""
    kind = QuestionKind(question.kind)
    yield from _foreign(question, choices)
    if kind in SCALES and question.scale not in SCALES[kind]:
        allowed = ", ".join(map(str, SCALES[kind]))
        yield "scale", _("The scale of such a question goes up to one of: %(allowed)s") % {"allowed": allowed}
    elif question.bad_up_to is not None and kind in SCORED:
        low, high = ends(question)
        if not low <= question.bad_up_to < high:
            yield "bad_up_to", _("The best score cannot be a bad one.")
    if question.most == 0:
        yield "most", _("It must be at least one.")
    elif question.most and kind in {QuestionKind.PICTURE, QuestionKind.VOICE} and question.most > MOST_FILES:
        yield "most", _("At most %(most)s files.") % {"most": MOST_FILES}
    if question.lowest is not None and question.highest is not None and question.lowest > question.highest:
        yield "highest", _("This is below the lowest that is taken.")
    codes = [choice.code for choice in choices]
    if len(set(codes)) < len(codes):
        yield "choices", _("Two choices have the same code.")
    if len(choices) > MOST_CHOICES:
        yield "choices", _("At most %(most)s choices.") % {"most": MOST_CHOICES}


def _foreign(question: Question, choices: Sequence[Choice]) -> Iterator[tuple[str, str]]:
    """Fields that a question of this kind does not have."""
    kind = QuestionKind(question.kind)
    for field in ("scale", "bad_up_to", "most", "lowest", "highest"):
        if getattr(question, field) is not None and not has(kind, field):
            yield field, _("A question of this kind does not have this.")
    for field in ENDS:
        if getattr(question, field) and not has(kind, field):
            yield field, _("A question of this kind does not have this.")
    if question.is_shuffled and not has(kind, "is_shuffled"):
        yield "is_shuffled", _("A question of this kind does not have this.")
    if choices and kind not in LISTED:
        yield "choices", _("A question of this kind has no choices.")
    for field, kinds in OF_CHOICES.items():
        if kind in LISTED and kind not in kinds and any(getattr(choice, field) for choice in choices):
            yield (
                "choices",
                _("Choices of such a question do not have this: %(name)s")
                % {"name": capfirst(getattr(Choice._meta.get_field(field), "verbose_name", field))},
            )
