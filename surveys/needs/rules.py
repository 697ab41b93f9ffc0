"""In which order needs are looked at."""

from dataclasses import dataclass

from surveys.kano.classify import Summary
from surveys.models import KanoCategory, NeedState

FEW = 30
"""Answers below which a category may be chance: it is shown, marked, and puts nothing on top."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a need is ordered by."""

    state: str
    kano: Summary
    evidence: int
    code: str

    @property
    def is_urgent(self) -> bool:
        """Must-be and unmet: what members take for granted and do not get."""
        return (
            self.kano.category == KanoCategory.MUST_BE
            and self.kano.n >= FEW
            and self.state in {NeedState.OPEN, NeedState.PLANNED}
        )


def order(one: Standing) -> tuple[bool, bool, float, int, str]:
    """Sort by it: must-be and unmet first, what is ended last, then by how much a need moves members.

    That is better minus worse (both of Berger et al.), from 0 to 2; of too few answers it is nothing. Then
    by evidence, most first.
    """
    better, worse = one.kano.better, one.kano.worse
    moves = (better - worse) if better is not None and worse is not None and one.kano.n >= FEW else 0.0
    is_ended = one.state in {NeedState.MET, NeedState.DROPPED}
    return not one.is_urgent, is_ended, -moves, -one.evidence, one.code
