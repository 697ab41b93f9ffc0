"""What products are said to be, in sums that are kept, and notes of what has to be taken up anew."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from compensation.models import Product
from feedback.models.reply import Reply
from feedback.models.review import Review, ReviewPicture, ReviewScore
from feedback.models.triage import Triage

STARS = 5


class VoiceSums(models.Model):
    """What reviews of a day add up to that were written in one place."""

    day = models.DateField()
    source = models.CharField(max_length=50)
    stars = ArrayField(models.IntegerField(), help_text="How many with one star, two, … five.")
    rewarded = models.IntegerField(default=0, help_text="How many of them are rewarded.")
    feelings = ArrayField(models.IntegerField(), help_text="Texts: negative, mixed, positive, not sure.")
    aspects = models.JSONField(
        default=dict, help_text="By aspect: texts about it, spoken well of, spoken ill of."
    )
    dimensions = models.JSONField(
        default=dict, help_text="By the dimension's number: how many, stars, squares of stars."
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(name="%(class)s_five_stars", condition=models.Q(stars__len=STARS)),
            models.CheckConstraint(name="%(class)s_four_feelings", condition=models.Q(feelings__len=4)),
        ]


class VoiceDay(VoiceSums):
    """The reviews that were written of a product on a day in one place, as they count for its figures.

    Written anew by `feedback.voice.days`, a product and a day at a time.
    """

    product = models.ForeignKey(  # voiceday_once begins with it
        Product, models.CASCADE, related_name="voice_days", db_index=False
    )
    category = models.CharField(
        max_length=80, blank=True, db_default="", help_text="Of the product, as it was counted."
    )

    class Meta:
        constraints = [
            *VoiceSums.Meta.constraints,
            models.UniqueConstraint(name="voiceday_once", fields=["product", "day", "source"]),
        ]
        indexes = [
            models.Index(name="voiceday_day", fields=["day"]),  # voice.movement: all products
            models.Index(name="voiceday_category", fields=["category", "day"]),  # voice.categories
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.day} {self.source}"


class VoiceCategoryDay(VoiceSums):
    """The same of all products of a category: `VoiceDay` summed, in the same transaction."""

    category = models.CharField(max_length=80)

    class Meta:
        constraints = [
            *VoiceSums.Meta.constraints,
            models.UniqueConstraint(name="voicecategoryday_once", fields=["category", "day", "source"]),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.day} {self.source}"


class VoiceTrend(models.Model):
    """The stars of a product in the days up to one, and in as many before: what all products are ranked by.

    Kept for a few numbers of days, by `feedback.voice.trends`; all rows have the same last day.
    """

    product = models.ForeignKey(  # voicetrend_once begins with it
        Product, models.CASCADE, related_name="voice_trends", db_index=False
    )
    source = models.CharField(max_length=50, blank=True, help_text="Empty: of all places together.")
    days = models.PositiveSmallIntegerField()
    until = models.DateField(help_text="The last day, with it.")
    n = models.IntegerField(help_text="How many reviews with stars now.")
    now = ArrayField(models.IntegerField(), help_text="How many with one star, two, … five.")
    before = ArrayField(models.IntegerField(), help_text="The same of as many days before.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="voicetrend_once", fields=["product", "source", "days"]),
            models.CheckConstraint(
                name="voicetrend_five_stars", condition=models.Q(now__len=STARS, before__len=STARS)
            ),
        ]
        indexes = [  # voice.movement: those with the most reviews
            models.Index(name="voicetrend_most", fields=["days", "source", "-n", "product"])
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.source} {self.days}"


class VoiceDue(models.Model):
    """A review whose words and day have to be taken up anew. Only added; see voice.days."""

    review_id = models.BigIntegerField()
    product_id = models.BigIntegerField(null=True)
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.review_id} {self.product_id} {self.day}"


DAY = "({}.written_at AT TIME ZONE 'Asia/Shanghai')::date"
KEPT = (
    "product_id", "follows_id", "source", "stars", "title", "text", "status", "written_at", "deleted_at",
    "is_rewarded", "counts",
)  # fmt: skip
"""Columns of a review that its words or its product's sums are made of."""
WAS, CAME = (", ".join(f"{side}.{name}" for name in KEPT) for side in ("was", "came"))
EDITED = f"""
    SELECT came.id, came.product_id, {DAY.format("came")} FROM gone AS was JOIN fresh AS came USING (id)
    WHERE ({WAS}) IS DISTINCT FROM ({CAME})
    UNION ALL
    SELECT was.id, was.product_id, {DAY.format("was")} FROM gone AS was JOIN fresh AS came USING (id)
    WHERE (was.product_id, {DAY.format("was")}) IS DISTINCT FROM (came.product_id, {DAY.format("came")})
"""  # noqa: S608 - names only
OF_REVIEWS = (
    f"SELECT id, product_id, {DAY.format('review')} FROM feedback_review AS review WHERE id IN ({{}})"  # noqa: S608
)
READ_ANEW = """
    SELECT came.review_id FROM gone AS was JOIN fresh AS came USING (id)
    WHERE (was.aspects, was.feeling, was.tones) IS DISTINCT FROM (came.aspects, came.feeling, came.tones)
"""
NEW, OLD = pgtrigger.Referencing(new="fresh"), pgtrigger.Referencing(old="gone")
BOTH = pgtrigger.Referencing(old="gone", new="fresh")
CAME_IN, WENT = "SELECT review_id FROM fresh", "SELECT review_id FROM gone"
WRITTEN = f"SELECT id, product_id, {DAY.format('fresh')} FROM fresh"  # noqa: S608 - names only

for _model, _name, _operation, _referencing, _rows in (
    (Review, "came", pgtrigger.Insert, NEW, WRITTEN),
    (Review, "edited", pgtrigger.Update, BOTH, EDITED),
    (ReviewScore, "came", pgtrigger.Insert, NEW, OF_REVIEWS.format(CAME_IN)),
    (ReviewPicture, "came", pgtrigger.Insert, NEW, OF_REVIEWS.format(CAME_IN)),
    (ReviewPicture, "went", pgtrigger.Delete, OLD, OF_REVIEWS.format(WENT)),
    (Triage, "came", pgtrigger.Insert, NEW, OF_REVIEWS.format(CAME_IN)),
    (Triage, "edited", pgtrigger.Update, BOTH, OF_REVIEWS.format(READ_ANEW)),
    (Reply, "came", pgtrigger.Insert, NEW, OF_REVIEWS.format(CAME_IN)),
    (Reply, "edited", pgtrigger.Update, NEW, OF_REVIEWS.format(CAME_IN)),
    (Reply, "went", pgtrigger.Delete, OLD, OF_REVIEWS.format(WENT)),
):
    pgtrigger.register(
        pgtrigger.Trigger(
            name=f"voice_{_name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=_operation,
            referencing=_referencing,
            func=f"INSERT INTO feedback_voicedue (review_id, product_id, day) {_rows}; RETURN NULL;",
        )
    )(_model)
