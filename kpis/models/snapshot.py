"""What figures are made of by day, days that are closed, and what came to light after that."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpis.models.metric import KEY_FITS, Sliced


class Counts(Sliced):
    """What was counted of a metric on a day, of the whole or of one key of a dimension.

    `n` is what was measured, `total` how many of them counted or the sum of what was measured of each,
    `squares` the sum of its squares. They add up over days; over the keys of a dimension only where a row
    has one key: an order has goods of several categories, a member is in several segments.
    """

    day = models.DateField(_("day"))
    n = models.PositiveBigIntegerField(_("n"), help_text=_("What it was measured on."))
    total = models.BigIntegerField(
        _("sum"), help_text=_("How many of them counted, or the sum of their scores.")
    )
    squares = models.DecimalField(
        max_digits=40,
        decimal_places=0,
        default=0,
        help_text="The sum of squared scores, for the interval of a mean.",
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.metric} {self.dimension}:{self.key} {self.day}"


class Snapshot(Counts):
    """The counts of a day as they stand; of a closed day as they stood when it was closed."""

    computed_at = models.DateTimeField(_("computed"), help_text=_("When they last came out differently."))

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        constraints = [
            models.UniqueConstraint(  # snapshots.queries: a metric over days
                name="snapshot_once", fields=["metric", "dimension", "key", "day"]
            ),
            models.CheckConstraint(name="snapshot_key_fits", condition=KEY_FITS),
        ]
        indexes = [
            models.Index(name="snapshot_day", fields=["day", "dimension"]),  # taking a day, dashboards
        ]
        triggers = [
            pgtrigger.Trigger(
                name="closed_days_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                IF EXISTS (SELECT FROM kpis_figureday WHERE closed_at IS NOT NULL
                           AND day = CASE TG_OP WHEN 'INSERT' THEN NEW.day ELSE OLD.day END) THEN
                    RAISE EXCEPTION 'the figures of a closed day stay'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'snapshot_closed_stays';
                END IF;
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                """,
            )
        ]


class Correction(Counts):
    """What the counts of a closed day would be now. The snapshot stays; the newest correction tells."""

    found_at = models.DateTimeField(_("came to light"))

    class Meta:
        verbose_name = _("later correction")
        verbose_name_plural = _("later corrections")
        constraints = [
            models.UniqueConstraint(
                name="correction_once", fields=["metric", "dimension", "key", "day", "found_at"]
            )
        ]
        indexes = [models.Index(name="correction_day", fields=["day"])]  # reports: what changed since
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class FigureDay(models.Model):
    """A day (Asia/Shanghai): when its figures were taken, whether facts came in since, if it is closed."""

    day = models.DateField(_("day"), unique=True)
    taken_at = models.DateTimeField(_("figures taken"), null=True, blank=True)
    stale_at = models.DateTimeField(
        _("facts came in"), null=True, blank=True, help_text=_("It is taken again; then this is empty.")
    )
    changed_at = models.DateTimeField(
        _("came out differently"), null=True, blank=True, help_text=_("When a count of it last changed.")
    )
    version = models.PositiveBigIntegerField(
        null=True,
        unique=True,
        editable=False,
        help_text="Greater than that of all days that had changed before: whoever has seen it missed none.",
    )
    watched_at = models.DateTimeField(
        _("looked at"), null=True, blank=True, help_text="When it was looked for what alerts tell."
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("closed by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("day of figures")
        verbose_name_plural = _("days of figures")
        permissions = [
            ("close_figures", "Can close a month's figures"),
            ("take_figures", "Can take figures again"),
        ]
        constraints = [
            models.CheckConstraint(
                name="figureday_closed_was_taken",
                condition=Q(closed_at__isnull=True) | Q(taken_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(  # snapshots.late
                name="figureday_stale", fields=["day"], condition=Q(stale_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}"


class BackfillState(models.TextChoices):
    """How far a backfill is."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("under way")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")


class Backfill(models.Model):
    """The figures of many days taken anew, some days at a time; cut off, it goes on where it was."""

    first = models.DateField(_("from"))
    last = models.DateField(_("up to and with"))
    done_until = models.DateField(_("done up to"), null=True, blank=True, help_text=_("That day included."))
    state = models.CharField(_("state"), max_length=8, choices=BackfillState, default=BackfillState.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("asked for by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    asked_at = models.DateTimeField(_("asked at"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("backfill")
        verbose_name_plural = _("backfills")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="backfill_forward", condition=Q(first__lte=F("last"))),
            models.CheckConstraint(
                name="backfill_done_within",
                condition=Q(done_until__isnull=True)
                | Q(done_until__gte=F("first"), done_until__lte=F("last")),
            ),
            models.CheckConstraint(
                name="backfill_ended_has_time",
                condition=Q(state__in=["done", "stopped"], ended_at__isnull=False)
                | Q(state__in=["waiting", "running"], ended_at__isnull=True),
            ),
            models.UniqueConstraint(  # a second one waits for the first to end
                name="backfill_one_open",
                fields=["state"],
                condition=Q(state="running"),
            ),
            models.UniqueConstraint(  # asked twice while it waits, it is one
                name="backfill_asked_once",
                fields=["first", "last"],
                condition=Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} – {self.last}"
