"""All tables of the app as they are after the migrations that this one stands for."""

import config.common.models
import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models

from config.common.together import Together

# How the event log numbers transactions: see EventOffset. Both read the row anew in every statement.
FUNCTIONS = """
CREATE FUNCTION common_event_position() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN pg_current_xact_id()::text::bigint + coalesce((SELECT ahead FROM common_eventoffset), 0);
END $$;
-- Every event with a smaller number has been committed or rolled back, and this statement sees it.
CREATE FUNCTION common_event_settled() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        + coalesce((SELECT ahead FROM common_eventoffset), 0);
END $$;
"""


class Migration(migrations.Migration):

    replaces = [('common', '0001_initial'), ('common', '0002_heartbeat_and_cache'), ('common', '0003_rate_counts'), ('common', '0004_event_log_positions'), ('common', '0005_event_actor_index'), ('common', '0006_outbox_labels'), ('common', '0007_bookmark'), ('common', '0008_live_signals'), ('common', '0009_export_and_history_permissions'), ('common', '0010_history'), ('common', '0011_given_once'), ('common', '0012_retention')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION common_event_position(); DROP FUNCTION common_event_settled();",
        ),
        Together([
            migrations.CreateModel(
                name='Bookmark',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('reader', models.SlugField(unique=True)),
                    ('txid', models.BigIntegerField(default=0)),
                    ('event_id', models.BigIntegerField(default=0)),
                ],
            ),
            migrations.CreateModel(
                name='Event',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('txid', models.BigIntegerField(db_default=config.common.models.EventPosition(), editable=False, verbose_name='database transaction')),
                    ('kind', models.CharField(max_length=64, verbose_name='kind')),
                    ('at', models.DateTimeField(help_text="When it happened, by the caller's clock.", verbose_name='happened')),
                    ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='recorded')),
                    ('actor', models.CharField(help_text='"user:7", "member:12" or "system".', max_length=64, verbose_name='who did it')),
                    ('subject_type', models.CharField(max_length=32, verbose_name='about')),
                    ('subject_id', models.BigIntegerField(verbose_name='number of the row')),
                    ('data', models.JSONField(default=dict, verbose_name='details')),
                ],
                options={
                    'verbose_name': 'event',
                    'verbose_name_plural': 'events',
                    'indexes': [models.Index(fields=['subject_type', 'subject_id', 'id'], name='event_subject'), models.Index(fields=['txid', 'id'], name='event_txid'), models.Index(fields=['kind', 'at'], name='event_kind_at'), models.Index(fields=['actor', 'id'], name='event_actor')],
                },
            ),
            migrations.CreateModel(
                name='EventOffset',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('ahead', models.BigIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='eventoffset_one_row')],
                },
            ),
            migrations.CreateModel(
                name='Given',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=40)),
                    ('code', models.CharField(max_length=200)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('kind', 'code'), name='given_once')],
                },
            ),
            migrations.CreateModel(
                name='Heartbeat',
                fields=[
                    ('name', models.CharField(max_length=32, primary_key=True, serialize=False)),
                    ('at', models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name='IdempotencyKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('scope', models.CharField(max_length=64)),
                    ('key', models.CharField(max_length=200)),
                    ('request_hash', models.CharField(max_length=64)),
                    ('result', models.BigIntegerField(help_text='Primary key of the row that came of it.', null=True)),
                    ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='idempotency_once')],
                },
            ),
            migrations.CreateModel(
                name='OutboxMessage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(max_length=32, verbose_name='kind')),
                    ('key', models.CharField(max_length=200, unique=True, verbose_name='unique key')),
                    ('request_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='request number')),
                    ('recipient', models.CharField(max_length=200, verbose_name='recipient')),
                    ('payload', models.JSONField(default=dict, verbose_name='content')),
                    ('status', models.CharField(choices=[('pending', 'pending'), ('sent', 'sent'), ('dropped', 'no longer needed'), ('dead', 'dead letter')], default='pending', max_length=8, verbose_name='status')),
                    ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                    ('next_attempt_at', models.DateTimeField(verbose_name='next attempt')),
                    ('created_at', models.DateTimeField(verbose_name='created')),
                    ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                    ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ],
                options={
                    'verbose_name': 'outgoing message',
                    'verbose_name_plural': 'outgoing messages',
                    'indexes': [models.Index(condition=models.Q(('status', 'pending')), fields=['next_attempt_at'], name='outbox_due'), models.Index(condition=models.Q(('status', 'dead')), fields=['-id'], name='outbox_dead')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'sent', 'dropped', 'dead'])), name='outbox_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='outbox_sent_has_time')],
                },
            ),
            migrations.CreateModel(
                name='RateCount',
                fields=[
                    ('key', models.CharField(max_length=160, primary_key=True, serialize=False)),
                    ('count', models.PositiveIntegerField()),
                    ('resets_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['resets_at'], name='ratecount_reset')],
                },
            ),
            migrations.CreateModel(
                name='RetentionPeriod',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.CharField(max_length=40, unique=True, verbose_name='kind')),
                    ('days', models.PositiveIntegerField(verbose_name='kept for (days)')),
                    ('least_days', models.PositiveIntegerField(default=0, editable=False, help_text='What the law asks for.', verbose_name='at least (days)')),
                ],
                options={
                    'verbose_name': 'retention period',
                    'verbose_name_plural': 'retention periods',
                    'ordering': ['pk'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('days__gte', models.F('least_days')), ('days__gte', 1)), name='retentionperiod_lawful')],
                },
            ),
            migrations.CreateModel(
                name='RetentionPeriodHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='common.retentionperiod')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('id', models.BigIntegerField()),
                    ('code', models.CharField(max_length=40, verbose_name='kind')),
                    ('days', models.PositiveIntegerField(verbose_name='kept for (days)')),
                    ('least_days', models.PositiveIntegerField(default=0, editable=False, help_text='What the law asks for.', verbose_name='at least (days)')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='RetentionRun',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.CharField(max_length=40, verbose_name='kind')),
                    ('days', models.PositiveIntegerField(verbose_name='kept for (days)')),
                    ('is_dry', models.BooleanField(default=False, verbose_name='counted only')),
                    ('rows', models.PositiveBigIntegerField(default=0, verbose_name='rows')),
                    ('files', models.PositiveBigIntegerField(default=0, verbose_name='files')),
                    ('bytes', models.PositiveBigIntegerField(default=0, verbose_name='size of the files (bytes)')),
                    ('held', models.PositiveBigIntegerField(default=0, help_text='Past the period, but somebody put a hold on them.', verbose_name='kept by a hold')),
                    ('oldest', models.DateTimeField(blank=True, null=True, verbose_name='oldest')),
                    ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                    ('started_at', models.DateTimeField(verbose_name='started')),
                    ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ],
                options={
                    'verbose_name': 'retention run',
                    'verbose_name_plural': 'retention runs',
                    'ordering': ['-id'],
                    'indexes': [models.Index(fields=['code', 'is_dry', '-id'], name='retentionrun_last')],
                },
            ),
            migrations.CreateModel(
                name='Role',
                fields=[
                ],
                options={
                    'proxy': True,
                },
                bases=('auth.group',),
                managers=[
                    ('objects', django.contrib.auth.models.GroupManager()),
                ],
            ),
            migrations.CreateModel(
                name='RoleHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='common.role')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('id', models.IntegerField()),
                    ('name', models.CharField(max_length=150, verbose_name='name')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='RolePermission',
                fields=[
                ],
                options={
                    'proxy': True,
                },
                bases=('auth.group_permissions',),
            ),
            migrations.CreateModel(
                name='RolePermissionHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='common.rolepermission')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('id', models.IntegerField()),
                    ('group', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='auth.group')),
                    ('permission', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='auth.permission')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Seal',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('from_txid', models.BigIntegerField(verbose_name='from transaction')),
                    ('upto_txid', models.BigIntegerField(help_text='Exclusive.', unique=True, verbose_name='up to transaction')),
                    ('count', models.PositiveIntegerField(verbose_name='events')),
                    ('digests', models.BinaryField(help_text='For each event in order: its id (8 bytes) and digest (16 bytes).')),
                    ('previous', models.BinaryField(max_length=32)),
                    ('signature', models.BinaryField(max_length=32, unique=True)),
                    ('sealed_at', models.DateTimeField(verbose_name='sealed')),
                ],
                options={
                    'verbose_name': 'seal',
                    'verbose_name_plural': 'seals',
                    'constraints': [models.UniqueConstraint(fields=('previous',), name='seal_chain'), models.CheckConstraint(condition=models.Q(('upto_txid__gt', models.F('from_txid'))), name='seal_range')],
                },
            ),
            migrations.CreateModel(
                name='User',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                    ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                    ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                    ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                    ('name', models.CharField(blank=True, max_length=80, verbose_name='name')),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'verbose_name': 'user',
                    'verbose_name_plural': 'users',
                    'permissions': [('export_lists', 'Can take lists out as files'), ('see_history', 'Can see who changed the configuration')],
                    'abstract': False,
                    'swappable': 'AUTH_USER_MODEL',
                },
                managers=[
                    ('objects', django.contrib.auth.models.UserManager()),
                ],
            ),
            migrations.CreateModel(
                name='UserHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to=settings.AUTH_USER_MODEL)),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('id', models.BigIntegerField()),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                    ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                    ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                    ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                    ('name', models.CharField(blank=True, max_length=80, verbose_name='name')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='UserRight',
                fields=[
                ],
                options={
                    'proxy': True,
                },
                bases=('common.user_user_permissions',),
            ),
            migrations.CreateModel(
                name='UserRightHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='common.userright')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('id', models.BigIntegerField()),
                    ('user', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                    ('permission', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='auth.permission')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='UserRole',
                fields=[
                ],
                options={
                    'proxy': True,
                },
                bases=('common.user_groups',),
            ),
            migrations.CreateModel(
                name='UserRoleHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='common.userrole')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('id', models.BigIntegerField()),
                    ('user', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                    ('group', models.ForeignKey(db_constraint=False, db_tablespace='', on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='auth.group')),
                ],
                options={
                    'abstract': False,
                },
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='event',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e5a526458ef9d32af5b203f32cebc1d477e57879', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_15f2f', table='common_event', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='event',
                trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;", hash='5839f0d8c094ea0db4bf7f059742f66d5c68740b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_7603f', table='common_event', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='event',
                trigger=pgtrigger.compiler.Trigger(name='keep_order', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE known bigint; upcoming bigint; oldest bigint;', func='\n    SELECT\n        greatest(\n            (SELECT max(txid) FROM common_event),\n            (SELECT max(upto_txid) - 1 FROM common_seal)\n        ),\n        greatest(\n            pg_snapshot_xmax(pg_current_snapshot())::text::bigint,\n            pg_current_xact_id()::text::bigint + 1\n        ) + coalesce((SELECT ahead FROM common_eventoffset), 0),\n        pg_snapshot_xmin(pg_current_snapshot())::text::bigint\n    INTO known, upcoming, oldest;\n    IF known >= upcoming THEN\n        INSERT INTO common_eventoffset AS held (id, ahead) VALUES (1, known + 1 - oldest)\n        ON CONFLICT (id) DO UPDATE SET ahead = excluded.ahead WHERE held.ahead < excluded.ahead;\n    END IF;\n    RETURN NULL;\n', hash='e675b7bdd6cb6c175c21e1fa02a694e52b28522c', level='STATEMENT', operation='INSERT', pgid='pgtrigger_keep_order_b18d8', table='common_event', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='event',
                trigger=pgtrigger.compiler.Trigger(name='ring', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE topics text;', func="\n    SELECT string_agg(topic, ' ' ORDER BY topic)\n    INTO topics\n    FROM (\n        SELECT subject_type || ':' || subject_id AS topic FROM fresh\n        UNION\n        SELECT 'case:' || (data ->> 'case') FROM fresh WHERE jsonb_typeof(data -> 'case') = 'number'\n    ) AS rung;\n    IF topics IS NOT NULL THEN\n        PERFORM pg_notify('live', CASE WHEN octet_length(topics) > 7000 THEN '*' ELSE topics END);\n    END IF;\n    RETURN NULL;\n", hash='0f89563115ced3e77b52eb389b495c6f0253db7d', level='STATEMENT', operation='INSERT', pgid='pgtrigger_ring_21278', referencing='REFERENCING NEW TABLE AS fresh ', table='common_event', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='retentionperiod',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'retentionperiod',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='39cca1f85071bfae7cc844879473e7e76aed6147', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_e1339', table='common_retentionperiod', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='retentionperiod',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_retentionperiodhistory" ("code", "days", "id", "least_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."days", NEW."id", NEW."least_days", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='b629c80eff33321e60b3ee87496f6f28c361e3c1', operation='INSERT', pgid='pgtrigger_insert_insert_27f1c', table='common_retentionperiod', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='retentionperiod',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "common_retentionperiodhistory" ("code", "days", "id", "least_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."days", NEW."id", NEW."least_days", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='b41bbeacc2875bd3db6a0be477e50658d7ce6ce3', operation='UPDATE', pgid='pgtrigger_update_update_0185a', table='common_retentionperiod', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='retentionperiod',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_retentionperiodhistory" ("code", "days", "id", "least_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."code", OLD."days", OLD."id", OLD."least_days", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='245a091a539f7c21d42510eb7e70ef5fcb792c3a', operation='DELETE', pgid='pgtrigger_delete_delete_b9630', table='common_retentionperiod', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='retentionperiodhistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='20fe92064693d6dde74e520fd3159082c5613357', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_b4bd4', table='common_retentionperiodhistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='role',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'role',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='d6a8d5115f4ef3f76024847e70c5c50aff1bce70', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_499f7', table='auth_group', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='role',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_rolehistory" ("id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='700530d3018c01da133c20beaa55e58bc26fdf08', operation='INSERT', pgid='pgtrigger_insert_insert_a5abb', table='auth_group', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='role',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "common_rolehistory" ("id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='57a153e6b788afe37b24e2c781da2a05c4c89bed', operation='UPDATE', pgid='pgtrigger_update_update_e5976', table='auth_group', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='role',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_rolehistory" ("id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='c086d9c73d9ed3991b49520cecccb3b8e1da4455', operation='DELETE', pgid='pgtrigger_delete_delete_6a13c', table='auth_group', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='rolehistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fe7d0f4928f123f9865195776e18a412dc5976f4', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ae49f', table='common_rolehistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='rolepermission',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'rolepermission',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='209b6b97b5c9efd13bd6e83cac22dd38438bedd4', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_01261', table='auth_group_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='rolepermission',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_rolepermissionhistory" ("group_id", "id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."group_id", NEW."id", NEW."permission_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='9553a44d52541c310614bb83683f2db6c16fa5f3', operation='INSERT', pgid='pgtrigger_insert_insert_ca241', table='auth_group_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='rolepermission',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "common_rolepermissionhistory" ("group_id", "id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."group_id", NEW."id", NEW."permission_id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='d4269d8aa6d0f8e141bb4d0680c6ecf755d137c2', operation='UPDATE', pgid='pgtrigger_update_update_bcc91', table='auth_group_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='rolepermission',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_rolepermissionhistory" ("group_id", "id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."group_id", OLD."id", OLD."permission_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='02d8cd8e9052890991b009b649ffae51ef7dd7b7', operation='DELETE', pgid='pgtrigger_delete_delete_21607', table='auth_group_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='rolepermissionhistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0eda35ff705191dce1220043aa59551f9eeb3cc9', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ca421', table='common_rolepermissionhistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='seal',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7e21326e1239d1a8488dc807841e4faa33269415', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_bd8d4', table='common_seal', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='seal',
                trigger=pgtrigger.compiler.Trigger(name='no_truncate', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;", hash='920d7c95ff4988d3e4176e8994786f87ca9b3182', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_no_truncate_a5447', table='common_seal', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='user',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare="DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY['email', 'last_login', 'password']::text[];", func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'user',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='10aad2c314a725e418001e722e594820cee04d98', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_7453c', table='common_user', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='user',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_userhistory" ("date_joined", "id", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."date_joined", NEW."id", NEW."is_active", NEW."is_staff", NEW."is_superuser", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."username"); RETURN NULL;', hash='d1cdf22aa3d59d2887190ad966d0dc5e97aefdb7', operation='INSERT', pgid='pgtrigger_insert_insert_c05c1', table='common_user', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='user',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."date_joined" IS DISTINCT FROM (NEW."date_joined") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."username" IS DISTINCT FROM (NEW."username"))', func='INSERT INTO "common_userhistory" ("date_joined", "id", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."date_joined", NEW."id", NEW."is_active", NEW."is_staff", NEW."is_superuser", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."username"); RETURN NULL;', hash='b8bed194d594af1e88afc07fc5bb968334678890', operation='UPDATE', pgid='pgtrigger_update_update_cfcf1', table='common_user', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='user',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_userhistory" ("date_joined", "id", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (OLD."date_joined", OLD."id", OLD."is_active", OLD."is_staff", OLD."is_superuser", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."username"); RETURN NULL;', hash='7fce61e19fec425a49b4fe4aad18e9d4e405003d', operation='DELETE', pgid='pgtrigger_delete_delete_c4a74', table='common_user', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userhistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7003c332f381c5849b538883cb16ec69617df85b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ebcf5', table='common_userhistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userright',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'userright',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='c8705903320c090593c87784ea9a0fd41af5505b', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_e177d', table='common_user_user_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userright',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_userrighthistory" ("id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."id", NEW."permission_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."user_id"); RETURN NULL;', hash='2fbd9db2be48656d0096d069cddad36543efcb9f', operation='INSERT', pgid='pgtrigger_insert_insert_effc3', table='common_user_user_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userright',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "common_userrighthistory" ("id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."id", NEW."permission_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."user_id"); RETURN NULL;', hash='46e7cc35f2be368ba5535a3882c1026e362d3739', operation='UPDATE', pgid='pgtrigger_update_update_c509c', table='common_user_user_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userright',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_userrighthistory" ("id", "permission_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (OLD."id", OLD."permission_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id"); RETURN NULL;', hash='248f50805d3854ceac1aa907c4016929fe7b78c7', operation='DELETE', pgid='pgtrigger_delete_delete_b0473', table='common_user_user_permissions', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userrighthistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e2f67b2851f84eddabb455e3923369f9e70d42c8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_b1675', table='common_userrighthistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userrole',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'userrole',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='8156b8e81e48dd582e920a6cf25ad2afc351dd17', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_8ce47', table='common_user_groups', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userrole',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_userrolehistory" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."user_id"); RETURN NULL;', hash='33e38f8c1e85db3380a3e15430999bf978866fc9', operation='INSERT', pgid='pgtrigger_insert_insert_a65e4', table='common_user_groups', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userrole',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "common_userrolehistory" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."user_id"); RETURN NULL;', hash='6b07cbb17c068633ec8dc56a4bbe24a9339e45e8', operation='UPDATE', pgid='pgtrigger_update_update_7f19f', table='common_user_groups', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userrole',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "common_userrolehistory" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (OLD."group_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id"); RETURN NULL;', hash='83dab595b9b43206a7f273e5abdf13c2795f5618', operation='DELETE', pgid='pgtrigger_delete_delete_5b33c', table='common_user_groups', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='userrolehistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='28b5af4849485eaf0e71c7346e6c4ba2692e379c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_4a171', table='common_userrolehistory', when='BEFORE')),
            ),
        ]),
        # The table of django.core.cache.backends.db: what it holds may be lost in a crash.
        migrations.RunSQL(
            'CREATE UNLOGGED TABLE IF NOT EXISTS "cache" ('
            '"cache_key" varchar(255) PRIMARY KEY, "value" text NOT NULL, "expires" timestamptz NOT NULL);'
            'CREATE INDEX IF NOT EXISTS "cache_expires" ON "cache" ("expires");',
            'DROP TABLE IF EXISTS "cache";',
        ),
        # Written at every request: what it holds may be lost in a crash.
        migrations.RunSQL('ALTER TABLE "common_ratecount" SET UNLOGGED', migrations.RunSQL.noop),
    ]
