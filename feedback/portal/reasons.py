"""What can be wrong, in the words of members: one tap each."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from feedback.models import CaseKind


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that can be wrong."""

    label: str | Promise
    kind: CaseKind
    about_order: bool = True


REASONS = {
    "late": Reason(_("Late or not arrived"), CaseKind.COMPLAINT),
    "damaged": Reason(_("Arrived damaged"), CaseKind.COMPLAINT),
    "wrong": Reason(_("Wrong or missing item"), CaseKind.COMPLAINT),
    "different": Reason(_("Not as described"), CaseKind.COMPLAINT),
    "price": Reason(_("Price or discount"), CaseKind.COMPLAINT),
    "refund": Reason(_("Return or refund"), CaseKind.REFUND),
    "question": Reason(_("A question"), CaseKind.ENQUIRY, about_order=False),
    "idea": Reason(_("A suggestion"), CaseKind.SUGGESTION, about_order=False),
    "other": Reason(_("Something else"), CaseKind.COMPLAINT, about_order=False),
}
"""By the word in the form."""

NEEDS_TEXT = frozenset({"question", "idea", "other"})
"""Those that say nothing by themselves."""
