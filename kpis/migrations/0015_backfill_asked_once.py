from django.db import migrations, models


def drop_twins(apps, schema_editor):
    """Of several that wait for the same days the first stays."""
    waiting, known = apps.get_model("kpis", "Backfill").objects.filter(state="waiting"), set()
    for one in waiting.order_by("id"):
        if (one.first, one.last) in known:
            one.delete()
        known.add((one.first, one.last))


class Migration(migrations.Migration):
    dependencies = [
        ("kpis", "0014_decisions_on_reports"),
    ]

    operations = [
        migrations.RunPython(drop_twins, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="backfill",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")), fields=("first", "last"), name="backfill_asked_once"
            ),
        ),
    ]
