"""What we know of whoever is asked, for branching."""

from feedback.models import Triage
from surveys.models import Invitation


def known_of(invitation: Invitation) -> dict[str, frozenset[str]]:
    """By name (see conditions.KNOWN), the codes that hold for the member, order and case of an invitation."""
    member, order, case = invitation.member, invitation.order, invitation.case
    known = {"segment": frozenset(invitation.segments)}
    if member is not None:
        known["language"] = frozenset([member.language])
        if member.tier is not None:
            known["tier"] = frozenset([member.tier.code])
    if order is not None:
        categories = order.lines.values_list("product__category", flat=True).distinct()
        known["category"] = frozenset(str(one) for one in categories if one)
    elif case is not None and case.category:
        known["category"] = frozenset([case.category])
    if case is not None:
        triage: Triage | None = getattr(case, "triage", None)
        known["aspect"] = frozenset(triage.aspects if triage else ())
    return known
