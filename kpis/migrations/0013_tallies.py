from django.db import migrations, models
from django.db.models import Max, Min
from django.utils import timezone


def ask(apps, schema_editor):
    """The days that figures were taken of are taken once more, so that they are tallied."""
    found = (
        apps.get_model("kpis", "FigureDay").objects.exclude(taken_at=None).aggregate(Min("day"), Max("day"))
    )
    if found["day__min"]:
        apps.get_model("kpis", "Backfill").objects.create(
            first=found["day__min"], last=found["day__max"], asked_at=timezone.now()
        )


class Migration(migrations.Migration):
    dependencies = [
        ("kpis", "0012_training"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "of",
                    models.CharField(
                        choices=[
                            ("arrived", "cases that came, by hour"),
                            ("kind", "cases that came, by kind"),
                            ("breached", "breaches, by hour"),
                            ("cause", "breaches, by cause"),
                            ("first_reply", "first replies, by how long they took"),
                            ("gap", "gaps that fell due, by what and why"),
                            ("stars", "reviews, by stars"),
                        ],
                        max_length=12,
                        verbose_name="of",
                    ),
                ),
                (
                    "dimension",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "the whole company"),
                            ("department", "department"),
                            ("agent", "agent"),
                            ("channel", "channel"),
                            ("category", "category of products"),
                            ("tier", "tier"),
                            ("segment", "segment"),
                            ("region", "region"),
                        ],
                        max_length=10,
                        verbose_name="told apart by",
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        blank=True, help_text="A department's number, or a category.", max_length=80
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "cell",
                    models.CharField(
                        blank=True,
                        help_text="The hour, the kind, the stars, the cause (empty where nobody has said one), what and why with a colon between them, or the bucket of kpis.metrics.sketch.",
                        max_length=40,
                    ),
                ),
                ("n", models.PositiveBigIntegerField(verbose_name="n")),
            ],
            options={
                "verbose_name": "tally",
                "verbose_name_plural": "tallies",
                "indexes": [models.Index(fields=["day"], name="kpis_tally_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("of", "dimension", "key", "day", "cell"),
                        include=("n",),
                        name="tally_once_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("dimension", ""), ("key", "")),
                            models.Q(
                                (
                                    "dimension__in",
                                    [
                                        "",
                                        "department",
                                        "agent",
                                        "channel",
                                        "category",
                                        "tier",
                                        "segment",
                                        "region",
                                    ],
                                ),
                                models.Q(("dimension", ""), _negated=True),
                                models.Q(("key", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="kpis_tally_key_fits",
                    ),
                    models.CheckConstraint(condition=models.Q(("n__gt", 0)), name="tally_of_some"),
                ],
            },
        ),
        migrations.RunPython(ask, migrations.RunPython.noop, elidable=True),
    ]
