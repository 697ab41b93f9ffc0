from django.db import migrations, models


def fill(apps, schema_editor):
    """What was called before was planned for the day that it is on."""
    apps.get_model("kpis", "Meeting").objects.update(planned_on=models.F("on"))


class Migration(migrations.Migration):
    dependencies = [
        ("kpis", "0015_backfill_asked_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="planned_on",
            field=models.DateField(editable=False, null=True, help_text="The day that it was called for at first."),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="meeting",
            name="planned_on",
            field=models.DateField(editable=False, help_text="The day that it was called for at first."),
        ),
        migrations.AddIndex(
            model_name="meeting",
            index=models.Index(fields=["task_force", "planned_on"], name="meeting_planned"),
        ),
        migrations.RemoveConstraint(model_name="meeting", name="meeting_once"),
        migrations.AddConstraint(
            model_name="meeting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "off"), _negated=True),
                fields=("task_force", "on"),
                name="meeting_once",
            ),
        ),
    ]
