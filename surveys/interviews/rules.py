"""Whom to talk to: points by stated rules, spread over segments, always the same for the same month."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

MOST_COUNTED = 3
"""Bad answers and complaints of one member that count: a fourth says nothing new."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each rule is worth."""

    detractor: int
    spending: int
    complaints: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who may be asked, with what the rules go by; `quota` is the share they count in."""

    member_id: int
    bad: int = 0
    complaints: int = 0
    year_fen: int = 0
    spends_much: bool = False
    quota: int | None = None
    segment: str = ""


def reasons(one: Candidate, weights: Weights) -> dict[str, dict[str, int]]:
    """Why a member is proposed: by rule its figure and its points; rules that give none are left out."""
    found = {
        "detractor": {"figure": one.bad, "points": min(one.bad, MOST_COUNTED) * weights.detractor},
        "spending": {"figure": one.year_fen, "points": weights.spending if one.spends_much else 0},
        "complaints": {
            "figure": one.complaints,
            "points": min(one.complaints, MOST_COUNTED) * weights.complaints,
        },
    }
    return {name: reason for name, reason in found.items() if reason["points"]}


def points(one: Candidate, weights: Weights) -> int:
    """What the rules give a member in all."""
    return sum(reason["points"] for reason in reasons(one, weights).values())


def choose(
    candidates: Iterable[Candidate],
    weights: Weights,
    quotas: Mapping[int, int],
    *,
    month: date,
    fewest: int,
    most: int,
) -> list[Candidate]:
    """Those with most points, no more of a share than its quota, `most` in all.

    Of equal points who spent more comes first, then chance, which is the same for the same month and member.
    Where the quotas leave fewer than `fewest`, the best of those whom they left out follow. Whom no rule
    gives a point is never chosen; without any quota there is no share to keep.
    """
    ranked = sorted(
        (one for one in candidates if points(one, weights) > 0),
        key=lambda one: (-points(one, weights), -one.year_fen, _chance(month, one.member_id)),
    )
    left, chosen, others = dict(quotas), list[Candidate](), list[Candidate]()
    for one in ranked:
        if len(chosen) == most:
            break
        if not quotas:
            chosen.append(one)
        elif one.quota is not None and left.get(one.quota, 0) > 0:
            left[one.quota] -= 1
            chosen.append(one)
        else:
            others.append(one)
    return chosen + others[: max(min(fewest, most) - len(chosen), 0)]


def _chance(month: date, member_id: int) -> str:
    return hashlib.sha256(f"{month:%Y-%m}|{member_id}".encode()).hexdigest()


def questions(text: str) -> Sequence[str]:
    """The questions of a guide, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def first_of(day: date) -> date:
    """The first day of a month."""
    return day.replace(day=1)


def total(reason: Mapping[str, Any]) -> int:
    """The points of what an interview keeps as its reasons."""
    return sum(int(one["points"]) for one in reason.values())
