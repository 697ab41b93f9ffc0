"""Links between cases that stay cases of their own, and which cases look like the same problem twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.errors import Invalid, NotFound
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import lock_both
from feedback.cases.queries import visible_to
from feedback.cases.rules import likeness
from feedback.models import Case, CaseLink, LinkKind

RECENT = timedelta(days=30)
SAME_DAY = timedelta(hours=24)
LOOKED_AT = 30
SUGGESTED = 3
ALIKE = 0.25  # of two texts that say the same in other words; unrelated ones stay below a tenth


@dataclass(frozen=True, slots=True)
class Linked:
    """The other case of a link, and what it is to this one."""

    link: CaseLink
    case: Case
    how: str | Promise


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case that may be the same problem, and why; `score` sorts, it means nothing by itself."""

    case: Case
    reasons: list[str | Promise]
    score: float


@transaction.atomic
def link(*, case_id: int, other_id: int, kind: str, actor: User, at: datetime) -> CaseLink:
    """Link two cases; of a parent, `case_id` is the one above. Again changes nothing, but for the kind.

    Raises:
        NotFound: there is no such case.
        Invalid: a case with itself, no such kind, a circle of parents, or a second parent.
        Merged: one of them went on as another case.
    """
    if kind not in {LinkKind.RELATED, LinkKind.DUPLICATE, LinkKind.PARENT}:
        raise Invalid(_("Choose how the cases belong together."))
    case, other = lock_both(case_id, other_id)
    known = CaseLink.objects.filter(_between(case.pk, other.pk)).first()
    if known and (known.kind == kind) and (kind != LinkKind.PARENT or known.case_id == case.pk):
        return known
    if known:
        known.delete()
    if kind == LinkKind.PARENT:
        _check_parent(case, other)
    made = CaseLink.objects.create(case=case, other=other, kind=kind, by=actor, at=at)
    for one, two in ((case, other), (other, case)):
        record("case.linked", one, actor=actor, at=at, case=two.pk, link=kind)
    return made


@transaction.atomic
def unlink(*, case_id: int, other_id: int, actor: User, at: datetime) -> None:
    """Take the link between two cases away. What is not linked stays so.

    Raises:
        NotFound: there is no such case.
    """
    case, other = lock_both(case_id, other_id)
    gone, _of = CaseLink.objects.filter(_between(case.pk, other.pk)).delete()
    if gone:
        for one, two in ((case, other), (other, case)):
            record("case.unlinked", one, actor=actor, at=at, case=two.pk)


def links_of(case: Case, user: User) -> list[Linked]:
    """The cases that are linked with this one, as far as this person may see them. Two queries."""
    links = CaseLink.objects.filter(Q(case=case) | Q(other=case)).order_by("at", "pk")
    ends = {link.other_id if link.case_id == case.pk else link.case_id: link for link in links}
    if not ends:
        return []
    seen = visible_to(user).select_related("department", "agent__user").in_bulk(list(ends))
    return [Linked(link, seen[pk], _how(link, case)) for pk, link in ends.items() if pk in seen]


def suggestions(case: Case, user: User, *, at: datetime) -> list[Suggestion]:
    """Cases of the same member that may be the same problem, likeliest first, by the index `case_member`.

    Open ones of the last weeks about the same order, in near words, or of the same day and kind.
    """
    linked = CaseLink.objects.filter(_between(case.pk, None))
    known = {end for pair in linked.values_list("case_id", "other_id") for end in pair}
    others = (
        visible_to(user)
        .filter(member=case.member_id, resolved_at=None, opened_at__gte=at - RECENT)
        .exclude(pk=case.pk)
        .select_related("department", "agent__user")
        .order_by("-opened_at")[:LOOKED_AT]
    )
    found = [_suggestion(case, other) for other in others if other.pk not in known]
    likely = [one for one in found if one.reasons]
    return sorted(likely, key=lambda one: (-one.score, one.case.pk))[:SUGGESTED]


def _suggestion(case: Case, other: Case) -> Suggestion:
    reasons: list[str | Promise] = []
    alike = max(
        likeness(case.subject, other.subject), likeness(case.last_message, other.last_message)
    )  # the words that the member used last
    same_day = abs(case.opened_at - other.opened_at) <= SAME_DAY
    score = alike
    if case.order_id is not None and case.order_id == other.order_id:
        reasons.append(_("same order"))
        score += 1
    if alike >= ALIKE:
        reasons.append(_("near words"))
    if same_day and (reasons or case.kind == other.kind):
        reasons.append(_("same day"))
        score += 0.3
    return Suggestion(other, reasons, score)


def _between(case_id: int, other_id: int | None) -> Q:
    """The link of two cases, whichever comes first; without the other, every link of the one."""
    if other_id is None:
        return Q(case=case_id) | Q(other=case_id)
    return Q(case=case_id, other=other_id) | Q(case=other_id, other=case_id)


def _check_parent(case: Case, other: Case) -> None:
    """Refuse a second case above, and a circle."""
    has = CaseLink.objects.filter(other=other, kind=LinkKind.PARENT).exclude(case=case)
    if has.exists():
        raise Invalid(_("%(number)s has a case above it already.") % {"number": other.number})
    if other.pk in _above(case.pk):
        raise Invalid(_("%(number)s stands above this case.") % {"number": other.number})


def _above(case_id: int) -> Iterator[int]:
    seen = {case_id}
    above: int | None = case_id
    while above is not None:
        links = CaseLink.objects.filter(other=above, kind=LinkKind.PARENT)
        above = links.values_list("case_id", flat=True).first()
        if above is None or above in seen:
            return
        seen.add(above)
        yield above


def _how(link: CaseLink, case: Case) -> str | Promise:
    """What the other case is to this one."""
    if link.kind == LinkKind.PARENT:
        is_above = link.other_id == case.pk
        return pgettext_lazy("case", "above") if is_above else pgettext_lazy("case", "below")
    if link.kind == LinkKind.SPLIT:
        return _("split off") if link.case_id == case.pk else _("split off from")
    return str(LinkKind(link.kind).label)


def find_numbered(user: User, text: str) -> Case:
    """The case that somebody names by its number, if this person may see it.

    Raises:
        Invalid: that is no number of a case.
        NotFound: there is none with it for this person.
    """
    number = text.strip().upper().removeprefix("HY").lstrip("0")
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):  # noqa: PLR2004 - a bigint's digits
        raise Invalid(_("Type the number of a case, such as HY0000012."))
    found = visible_to(user).filter(pk=int(number)).first()
    if found is None:
        raise NotFound(_("There is no such case, or it is another department's."))
    return found
