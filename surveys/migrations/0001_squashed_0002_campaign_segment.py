"""All tables of the app as they are after the migrations that this one stands for."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from config.common.together import Together


class Migration(migrations.Migration):

    replaces = [('surveys', '0001_initial'), ('surveys', '0002_campaign_segment')]

    initial = True

    dependencies = [
        ('compensation', '0033_told_as_of'),
        ('feedback', '0061_former_rewards'),
    ]

    operations = [
        Together([
            migrations.CreateModel(
                name='Answer',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('response', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='surveys.response')),
                    ('question', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='surveys.question', verbose_name='question')),
                    ('score', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='score')),
                    ('text', models.TextField(blank=True, verbose_name='text')),
                ],
                options={
                    'verbose_name': 'survey answer',
                    'verbose_name_plural': 'survey answers',
                    'constraints': [models.UniqueConstraint(fields=('response', 'question'), name='answer_once'), models.CheckConstraint(condition=models.Q(('score__isnull', True), models.Q(('score__gte', 1), ('score__lte', 5)), _connector='OR'), name='answer_score_range')],
                },
            ),
            migrations.CreateModel(
                name='Campaign',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('name_en', models.CharField(blank=True, max_length=80, verbose_name='English name')),
                    ('code', models.SlugField(unique=True, verbose_name='code')),
                    ('trigger', models.CharField(choices=[('case_closed', 'a case was closed')], max_length=16, verbose_name='asked when')),
                    ('segment', models.ForeignKey(blank=True, help_text='Only its members are asked; none: all.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compensation.segment', verbose_name='segment')),
                    ('is_active', models.BooleanField(default=True, verbose_name='asking')),
                    ('within_days', models.PositiveSmallIntegerField(default=7, help_text='So that a new campaign does not ask about old matters.', verbose_name='only what happened in the last (days)')),
                    ('valid_days', models.PositiveSmallIntegerField(default=14, verbose_name='answerable for (days)')),
                    ('bad_score', models.PositiveSmallIntegerField(default=2, help_text='A score of at most this opens a follow-up case.', verbose_name='bad up to')),
                    ('follow_up_priority', models.PositiveSmallIntegerField(choices=[(1, 'low'), (2, 'normal'), (3, 'high'), (4, 'urgent')], default=3, verbose_name='priority of a follow-up')),
                ],
                options={
                    'verbose_name': 'survey campaign',
                    'verbose_name_plural': 'survey campaigns',
                    'ordering': ['code'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('trigger__in', ['case_closed'])), name='campaign_trigger_known'), models.CheckConstraint(condition=models.Q(('bad_score__lte', 5), ('valid_days__gt', 0), ('within_days__gt', 0)), name='campaign_bad_score')],
                },
            ),
            migrations.CreateModel(
                name='Invitation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='surveys.campaign', verbose_name='campaign')),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='compensation.member', verbose_name='member')),
                    ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='feedback.case', verbose_name='case')),
                    ('nonce', models.UUIDField(default=uuid.uuid4, editable=False)),
                    ('digest', models.CharField(max_length=64, unique=True)),
                    ('invited_at', models.DateTimeField(verbose_name='invited')),
                    ('expires_at', models.DateTimeField(verbose_name='expires')),
                ],
                options={
                    'verbose_name': 'invitation',
                    'verbose_name_plural': 'invitations',
                    'indexes': [models.Index(fields=['member', '-invited_at'], name='invitation_member')],
                    'constraints': [models.UniqueConstraint(fields=('campaign', 'case'), name='invitation_once_a_case'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('invited_at'))), name='invitation_forward')],
                },
            ),
            migrations.CreateModel(
                name='Question',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='questions', to='surveys.campaign', verbose_name='campaign')),
                    ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                    ('kind', models.CharField(choices=[('csat', 'satisfaction, 1 to 5'), ('ces', 'ease, 1 to 5'), ('text', 'open text')], max_length=8, verbose_name='kind')),
                    ('text', models.CharField(max_length=200, verbose_name='question')),
                    ('text_en', models.CharField(blank=True, max_length=200, verbose_name='question in English')),
                    ('is_required', models.BooleanField(default=True, verbose_name='required')),
                    ('added_at', models.DateTimeField(editable=False, verbose_name='added')),
                    ('retired_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='retired')),
                ],
                options={
                    'verbose_name': 'question',
                    'verbose_name_plural': 'questions',
                    'ordering': ['campaign', 'position'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['csat', 'ces', 'text'])), name='question_kind_known'), models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('campaign', 'position'), name='question_position')],
                },
            ),
            migrations.CreateModel(
                name='Response',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('invitation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='response', to='surveys.invitation', verbose_name='invitation')),
                    ('at', models.DateTimeField(verbose_name='answered at')),
                    ('follow_up', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followed_response', to='feedback.case', verbose_name='follow-up case')),
                ],
                options={
                    'verbose_name': 'response',
                    'verbose_name_plural': 'responses',
                    'indexes': [models.Index(fields=['at'], name='response_at')],
                },
            ),
        ]),
    ]
