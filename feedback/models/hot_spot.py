"""What figures about gaps are kept in: sums by day, and notes of what has to be summed or compared anew."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Product
from feedback.models.gap import Aspect, Gap, Promise
from feedback.models.review import Review, ReviewScore


class SpotBy(models.TextChoices):
    """What gaps are gathered by."""

    ALL = "all", _("everything")
    PRODUCT = "product", _("product")
    SUPPLIER = "supplier", _("supplier")
    COURIER = "courier", _("courier")
    REGION = "region", _("region")
    CHANNEL = "channel", _("channel")
    DEPARTMENT = "department", _("department")
    SOURCE = "source", _("who promised")


class GapDay(models.Model):
    """How many promises fell due on a day, and how many of them have a gap that stands; by one thing.

    Written anew by `feedback.gaps.days`, a day and an aspect at a time.
    """

    day = models.DateField()
    aspect = models.CharField(max_length=16, choices=Aspect)
    by = models.CharField(max_length=12, choices=SpotBy)
    value = models.CharField(max_length=80, blank=True)
    n = models.PositiveIntegerField(help_text="Orders with such a promise; reviews; clocks.")
    gaps = models.PositiveIntegerField()
    severe = models.PositiveIntegerField(default=0)
    stars = models.PositiveIntegerField(default=0, help_text="The sum, of reviews.")
    squares = models.PositiveIntegerField(default=0, help_text="The sum of their squares.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="gapday_once", fields=["aspect", "day", "by", "value"]),
            models.CheckConstraint(name="gapday_part", condition=Q(gaps__lte=models.F("n"))),
        ]
        indexes = [
            models.Index(name="gapday_line", fields=["aspect", "by", "value", "day"])
        ]  # one line in time

    def __str__(self) -> str:
        return f"{self.day} {self.aspect} {self.by} {self.value}"


class GapDayDue(models.Model):
    """A day whose sums are no longer right. Only added, so that nobody waits; see gaps.days.catch_up."""

    day = models.DateField()
    aspect = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"{self.day} {self.aspect}"


class ReviewDue(models.Model):
    """A review that came or changed since gaps of quality were looked for; kept by triggers of reviews."""

    review_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.review_id)


class LinesDue(models.Model):
    """Order lines that claims or facts changed for: of a product, a category or all, placed in a time."""

    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    category = models.CharField(max_length=80, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    upto = models.BigIntegerField(default=0, help_text="Lines up to here are done: primary key.")

    def __str__(self) -> str:
        return f"{self.product_id} {self.category} {self.since}"


SIDES = ("was", "came")
DAY = "(({}) AT TIME ZONE 'Asia/Shanghai')::date"
NEW = "SELECT DISTINCT {day}, aspect FROM fresh"
BOTH = """
    SELECT DISTINCT {day}, aspect FROM (
        SELECT was.{at} AS {at}, was.aspect FROM gone AS was JOIN fresh AS came USING (id)
        WHERE ({was}) IS DISTINCT FROM ({came})
        UNION ALL
        SELECT came.{at}, came.aspect FROM gone AS was JOIN fresh AS came USING (id)
        WHERE ({was}) IS DISTINCT FROM ({came})
    ) AS both_days
"""


def _marking(model: type[models.Model], at: str, columns: tuple[str, ...]) -> None:
    """Note the days of rows that come or change in one of the columns, once a statement."""
    given = {
        "day": DAY.format(at),
        "at": at,
        **{side: ", ".join(f"{side}.{name}" for name in columns) for side in SIDES},
    }
    for name, operation, referencing, days in (
        ("day_came", pgtrigger.Insert, pgtrigger.Referencing(new="fresh"), NEW),
        ("day_changed", pgtrigger.Update, pgtrigger.Referencing(old="gone", new="fresh"), BOTH),
    ):
        pgtrigger.register(
            pgtrigger.Trigger(
                name=name,
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=operation,
                referencing=referencing,
                func=f"INSERT INTO feedback_gapdaydue (day, aspect) {days.format(**given)}; RETURN NULL;",
            )
        )(model)


_marking(Promise, "due_at", ("due_at", "withdrawn_at"))
_marking(Gap, "expected_at", ("expected_at", "withdrawn_at", "severity"))

COMPARED = ("order_id", "product_id", "stars", "status", "deleted_at")
"""Columns of a review that decide whether it has a gap, and which."""
WAS, CAME = (", ".join(f"{side}.{name}" for name in COMPARED) for side in SIDES)
CHANGED = f"""
    SELECT came.id FROM gone AS was JOIN fresh AS came USING (id)
    WHERE ({WAS}) IS DISTINCT FROM ({CAME})
"""  # noqa: S608 - names only

NEW_ROWS = pgtrigger.Referencing(new="fresh")
for _model, _name, _operation, _referencing, _reviews in (
    (Review, "compare_new", pgtrigger.Insert, NEW_ROWS, "SELECT id FROM fresh"),
    (Review, "compare_changed", pgtrigger.Update, pgtrigger.Referencing(old="gone", new="fresh"), CHANGED),
    (ReviewScore, "compare_scored", pgtrigger.Insert, NEW_ROWS, "SELECT DISTINCT review_id FROM fresh"),
):
    pgtrigger.register(
        pgtrigger.Trigger(
            name=_name,
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=_operation,
            referencing=_referencing,
            func=f"INSERT INTO feedback_reviewdue (review_id) {_reviews}; RETURN NULL;",
        )
    )(_model)
