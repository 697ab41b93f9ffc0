"""How sure we have to be: precision and recall of automatic answers on questions in people's own words."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from feedback.defaults.knowledge import seed_knowledge
from feedback.knowledge.answering import CONFIDENCE, MARGIN
from feedback.knowledge.queries import find
from tests.factories.compensation import T0

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21")]

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text())
LANGUAGES = {"zh": "zh-hans", "en": "en"}


class Asked(NamedTuple):
    """A question, the article that answers it, what was found, and how sure and how far ahead it was."""

    question: str
    right: str
    found: str
    score: float
    ahead: float


class Quality(NamedTuple):
    """Of the answers how many were right; of the questions that can be answered how many were."""

    precision: float
    recall: float
    wrong: list[Asked]


def ask() -> Iterator[Asked]:
    for name, language in LANGUAGES.items():
        for question, right in QUESTIONS[name]:
            found = find(question, audience="member", language=language, limit=2)
            scores = [one.score for one in found] + [0.0, 0.0]
            yield Asked(question, right, found[0].code if found else "", scores[0], scores[0] - scores[1])


def quality(asked: list[Asked], confidence: float, margin: float) -> Quality:
    given = [one for one in asked if one.score >= confidence and one.ahead >= margin]
    right = [one for one in given if one.right == one.found]
    known = [one for one in asked if one.right]
    return Quality(
        len(right) / len(given) if given else 1.0,
        len(right) / len(known),
        [one for one in given if one.right != one.found],
    )


def test_what_is_answered_without_a_person_is_right():
    seed_knowledge(T0)
    asked = list(ask())
    shipped = quality(asked, float(CONFIDENCE), float(MARGIN))
    for confidence in (0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7):
        one = quality(asked, confidence, float(MARGIN))
        print(f"{confidence:.2f}  precision {one.precision:.3f}  recall {one.recall:.3f}  wrong {one.wrong}")
    first = sum(one.right == one.found for one in asked if one.right) / sum(bool(one.right) for one in asked)
    print(f"right article first: {first:.3f} of {len(asked)} questions")
    assert shipped.precision >= 0.95, shipped.wrong
    assert shipped.recall >= 0.5
    assert first >= 0.9
