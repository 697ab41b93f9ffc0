"""Links between cases that stay cases of their own."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.case import Case


class LinkKind(models.TextChoices):
    """How one case stands to the other."""

    RELATED = "related", _("related")
    DUPLICATE = "duplicate", _("duplicate")
    PARENT = "parent", pgettext_lazy("case", "above")
    SPLIT = "split", _("split off")


class CaseLink(models.Model):
    """Two cases that have to do with one another.

    Of a parent, `case` is the one above; of a split, the one that `other` was taken out of. The rest look
    the same from both ends.
    """

    case = models.ForeignKey(  # caselink_once begins with it
        Case, models.CASCADE, verbose_name=_("case"), related_name="links", db_index=False
    )
    other = models.ForeignKey(Case, models.CASCADE, verbose_name=_("other case"), related_name="linked_from")
    kind = models.CharField(_("kind"), max_length=12, choices=LinkKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("link between cases")
        verbose_name_plural = _("links between cases")
        constraints = [
            models.CheckConstraint(name="caselink_kind_known", condition=Q(kind__in=LinkKind.values)),
            models.CheckConstraint(name="caselink_two_cases", condition=~Q(case=F("other"))),
            models.UniqueConstraint(name="caselink_once", fields=["case", "other"]),
            models.UniqueConstraint(
                Least("case", "other"), Greatest("case", "other"), name="caselink_one_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.other_id}"
