from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kpis", "0017_passed_rungs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="loyaltymonth",
            name="percentile",
            field=models.FloatField(
                help_text="None: too few in the tier.", null=True, verbose_name="percentile within the tier"
            ),
        ),
    ]
