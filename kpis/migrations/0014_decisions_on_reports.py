import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def look(apps, schema_editor):
    """Decisions that are open get their clock: their ladder is looked at next."""
    open_ones = apps.get_model("kpis", "ReportNote").objects.filter(owner__isnull=False, done_at=None)
    open_ones.update(warn_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ('kpis', '0013_tallies'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReportNoteRung',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField()),
                ('step', models.CharField(choices=[('warning', 'soon due: owner'), ('breach', 'due: owner'), ('lead', 'late: leads of the department'), ('supervisors', 'late: supervisors')], max_length=11, verbose_name='rung')),
                ('fired_at', models.DateTimeField(verbose_name='fired')),
                ('told', models.PositiveSmallIntegerField(help_text='How many; 0: there was nobody.', verbose_name='told')),
            ],
            options={
                'verbose_name': 'rung of a decision',
                'verbose_name_plural': 'rungs of decisions',
            },
        ),
        migrations.AddField(
            model_name='reportnote',
            name='warn_at',
            field=models.DateTimeField(editable=False, help_text='When its ladder is looked at.', null=True),
        ),
        migrations.AddIndex(
            model_name='reportnote',
            index=models.Index(condition=models.Q(('warn_at__isnull', False)), fields=['warn_at'], name='reportnote_warn'),
        ),
        migrations.AddField(
            model_name='reportnoterung',
            name='note',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rungs', to='kpis.reportnote'),
        ),
        migrations.AddConstraint(
            model_name='reportnoterung',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['warning', 'breach', 'lead', 'supervisors'])), name='reportnoterung_known'),
        ),
        migrations.AddConstraint(
            model_name='reportnoterung',
            constraint=models.UniqueConstraint(fields=('note', 'due_on', 'step'), name='reportnoterung_once'),
        ),
        migrations.RunPython(look, migrations.RunPython.noop),
    ]
