"""What of cases stands in the way of erasing a member."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from feedback.models import Case, CaseStatus


def standing(member_id: int, *, hold: bool) -> Iterator[object]:
    """Cases that are still worked on; all of the member's are held, so that none is reopened meanwhile."""
    cases = Case.objects.filter(member=member_id).order_by("pk")
    for case in cases.select_for_update(no_key=True) if hold else cases.exclude(status=CaseStatus.CLOSED):
        if case.status != CaseStatus.CLOSED:
            yield _("case %(number)s") % {"number": case.number}
