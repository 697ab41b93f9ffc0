"""What is known of what a member cares about, for screens, the API and playbooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from compensation.models import Segment, Tier
from feedback.expectations import rules, setup
from feedback.expectations.rules import CARED, Evidence, Seen
from feedback.models import Cared, MemberExpectation

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Score:
    """One thing that members care about, and how much this one does, in percent; `usual`: their group."""

    cared: Cared
    percent: float
    usual: float
    is_first: bool
    evidence: Sequence[Evidence]


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a member cares about, the most first, with what speaks for it."""

    row: MemberExpectation
    scores: Sequence[Score]

    @property
    def first(self) -> Cared | None:
        """What they care about most; None where we are not sure."""
        return Cared(self.row.cares_for) if self.row.cares_for else None

    @property
    def evidence(self) -> list[Evidence]:
        """What speaks most, whatever for."""
        return sorted((one for score in self.scores for one in score.evidence), key=lambda e: -e.votes)[
            :SHOWN
        ]


def of_member(member_id: int) -> Portrait | None:
    """What a member cares about; None where nothing is known or they refused. Four queries."""
    row = MemberExpectation.objects.filter(member=member_id).first()
    return portrait(row) if row else None


def portrait(row: MemberExpectation) -> Portrait:
    """A row with what speaks for it, by the weights of now."""
    told = rules.evidence(signs_in(row), setup.weights())
    usual = setup.mean_of(row.group, setup.means())
    scores = [
        Score(
            Cared(one), row.score(one), usual[one], one == row.cares_for, [e for e in told if e.cared == one]
        )
        for one in CARED
    ]
    return Portrait(row, sorted(scores, key=lambda score: -score.percent))


def group_names() -> dict[str, str]:
    """What groups of members are called, by the names that rows keep. Two queries."""
    tiers = {f"tier:{one.code}": str(one) for one in Tier.objects.all()}
    segments = {f"segment:{one.code}": str(one) for one in Segment.objects.all()}
    return {setup.ALL: _("all members"), **tiers, **segments}


def signs_in(row: MemberExpectation) -> Mapping[str, Seen]:
    """The signs that a row keeps."""
    return {sign: Seen(*one) for sign, one in row.signs.items()}


def cares_of(member_id: int) -> str:
    """What a member cares about most; empty where we are not sure. One query."""
    rows = MemberExpectation.objects.filter(member=member_id)
    return rows.values_list("cares_for", flat=True).first() or ""


def in_words(one: Evidence) -> str:
    """A piece of evidence for people: 'cases about delivery: 3 of 5'."""
    if one.of is None:
        return _("%(sign)s: %(n)s") % {"sign": one.sign.label, "n": one.n}
    return _("%(sign)s: %(n)s of %(of)s") % {"sign": one.sign.label, "n": one.n, "of": one.of}
