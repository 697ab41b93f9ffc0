"""All tables of the app as they are after the migrations that this one stands for."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from config.common.together import Together


class Migration(migrations.Migration):

    replaces = [('compensation', '0001_initial'), ('compensation', '0002_sign_in'), ('compensation', '0003_ledger_by_unit'), ('compensation', '0004_changes_by_transaction'), ('compensation', '0005_member_permissions'), ('compensation', '0006_failing_email'), ('compensation', '0007_points_are_some'), ('compensation', '0008_ledger_lots'), ('compensation', '0009_edits_on_record'), ('compensation', '0010_tier_reviews'), ('compensation', '0011_tier_rules_on_record'), ('compensation', '0012_grants_whole')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('common', '0011_given_once'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        Together([
            migrations.CreateModel(
                name='Authority',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('per_grant_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each grant (fen)')),
                    ('per_problem_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each problem (fen)')),
                    ('per_order_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each order (fen)')),
                    ('per_member_day_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each member in a day (fen)')),
                    ('group', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='authority', to='auth.group', verbose_name='role')),
                    ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='authority', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ],
                options={
                    'verbose_name': 'authority',
                    'verbose_name_plural': 'authorities',
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('group__isnull', True), ('user__isnull', False)), models.Q(('group__isnull', False), ('user__isnull', True)), _connector='OR'), name='authority_of_one')],
                },
            ),
            migrations.CreateModel(
                name='CouponTemplate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('name_en', models.CharField(blank=True, max_length=80, verbose_name='English name')),
                    ('code', models.SlugField(unique=True, verbose_name='code')),
                    ('value_fen', models.PositiveBigIntegerField(verbose_name='value (fen)')),
                    ('min_spend_fen', models.PositiveBigIntegerField(default=0, verbose_name='from a spending of (fen)')),
                    ('valid_days', models.PositiveSmallIntegerField(default=30, verbose_name='valid for (days)')),
                    ('is_active', models.BooleanField(default=True, verbose_name='can be given')),
                ],
                options={
                    'verbose_name': 'coupon template',
                    'verbose_name_plural': 'coupon templates',
                    'ordering': ['value_fen'],
                    'constraints': [models.CheckConstraint(condition=models.Q(('valid_days__gt', 0), ('value_fen__gt', 0)), name='coupontemplate_worth')],
                },
            ),
            migrations.CreateModel(
                name='Delegation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('from_at', models.DateTimeField(verbose_name='from')),
                    ('until', models.DateTimeField(verbose_name='until')),
                    ('note', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                    ('giver', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='whose authority')),
                    ('receiver', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='delegations', to=settings.AUTH_USER_MODEL, verbose_name='goes to')),
                ],
                options={
                    'verbose_name': 'delegation',
                    'verbose_name_plural': 'delegations',
                    'constraints': [models.CheckConstraint(condition=models.Q(('until__gt', models.F('from_at'))), name='delegation_forward'), models.CheckConstraint(condition=models.Q(('giver', models.F('receiver')), _negated=True), name='delegation_to_another')],
                },
            ),
            migrations.CreateModel(
                name='PointsRule',
                fields=[
                    ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                    ('points', models.PositiveIntegerField(default=100, verbose_name='points')),
                    ('worth_fen', models.PositiveIntegerField(default=100, verbose_name='are worth (fen)')),
                ],
                options={
                    'verbose_name': 'value of points',
                    'verbose_name_plural': 'value of points',
                    'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='pointsrule_one'), models.CheckConstraint(condition=models.Q(('points__gt', 0), ('worth_fen__gt', 0)), name='pointsrule_positive')],
                },
            ),
            migrations.CreateModel(
                name='Product',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(max_length=64, unique=True, verbose_name="shop's number")),
                    ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                    ('category', models.CharField(blank=True, max_length=80, verbose_name='category')),
                ],
                options={
                    'verbose_name': 'product',
                    'verbose_name_plural': 'products',
                    'indexes': [models.Index(fields=['category'], name='product_category')],
                },
            ),
            migrations.CreateModel(
                name='Tier',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('name_en', models.CharField(blank=True, max_length=80, verbose_name='English name')),
                    ('code', models.SlugField(unique=True, verbose_name='code')),
                    ('rank', models.PositiveSmallIntegerField(help_text='0 is the lowest.', unique=True, verbose_name='rank')),
                    ('above_fen', models.BigIntegerField(help_text='Reached when spending is more; -1 for everybody.', unique=True, verbose_name='spending above (fen)')),
                ],
                options={
                    'verbose_name': 'tier',
                    'verbose_name_plural': 'tiers',
                    'ordering': ['rank'],
                },
            ),
            migrations.CreateModel(
                name='TierRule',
                fields=[
                    ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                    ('window_days', models.PositiveSmallIntegerField(default=365, help_text='Older orders no longer count.', verbose_name='spending of the last (days)')),
                    ('keep_days', models.PositiveSmallIntegerField(default=365, help_text='Then spending decides again.', verbose_name='a tier is kept for (days)')),
                    ('notice_days', models.PositiveSmallIntegerField(default=30, verbose_name='warned before (days)')),
                ],
                options={
                    'verbose_name': 'rule of tiers',
                    'verbose_name_plural': 'rule of tiers',
                    'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='tierrule_one'), models.CheckConstraint(condition=models.Q(('keep_days__gt', models.F('notice_days')), ('window_days__gt', 0)), name='tierrule_days')],
                },
            ),
            migrations.CreateModel(
                name='Transaction',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=200, unique=True)),
                    ('request_hash', models.CharField(max_length=64)),
                    ('kind', models.CharField(max_length=32, verbose_name='kind')),
                    ('at', models.DateTimeField(verbose_name='at')),
                    ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='compensation.transaction', verbose_name='reverses')),
                ],
                options={
                    'verbose_name': 'transaction',
                    'verbose_name_plural': 'transactions',
                },
            ),
            migrations.CreateModel(
                name='ApprovalTerms',
                fields=[
                    ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                    ('decide_within_hours', models.PositiveSmallIntegerField(default=4, help_text='Around the clock. Then it goes a level up and those are alerted.', verbose_name='decided within (hours)')),
                    ('evidence_above_fen', models.PositiveBigIntegerField(default=10000, verbose_name='refunds need pictures above (fen)')),
                ],
                options={
                    'verbose_name': 'terms of approval',
                    'verbose_name_plural': 'terms of approval',
                    'constraints': [models.CheckConstraint(condition=models.Q(('decide_within_hours__gt', 0), ('id', 1)), name='approvalterms_one')],
                },
            ),
            migrations.CreateModel(
                name='ApprovalTermsHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.PositiveSmallIntegerField(default=1, editable=False, serialize=False)),
                    ('decide_within_hours', models.PositiveSmallIntegerField(default=4, help_text='Around the clock. Then it goes a level up and those are alerted.', verbose_name='decided within (hours)')),
                    ('evidence_above_fen', models.PositiveBigIntegerField(default=10000, verbose_name='refunds need pictures above (fen)')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.approvalterms')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='AuthorityHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('per_grant_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each grant (fen)')),
                    ('per_problem_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each problem (fen)')),
                    ('per_order_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each order (fen)')),
                    ('per_member_day_fen', models.PositiveBigIntegerField(default=0, verbose_name='for each member in a day (fen)')),
                    ('group', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='auth.group', verbose_name='role')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.authority')),
                    ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='CouponTemplateHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('name_en', models.CharField(blank=True, max_length=80, verbose_name='English name')),
                    ('code', models.SlugField(db_index=False, verbose_name='code')),
                    ('value_fen', models.PositiveBigIntegerField(verbose_name='value (fen)')),
                    ('min_spend_fen', models.PositiveBigIntegerField(default=0, verbose_name='from a spending of (fen)')),
                    ('valid_days', models.PositiveSmallIntegerField(default=30, verbose_name='valid for (days)')),
                    ('is_active', models.BooleanField(default=True, verbose_name='can be given')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.coupontemplate')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Member',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(help_text="The member's number in the shop.", max_length=64, unique=True, verbose_name="shop's number")),
                    ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                    ('phone', models.CharField(blank=True, max_length=32, verbose_name='phone')),
                    ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                    ('email_failed_at', models.DateTimeField(blank=True, editable=False, help_text='Letters to this address came back; it is used again once the member writes from it.', null=True, verbose_name='e-mail failing since')),
                    ('birthday', models.DateField(blank=True, null=True, verbose_name='birthday')),
                    ('registered_at', models.DateTimeField(verbose_name='registered')),
                    ('region', models.CharField(blank=True, max_length=64, verbose_name='region')),
                    ('city', models.CharField(blank=True, max_length=64, verbose_name='city')),
                    ('language', models.CharField(default='zh-hans', max_length=16, verbose_name='language')),
                    ('consent_marketing', models.BooleanField(default=False, verbose_name='consents to marketing')),
                    ('erased_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='erased')),
                    ('referrer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='referred', to='compensation.member', verbose_name='referred by')),
                    ('tier', models.ForeignKey(editable=False, help_text='The tier of the running tier period.', on_delete=django.db.models.deletion.PROTECT, related_name='members', to='compensation.tier', verbose_name='tier')),
                ],
                options={
                    'verbose_name': 'member',
                    'verbose_name_plural': 'members',
                    'permissions': [('see_contacts', "Can see members' contact details in full"), ('set_tier', "Can set a member's tier by hand")],
                    'indexes': [models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['phone'], name='member_phone'), models.Index(condition=models.Q(('email', ''), _negated=True), fields=['email'], name='member_email'), models.Index(fields=['name'], name='member_name', opclasses=['varchar_pattern_ops'])],
                    'constraints': [models.CheckConstraint(condition=models.Q(('referrer__isnull', True), models.Q(('referrer', models.F('id')), _negated=True), _connector='OR'), name='member_not_own_referrer')],
                },
            ),
            migrations.CreateModel(
                name='PointsRuleHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.PositiveSmallIntegerField(default=1, editable=False, serialize=False)),
                    ('points', models.PositiveIntegerField(default=100, verbose_name='points')),
                    ('worth_fen', models.PositiveIntegerField(default=100, verbose_name='are worth (fen)')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.pointsrule')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='TierBenefit',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('free_shipping_from_fen', 'free shipping from (fen)'), ('dedicated_agent', 'an agent of their own'), ('ship_within_hours', 'shipped within (hours)'), ('birthday_coupon', 'birthday coupon'), ('event_access', 'exclusive events')], max_length=32, verbose_name='benefit')),
                    ('amount', models.PositiveIntegerField(blank=True, help_text='Fen or hours, where the benefit is an amount.', null=True, verbose_name='amount')),
                    ('coupon', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compensation.coupontemplate', verbose_name='coupon')),
                    ('tier', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='benefits', to='compensation.tier', verbose_name='tier')),
                ],
                options={
                    'verbose_name': 'benefit of a tier',
                    'verbose_name_plural': 'benefits of tiers',
                    'constraints': [models.UniqueConstraint(fields=('tier', 'kind'), name='tierbenefit_once'), models.CheckConstraint(condition=models.Q(models.Q(('amount__isnull', False), ('coupon__isnull', True), ('kind__in', ['free_shipping_from_fen', 'ship_within_hours'])), models.Q(('amount__isnull', True), ('coupon__isnull', False), ('kind', 'birthday_coupon')), models.Q(('amount__isnull', True), ('coupon__isnull', True), ('kind__in', ['dedicated_agent', 'event_access'])), _connector='OR'), name='tierbenefit_content')],
                },
            ),
            migrations.CreateModel(
                name='TierHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('name', models.CharField(max_length=80, verbose_name='name')),
                    ('name_en', models.CharField(blank=True, max_length=80, verbose_name='English name')),
                    ('code', models.SlugField(db_index=False, verbose_name='code')),
                    ('rank', models.PositiveSmallIntegerField(help_text='0 is the lowest.', verbose_name='rank')),
                    ('above_fen', models.BigIntegerField(help_text='Reached when spending is more; -1 for everybody.', verbose_name='spending above (fen)')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.tier')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='TierRuleHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.PositiveSmallIntegerField(default=1, editable=False, serialize=False)),
                    ('window_days', models.PositiveSmallIntegerField(default=365, help_text='Older orders no longer count.', verbose_name='spending of the last (days)')),
                    ('keep_days', models.PositiveSmallIntegerField(default=365, help_text='Then spending decides again.', verbose_name='a tier is kept for (days)')),
                    ('notice_days', models.PositiveSmallIntegerField(default=30, verbose_name='warned before (days)')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.tierrule')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Account',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('member', 'member'), ('owed', 'owed by the member'), ('issued', 'given by the house'), ('spent', 'spent by members'), ('expired', 'expired'), ('paid', 'paid out by the house')], max_length=8, verbose_name='kind')),
                    ('unit', models.CharField(choices=[('points', 'points'), ('coupon', 'coupon value (fen)'), ('money', 'money (fen)')], max_length=8, verbose_name='unit')),
                    ('balance', models.BigIntegerField(null=True, verbose_name='balance')),
                    ('version', models.PositiveBigIntegerField(default=0, help_text='How many entries it has.')),
                    ('floor', models.BigIntegerField(default=0, null=True, verbose_name='lowest balance')),
                    ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='compensation.member', verbose_name='member')),
                ],
                options={
                    'verbose_name': 'account',
                    'verbose_name_plural': 'accounts',
                    'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['member', 'owed', 'issued', 'spent', 'expired', 'paid']), ('unit__in', ['points', 'coupon', 'money'])), name='account_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('balance__isnull', False), ('kind__in', ['member', 'owed']), ('member__isnull', False)), models.Q(models.Q(('kind__in', ['member', 'owed']), _negated=True), ('balance__isnull', True), ('member__isnull', True)), _connector='OR'), name='account_member_has_balance'), models.CheckConstraint(condition=models.Q(('balance__isnull', True), ('floor__isnull', True), ('balance__gte', models.F('floor')), _connector='OR'), name='account_above_floor'), models.CheckConstraint(condition=models.Q(models.Q(('balance__lte', 0), ('floor__isnull', True), ('kind', 'owed')), models.Q(models.Q(('kind', 'owed'), _negated=True), ('floor__isnull', False)), _connector='OR'), name='account_owed_below_zero'), models.UniqueConstraint(condition=models.Q(('kind__in', ['member', 'owed'])), fields=('member', 'unit', 'kind'), name='account_once'), models.UniqueConstraint(condition=models.Q(('kind__in', ['member', 'owed']), _negated=True), fields=('kind', 'unit'), name='account_house_once')],
                },
            ),
            migrations.CreateModel(
                name='MemberSession',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('digest', models.CharField(max_length=64, unique=True)),
                    ('origin', models.CharField(blank=True, help_text="Digest of the shop's token that opened it: a token opens one session.", max_length=64, null=True, unique=True)),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='compensation.member')),
                ],
                options={
                    'indexes': [models.Index(fields=['expires_at'], name='membersession_old')],
                },
            ),
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(help_text='Told once for one reason.', max_length=200, unique=True)),
                    ('kind', models.CharField(max_length=32, verbose_name='kind')),
                    ('title', models.CharField(max_length=200, verbose_name='title')),
                    ('body', models.TextField(blank=True, verbose_name='text')),
                    ('path', models.CharField(blank=True, help_text='Where in the portal it leads.', max_length=200, verbose_name='page')),
                    ('created_at', models.DateTimeField(verbose_name='told')),
                    ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                    ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='compensation.member', verbose_name='member')),
                ],
                options={
                    'verbose_name': 'notice',
                    'verbose_name_plural': 'notices',
                    'indexes': [models.Index(fields=['member', '-created_at'], name='notice_member')],
                },
            ),
            migrations.CreateModel(
                name='Order',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(max_length=64, unique=True, verbose_name='order number')),
                    ('channel', models.CharField(blank=True, max_length=32, verbose_name='channel')),
                    ('status', models.CharField(choices=[('placed', 'placed'), ('paid', 'paid'), ('shipped', 'shipped'), ('delivered', 'delivered'), ('returned', 'returned'), ('cancelled', 'cancelled')], max_length=16, verbose_name='status')),
                    ('region', models.CharField(blank=True, max_length=64, verbose_name='delivered to')),
                    ('payment_method', models.CharField(blank=True, max_length=32, verbose_name='paid by')),
                    ('total_fen', models.BigIntegerField(default=0, verbose_name='total (fen)')),
                    ('freight_fen', models.BigIntegerField(default=0, verbose_name='freight (fen)')),
                    ('placed_at', models.DateTimeField(verbose_name='placed')),
                    ('paid_at', models.DateTimeField(blank=True, null=True, verbose_name='paid')),
                    ('cancelled_at', models.DateTimeField(blank=True, null=True, verbose_name='cancelled')),
                    ('returned_at', models.DateTimeField(blank=True, null=True, verbose_name='returned goods arrived')),
                    ('changed_at', models.DateTimeField(help_text='When we last learnt something new of it.', verbose_name='changed')),
                    ('changed_txid', models.BigIntegerField(default=0, editable=False, help_text='The transaction that last wrote it; set by a trigger, whoever writes.')),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='compensation.member', verbose_name='member')),
                ],
                options={
                    'verbose_name': 'order',
                    'verbose_name_plural': 'orders',
                    'indexes': [models.Index(fields=['member', '-placed_at'], name='order_member'), models.Index(fields=['changed_txid', 'id'], name='order_changed')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['placed', 'paid', 'shipped', 'delivered', 'returned', 'cancelled'])), name='order_status_known'), models.CheckConstraint(condition=models.Q(('freight_fen__gte', 0), ('total_fen__gte', 0)), name='order_total_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='SignInCode',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('contact', models.CharField(help_text='Digest of the phone number or e-mail address.', max_length=64)),
                    ('digest', models.CharField(max_length=64)),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('used_at', models.DateTimeField(null=True)),
                    ('member', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sign_in_codes', to='compensation.member')),
                ],
                options={
                    'indexes': [models.Index(fields=['contact', '-id'], name='signincode_live'), models.Index(fields=['expires_at'], name='signincode_old')],
                },
            ),
            migrations.CreateModel(
                name='TierBenefitHistory',
                fields=[
                    ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('id', models.BigIntegerField()),
                    ('kind', models.CharField(choices=[('free_shipping_from_fen', 'free shipping from (fen)'), ('dedicated_agent', 'an agent of their own'), ('ship_within_hours', 'shipped within (hours)'), ('birthday_coupon', 'birthday coupon'), ('event_access', 'exclusive events')], max_length=32, verbose_name='benefit')),
                    ('amount', models.PositiveIntegerField(blank=True, help_text='Fen or hours, where the benefit is an amount.', null=True, verbose_name='amount')),
                    ('coupon', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='compensation.coupontemplate', verbose_name='coupon')),
                    ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='compensation.tierbenefit')),
                    ('tier', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='compensation.tier', verbose_name='tier')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='TierPeriod',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('starts_at', models.DateTimeField(verbose_name='from')),
                    ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                    ('reason', models.CharField(choices=[('start', 'joined'), ('spending', 'spending'), ('review', 'spending at the end of the period'), ('manual', 'set by hand')], max_length=16, verbose_name='reason')),
                    ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                    ('review_at', models.DateTimeField(blank=True, help_text='Then spending decides again. None: nothing to lose.', null=True, verbose_name='kept until')),
                    ('noticed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='warned')),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tier_periods', to='compensation.member')),
                    ('tier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='periods', to='compensation.tier')),
                ],
                options={
                    'verbose_name': 'tier period',
                    'verbose_name_plural': 'tier periods',
                    'indexes': [models.Index(condition=models.Q(('ends_at__isnull', True), ('review_at__isnull', False)), fields=['review_at', 'member'], name='tierperiod_review')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('reason__in', ['start', 'spending', 'review', 'manual'])), name='tierperiod_reason_known'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='tierperiod_forward'), models.CheckConstraint(condition=models.Q(models.Q(('reason', 'manual'), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR'), name='tierperiod_manual_says_why'), models.CheckConstraint(condition=models.Q(('review_at__isnull', True), ('review_at__gt', models.F('starts_at')), _connector='OR'), name='tierperiod_reviewed_later'), django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(models.F('member'), models.F('member'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange'), '&&')], name='tierperiod_no_overlap')],
                },
            ),
            migrations.CreateModel(
                name='Entry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('amount', models.BigIntegerField(verbose_name='amount')),
                    ('balance_after', models.BigIntegerField(null=True, verbose_name='balance after')),
                    ('version', models.PositiveBigIntegerField(help_text="The entry's number in its account.", null=True)),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='compensation.account')),
                    ('transaction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='compensation.transaction')),
                ],
                options={
                    'verbose_name': 'ledger entry',
                    'verbose_name_plural': 'ledger entries',
                    'constraints': [models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='entry_not_zero'), models.UniqueConstraint(fields=('account', 'version'), name='entry_gapless')],
                },
            ),
            migrations.CreateModel(
                name='Grant',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=200, unique=True)),
                    ('cause', models.CharField(help_text='What it is for, such as "gap:12"; one live grant each.', max_length=120, verbose_name='cause')),
                    ('problem', models.CharField(db_default='', help_text='What its sum is taken over beside member and order, such as "case:12".', max_length=120, verbose_name='problem')),
                    ('kind', models.CharField(choices=[('coupon', 'coupon'), ('points', 'points'), ('refund', 'refund'), ('price_difference', 'price difference'), ('reshipment', 'reshipment'), ('gift', 'gift')], max_length=16, verbose_name='kind')),
                    ('points', models.PositiveIntegerField(blank=True, null=True, verbose_name='points')),
                    ('amount_fen', models.PositiveBigIntegerField(blank=True, help_text='Of a refund or price difference; what a parcel or gift is worth.', null=True, verbose_name='amount (fen)')),
                    ('gift', models.CharField(blank=True, db_default='', max_length=200, verbose_name='gift')),
                    ('cost_fen', models.PositiveBigIntegerField(help_text='What counts against authority.', verbose_name='cost (fen)')),
                    ('evidence', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='How many pictures proved it when it was asked for.', verbose_name='pictures')),
                    ('reason', models.CharField(max_length=500, verbose_name='reason')),
                    ('reason_code', models.CharField(blank=True, db_default='', max_length=40, verbose_name='kind of reason')),
                    ('department', models.CharField(blank=True, db_default='', max_length=40, verbose_name='department')),
                    ('content_hash', models.CharField(db_default='', editable=False, help_text='Of all that an approver decides on.', max_length=64)),
                    ('status', models.CharField(choices=[('requested', 'waiting for approval'), ('approved', 'approved, on its way'), ('executed', 'carried out'), ('confirmed', 'given'), ('refused', 'refused'), ('failed', 'failed'), ('reversed', 'taken back'), ('withdrawn', 'withdrawn')], default='requested', max_length=16, verbose_name='status')),
                    ('requested_at', models.DateTimeField(verbose_name='requested')),
                    ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                    ('decision_note', models.CharField(blank=True, max_length=500, verbose_name='decision')),
                    ('executed_at', models.DateTimeField(blank=True, null=True, verbose_name='carried out')),
                    ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='given')),
                    ('reversed_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back')),
                    ('ended_at', models.DateTimeField(blank=True, help_text='When it failed or was withdrawn.', null=True, verbose_name='ended')),
                    ('outcome', models.CharField(blank=True, db_default='', help_text='The number that it was carried out under, or why it failed.', max_length=200, verbose_name='outcome')),
                    ('decided_by', models.ForeignKey(blank=True, help_text='Nobody: within authority, or a rule.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decided_grants', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                    ('requested_by', models.ForeignKey(blank=True, help_text='Nobody: a rule.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='requested_grants', to=settings.AUTH_USER_MODEL, verbose_name='requested by')),
                    ('template', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='compensation.coupontemplate', verbose_name='coupon')),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='compensation.member', verbose_name='member')),
                    ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='compensation.order', verbose_name='order')),
                ],
                options={
                    'verbose_name': 'grant',
                    'verbose_name_plural': 'grants',
                    'permissions': [('approve_grant', 'Can approve grants')],
                    'indexes': [models.Index(condition=models.Q(('status', 'requested')), fields=['requested_at'], name='grant_waiting'), models.Index(fields=['member', '-requested_at'], name='grant_member'), models.Index(condition=models.Q(('status__in', ('requested', 'approved', 'executed', 'confirmed'))), fields=['problem'], name='grant_problem')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'approved', 'executed', 'confirmed', 'refused', 'failed', 'reversed', 'withdrawn'])), name='grant_status_known'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'coupon'), ('template__isnull', False), ('amount_fen__isnull', True), ('gift', ''), ('points__isnull', True)), models.Q(('kind', 'points'), ('points__gt', 0), ('points__isnull', False), ('amount_fen__isnull', True), ('gift', ''), ('template__isnull', True)), models.Q(('kind', 'gift'), ('points__isnull', True), ('template__isnull', True), ('amount_fen__isnull', False), models.Q(('gift', ''), _negated=True)), models.Q(('amount_fen__isnull', False), ('kind__in', ['refund', 'price_difference', 'reshipment']), ('order__isnull', False), ('gift', ''), ('points__isnull', True), ('template__isnull', True)), _connector='OR'), name='grant_has_content'), models.CheckConstraint(condition=models.Q(('requested_by__isnull', True), ('decided_by__isnull', True), models.Q(('decided_by', models.F('requested_by')), _negated=True), _connector='OR'), name='grant_not_own_approval'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('executed_at__isnull', True), ('status', 'requested')), models.Q(('decided_at__isnull', False), ('executed_at__isnull', True), ('status', 'refused')), models.Q(('ended_at__isnull', False), ('executed_at__isnull', True), ('status', 'withdrawn')), models.Q(('decided_at__isnull', False), ('executed_at__isnull', True), ('status', 'approved')), models.Q(('decided_at__isnull', False), ('executed_at__isnull', False), ('status', 'executed'), ('confirmed_at__isnull', True)), models.Q(('decided_at__isnull', False), ('executed_at__isnull', False), ('status', 'confirmed'), ('confirmed_at__isnull', False)), models.Q(('decided_at__isnull', False), ('ended_at__isnull', False), ('status', 'failed'), ('confirmed_at__isnull', True)), models.Q(('executed_at__isnull', False), ('reversed_at__isnull', False), ('status', 'reversed')), _connector='OR'), name='grant_times_fit_status'), models.UniqueConstraint(condition=models.Q(('status__in', ('requested', 'approved', 'executed', 'confirmed'))), fields=('cause',), name='grant_one_live_a_cause')],
                },
            ),
            migrations.CreateModel(
                name='Shipment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(max_length=64, verbose_name='shipment number')),
                    ('carrier', models.CharField(blank=True, max_length=64, verbose_name='carrier')),
                    ('tracking_number', models.CharField(blank=True, max_length=64, verbose_name='tracking number')),
                    ('shipped_at', models.DateTimeField(blank=True, null=True, verbose_name='shipped')),
                    ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shipments', to='compensation.order', verbose_name='order')),
                ],
                options={
                    'verbose_name': 'shipment',
                    'verbose_name_plural': 'shipments',
                    'indexes': [models.Index(condition=models.Q(('tracking_number', ''), _negated=True), fields=['tracking_number'], name='shipment_tracking')],
                    'constraints': [models.UniqueConstraint(fields=('order', 'external_id'), name='shipment_once')],
                },
            ),
            migrations.CreateModel(
                name='Coupon',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.CharField(max_length=32, unique=True, verbose_name='code')),
                    ('value_fen', models.PositiveBigIntegerField(verbose_name='value (fen)')),
                    ('min_spend_fen', models.PositiveBigIntegerField(default=0, verbose_name='from a spending of (fen)')),
                    ('status', models.CharField(choices=[('issued', 'usable'), ('redeemed', 'used'), ('expired', 'expired'), ('revoked', 'taken back')], default='issued', max_length=8, verbose_name='status')),
                    ('issued_at', models.DateTimeField(verbose_name='given')),
                    ('expires_at', models.DateTimeField(verbose_name='expires')),
                    ('redeemed_at', models.DateTimeField(blank=True, null=True, verbose_name='used')),
                    ('redeemed_for', models.CharField(blank=True, max_length=64, verbose_name='used for order')),
                    ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='coupons', to='compensation.coupontemplate', verbose_name='kind')),
                    ('grant', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='coupon', to='compensation.grant', verbose_name='grant')),
                    ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='coupons', to='compensation.member', verbose_name='member')),
                ],
                options={
                    'verbose_name': 'coupon',
                    'verbose_name_plural': 'coupons',
                    'permissions': [('see_coupon_code', 'Can see whole coupon codes')],
                    'indexes': [models.Index(fields=['member', '-issued_at'], name='coupon_member'), models.Index(condition=models.Q(('status', 'issued')), fields=['expires_at'], name='coupon_expiring')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['issued', 'redeemed', 'expired', 'revoked'])), name='coupon_status_known'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('issued_at'))), name='coupon_forward'), models.CheckConstraint(condition=models.Q(models.Q(('redeemed_at__isnull', False), ('status', 'redeemed')), models.Q(models.Q(('status', 'redeemed'), _negated=True), ('redeemed_at__isnull', True)), _connector='OR'), name='coupon_redeemed_has_time')],
                },
            ),
            migrations.CreateModel(
                name='Lot',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('rate', models.DecimalField(decimal_places=4, help_text='Units for each yuan.', max_digits=9, null=True, verbose_name='rate')),
                    ('amount', models.PositiveBigIntegerField(verbose_name='amount')),
                    ('remaining', models.PositiveBigIntegerField(verbose_name='left')),
                    ('spent', models.PositiveBigIntegerField(default=0, verbose_name='spent')),
                    ('expired', models.PositiveBigIntegerField(default=0, verbose_name='expired')),
                    ('withdrawn', models.PositiveBigIntegerField(default=0, verbose_name='taken back')),
                    ('available_from', models.DateTimeField(verbose_name='usable from')),
                    ('expires_at', models.DateTimeField(null=True, verbose_name='expires')),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='compensation.account')),
                    ('entry', models.ForeignKey(help_text='None: held before there were lots.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='compensation.entry')),
                    ('order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='compensation.order', verbose_name='order')),
                    ('tier', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='compensation.tier', verbose_name='tier')),
                ],
                options={
                    'verbose_name': 'lot',
                    'verbose_name_plural': 'lots',
                    'indexes': [models.Index(condition=models.Q(('remaining__gt', 0)), fields=['account', 'expires_at', 'id'], name='lot_held'), models.Index(condition=models.Q(('expires_at__isnull', False), ('remaining__gt', 0)), fields=['expires_at', 'account'], name='lot_expiring')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('amount', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('remaining'), '+', models.F('spent')), '+', models.F('expired')), '+', models.F('withdrawn')))), name='lot_adds_up'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='lot_not_empty'), models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gt', models.F('available_from')), _connector='OR'), name='lot_forward')],
                },
            ),
            migrations.CreateModel(
                name='OrderLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('external_id', models.CharField(max_length=64, verbose_name='line number')),
                    ('quantity', models.PositiveIntegerField(default=1, verbose_name='quantity')),
                    ('paid_fen', models.BigIntegerField(help_text='For the whole line, after discounts.', verbose_name='paid (fen)')),
                    ('ship_by', models.DateTimeField(blank=True, help_text='As promised at the order.', null=True, verbose_name='ship by')),
                    ('deliver_by', models.DateTimeField(blank=True, help_text='As promised at the order.', null=True, verbose_name='deliver by')),
                    ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='compensation.order', verbose_name='order')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='compensation.product', verbose_name='product')),
                    ('shipment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='lines', to='compensation.shipment', verbose_name='shipment')),
                ],
                options={
                    'verbose_name': 'order line',
                    'verbose_name_plural': 'order lines',
                    'constraints': [models.UniqueConstraint(fields=('order', 'external_id'), name='orderline_once'), models.CheckConstraint(condition=models.Q(('paid_fen__gte', 0), ('quantity__gte', 1)), name='orderline_amounts')],
                },
            ),
            migrations.CreateModel(
                name='ShipmentEvent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('at', models.DateTimeField(verbose_name='at')),
                    ('code', models.CharField(max_length=32, verbose_name='code')),
                    ('text', models.CharField(blank=True, max_length=200, verbose_name='text')),
                    ('place', models.CharField(blank=True, max_length=100, verbose_name='place')),
                    ('shipment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='compensation.shipment')),
                ],
                options={
                    'verbose_name': 'carrier event',
                    'verbose_name_plural': 'carrier events',
                    'ordering': ['at'],
                    'constraints': [models.UniqueConstraint(fields=('shipment', 'at', 'code'), name='shipmentevent_once')],
                },
            ),
            migrations.CreateModel(
                name='ApprovalRound',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('content_hash', models.CharField(editable=False, max_length=64)),
                    ('grant_fen', models.PositiveBigIntegerField(verbose_name='amount (fen)')),
                    ('problem_fen', models.PositiveBigIntegerField(verbose_name='for the problem (fen)')),
                    ('order_fen', models.PositiveBigIntegerField(verbose_name='for the order (fen)')),
                    ('member_day_fen', models.PositiveBigIntegerField(verbose_name='for the member in a day (fen)')),
                    ('asked_at', models.DateTimeField(verbose_name='asked')),
                    ('due_at', models.DateTimeField(verbose_name='due')),
                    ('raised', models.PositiveSmallIntegerField(default=0, help_text='How often it went a level up because nobody decided in time.', verbose_name='raised')),
                    ('decision', models.CharField(blank=True, choices=[('approved', 'approved'), ('refused', 'refused'), ('void', 'void: it was changed'), ('withdrawn', 'withdrawn')], max_length=12, verbose_name='decision')),
                    ('note', models.CharField(blank=True, max_length=500, verbose_name='remark')),
                    ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                    ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                    ('on_behalf_of', models.ForeignKey(blank=True, help_text='Whose authority was used, where it was delegated.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='on behalf of')),
                    ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('role', models.ForeignKey(blank=True, help_text='The role that it waits for; none: no role may give that much.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='auth.group', verbose_name='level')),
                    ('grant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rounds', to='compensation.grant', verbose_name='grant')),
                ],
                options={
                    'verbose_name': 'approval round',
                    'verbose_name_plural': 'approval rounds',
                    'indexes': [models.Index(condition=models.Q(('decision', '')), fields=['due_at'], name='approvalround_due')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('decision', '')), fields=('grant',), name='approvalround_one_open'), models.CheckConstraint(condition=models.Q(('decision__in', ['', 'approved', 'refused', 'void', 'withdrawn'])), name='approvalround_decision_known'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decision', '')), models.Q(models.Q(('decision', ''), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='approvalround_decided_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('decision__in', ['approved', 'refused']), _negated=True), ('requested_by__isnull', True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('requested_by')), _negated=True), models.Q(('on_behalf_of__isnull', True), models.Q(('on_behalf_of', models.F('requested_by')), _negated=True), _connector='OR')), _connector='OR'), name='approvalround_not_own')],
                },
            ),
            migrations.CreateModel(
                name='GrantLine',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('quantity', models.PositiveIntegerField(default=1, verbose_name='quantity')),
                    ('amount_fen', models.PositiveBigIntegerField(default=0, verbose_name='amount (fen)')),
                    ('grant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='compensation.grant')),
                    ('order_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grant_lines', to='compensation.orderline', verbose_name='order line')),
                ],
                options={
                    'verbose_name': 'line of a grant',
                    'verbose_name_plural': 'lines of a grant',
                    'constraints': [models.UniqueConstraint(fields=('grant', 'order_line'), name='grantline_once'), models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='grantline_some')],
                },
            ),
            migrations.CreateModel(
                name='LotUse',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('fate', models.CharField(choices=[('spent', 'spent'), ('expired', 'expired'), ('withdrawn', 'taken back')], max_length=9)),
                    ('amount', models.BigIntegerField(verbose_name='amount')),
                    ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lot_uses', to='compensation.entry')),
                    ('lot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='compensation.lot')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('entry', 'lot', 'fate'), name='lotuse_once'), models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='lotuse_not_zero'), models.CheckConstraint(condition=models.Q(('fate__in', ['spent', 'expired', 'withdrawn'])), name='lotuse_fate_known')],
                },
            ),
        ]),
        Together([
            pgtrigger.migrations.AddTrigger(
                model_name='approvalterms',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'approvalterms',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='a79afbfe7546819e2cc6e7cea48079d943a541ec', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_aff8a', table='compensation_approvalterms', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='approvalterms',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_approvaltermshistory" ("decide_within_hours", "evidence_above_fen", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."decide_within_hours", NEW."evidence_above_fen", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='f1d3358d338482f363c0e6580cf4c7cb5eaa3977', operation='INSERT', pgid='pgtrigger_insert_insert_628bb', table='compensation_approvalterms', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='approvalterms',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_approvaltermshistory" ("decide_within_hours", "evidence_above_fen", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."decide_within_hours", NEW."evidence_above_fen", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='6467e0114b5969af8f8a5f2d36baf73587cadbd1', operation='UPDATE', pgid='pgtrigger_update_update_d438c', table='compensation_approvalterms', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='approvalterms',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_approvaltermshistory" ("decide_within_hours", "evidence_above_fen", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."decide_within_hours", OLD."evidence_above_fen", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='bb3e8743cf850dd379e94b153c0391a4ff5d6c57', operation='DELETE', pgid='pgtrigger_delete_delete_4f675', table='compensation_approvalterms', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='coupontemplate',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'coupontemplate',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='2c7fe0ee2c4453fa85a4a56b8e03d29a118d3f52', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_c2e2e', table='compensation_coupontemplate', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='coupontemplate',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_coupontemplatehistory" ("code", "id", "is_active", "min_spend_fen", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "valid_days", "value_fen") VALUES (NEW."code", NEW."id", NEW."is_active", NEW."min_spend_fen", NEW."name", NEW."name_en", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."valid_days", NEW."value_fen"); RETURN NULL;', hash='473a942cecb98bf89fdc541f19ab9561b85ac841', operation='INSERT', pgid='pgtrigger_insert_insert_120be', table='compensation_coupontemplate', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='coupontemplate',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_coupontemplatehistory" ("code", "id", "is_active", "min_spend_fen", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "valid_days", "value_fen") VALUES (NEW."code", NEW."id", NEW."is_active", NEW."min_spend_fen", NEW."name", NEW."name_en", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."valid_days", NEW."value_fen"); RETURN NULL;', hash='bdb598049b9296ecada28eae51287a4ce641af5c', operation='UPDATE', pgid='pgtrigger_update_update_d1449', table='compensation_coupontemplate', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='coupontemplate',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_coupontemplatehistory" ("code", "id", "is_active", "min_spend_fen", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "valid_days", "value_fen") VALUES (OLD."code", OLD."id", OLD."is_active", OLD."min_spend_fen", OLD."name", OLD."name_en", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."valid_days", OLD."value_fen"); RETURN NULL;', hash='e2ac3a70992b359162c219a01b824a755369c671', operation='DELETE', pgid='pgtrigger_delete_delete_11bfb', table='compensation_coupontemplate', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='pointsrule',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'pointsrule',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='17721f38d76b30682b12cd9273478333e79f7ea5', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_7f56b', table='compensation_pointsrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='pointsrule',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_pointsrulehistory" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "worth_fen") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."points", NEW."worth_fen"); RETURN NULL;', hash='caba9325f199e352517532b4598b1080d6798cf1', operation='INSERT', pgid='pgtrigger_insert_insert_79a05', table='compensation_pointsrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='pointsrule',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_pointsrulehistory" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "worth_fen") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."points", NEW."worth_fen"); RETURN NULL;', hash='6278ae60da195484eea40c277192a2d8523a15f0', operation='UPDATE', pgid='pgtrigger_update_update_218d9', table='compensation_pointsrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='pointsrule',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_pointsrulehistory" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "worth_fen") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."points", OLD."worth_fen"); RETURN NULL;', hash='a23f3173c50b17d3fa058c992f99d8bee391ce12', operation='DELETE', pgid='pgtrigger_delete_delete_73657', table='compensation_pointsrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tier',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'tier',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='e45ae5f1a413d5c7e8a777c2cb20482175c0f595', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_3a24c', table='compensation_tier', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tier',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_tierhistory" ("above_fen", "code", "id", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank") VALUES (NEW."above_fen", NEW."code", NEW."id", NEW."name", NEW."name_en", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."rank"); RETURN NULL;', hash='cff009bb392f1e4db54195605432b15ee8666470', operation='INSERT', pgid='pgtrigger_insert_insert_00b63', table='compensation_tier', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tier',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_tierhistory" ("above_fen", "code", "id", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank") VALUES (NEW."above_fen", NEW."code", NEW."id", NEW."name", NEW."name_en", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."rank"); RETURN NULL;', hash='4be3e0e3e986b729d2818cd5db3846baf5c186c6', operation='UPDATE', pgid='pgtrigger_update_update_73047', table='compensation_tier', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tier',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_tierhistory" ("above_fen", "code", "id", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank") VALUES (OLD."above_fen", OLD."code", OLD."id", OLD."name", OLD."name_en", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."rank"); RETURN NULL;', hash='0275b4513d921f5fc8cdce71dead33eef24e1052', operation='DELETE', pgid='pgtrigger_delete_delete_9ff5f', table='compensation_tier', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierrule',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'tierrule',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='c0f2023542cea2ec1887b11b035d834b750a4d3b', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_f6a29', table='compensation_tierrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierrule',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_tierrulehistory" ("id", "keep_days", "notice_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "window_days") VALUES (NEW."id", NEW."keep_days", NEW."notice_days", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."window_days"); RETURN NULL;', hash='47c14a55c2d09ff15c2a2c08781b0585c6f4c7ac', operation='INSERT', pgid='pgtrigger_insert_insert_76942', table='compensation_tierrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierrule',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_tierrulehistory" ("id", "keep_days", "notice_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "window_days") VALUES (NEW."id", NEW."keep_days", NEW."notice_days", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."window_days"); RETURN NULL;', hash='24df07b58455e051f291ab4fd7576c4854de7d9f', operation='UPDATE', pgid='pgtrigger_update_update_eebf8', table='compensation_tierrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierrule',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_tierrulehistory" ("id", "keep_days", "notice_days", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "window_days") VALUES (OLD."id", OLD."keep_days", OLD."notice_days", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."window_days"); RETURN NULL;', hash='0ecabdc5340e5a473350170cd2d7a4db2a8cd6be', operation='DELETE', pgid='pgtrigger_delete_delete_1f416', table='compensation_tierrule', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='approvaltermshistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='049082bcd886a560b70516a884834aaa7a0f8ed9', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_01b5e', table='compensation_approvaltermshistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='authority',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'authority',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='65329ed01cf61b37c129c02ec605e3bd50faa5ad', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_96915', table='compensation_authority', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='authority',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_authorityhistory" ("group_id", "id", "per_grant_fen", "per_member_day_fen", "per_order_fen", "per_problem_fen", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."group_id", NEW."id", NEW."per_grant_fen", NEW."per_member_day_fen", NEW."per_order_fen", NEW."per_problem_fen", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."user_id"); RETURN NULL;', hash='52c131205ecb42f9bb43ae9a3aad0199dce2eaa8', operation='INSERT', pgid='pgtrigger_insert_insert_e44df', table='compensation_authority', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='authority',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_authorityhistory" ("group_id", "id", "per_grant_fen", "per_member_day_fen", "per_order_fen", "per_problem_fen", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."group_id", NEW."id", NEW."per_grant_fen", NEW."per_member_day_fen", NEW."per_order_fen", NEW."per_problem_fen", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."user_id"); RETURN NULL;', hash='c9cfb320e120606e99077e86661171b721f5eadd', operation='UPDATE', pgid='pgtrigger_update_update_614fb', table='compensation_authority', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='authority',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_authorityhistory" ("group_id", "id", "per_grant_fen", "per_member_day_fen", "per_order_fen", "per_problem_fen", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (OLD."group_id", OLD."id", OLD."per_grant_fen", OLD."per_member_day_fen", OLD."per_order_fen", OLD."per_problem_fen", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id"); RETURN NULL;', hash='193d4bed38c469276617127d29dea32682a84f21', operation='DELETE', pgid='pgtrigger_delete_delete_f90d3', table='compensation_authority', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='authorityhistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7175ca4887a5e4330711e6c88fc5e34371931bfa', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_dcadc', table='compensation_authorityhistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='coupontemplatehistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fe34dc8eb455b673046633d3511b1e0662a8c6fe', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_56766', table='compensation_coupontemplatehistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='lotuse',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4cdcf2c242291ef5bfdfcf36dcf4e8d452030a0a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_28fa5', table='compensation_lotuse', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='order',
                trigger=pgtrigger.compiler.Trigger(name='changed_txid', sql=pgtrigger.compiler.UpsertTriggerSql(func='NEW.changed_txid = pg_current_xact_id()::text::bigint; RETURN NEW;', hash='24761ac334b0ed47a4803073e008854873b87395', operation='INSERT OR UPDATE', pgid='pgtrigger_changed_txid_591c7', table='compensation_order', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='pointsrulehistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='6422b0c21c3db9e3cc55a61975908156123ab8ab', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a7486', table='compensation_pointsrulehistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierbenefit',
                trigger=pgtrigger.compiler.Trigger(name='record_change', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE before jsonb := NULL; after jsonb := NULL; gone jsonb := NULL; come jsonb := NULL; context jsonb; hidden text[] := ARRAY[]::text[];', func="\n    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - hidden; END IF;\n    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - hidden; END IF;\n    IF TG_OP = 'UPDATE' THEN\n        SELECT jsonb_object_agg(key, value) INTO gone FROM jsonb_each(before) WHERE value <> after->key;\n        SELECT jsonb_object_agg(key, value) INTO come FROM jsonb_each(after) WHERE value <> before->key;\n        IF come IS NULL THEN RETURN NULL; END IF;\n    ELSE\n        gone := before; come := after;\n    END IF;\n    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;\n    INSERT INTO common_event (kind, at, actor, subject_type, subject_id, data) VALUES (\n        'config.changed', clock_timestamp(), coalesce('user:' || (context->>'user'), 'system'), 'tierbenefit',\n        coalesce(after->>'id', before->>'id')::bigint,\n        jsonb_build_object('op', lower(TG_OP), 'before', gone, 'after', come, 'url', context->>'url',\n            'request', context->>'request')\n    );\n    RETURN NULL;\n", hash='2a072d5de4946af3482fa97ff8066162aa4196e0', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_record_change_835d9', table='compensation_tierbenefit', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierbenefit',
                trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_tierbenefithistory" ("amount", "coupon_id", "id", "kind", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tier_id") VALUES (NEW."amount", NEW."coupon_id", NEW."id", NEW."kind", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."tier_id"); RETURN NULL;', hash='bf24ec5a5e1335788f45288a078bcd4c4a8d47f0', operation='INSERT', pgid='pgtrigger_insert_insert_946d5', table='compensation_tierbenefit', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierbenefit',
                trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "compensation_tierbenefithistory" ("amount", "coupon_id", "id", "kind", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tier_id") VALUES (NEW."amount", NEW."coupon_id", NEW."id", NEW."kind", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."tier_id"); RETURN NULL;', hash='e935cf155a1566ba3dc94c1e300894ed1a9a235b', operation='UPDATE', pgid='pgtrigger_update_update_26953', table='compensation_tierbenefit', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierbenefit',
                trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "compensation_tierbenefithistory" ("amount", "coupon_id", "id", "kind", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "tier_id") VALUES (OLD."amount", OLD."coupon_id", OLD."id", OLD."kind", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."tier_id"); RETURN NULL;', hash='ead53ed39a97029398387e3526c60fab8e361c87', operation='DELETE', pgid='pgtrigger_delete_delete_29208', table='compensation_tierbenefit', when='AFTER')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierbenefithistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='99c47ace1f697e32a0279fe4ecb04f2c27e95fe5', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_9585f', table='compensation_tierbenefithistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierhistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='03836f3d4f5f7f80d91a3e9f9b71c18b0ea2db70', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_4361d', table='compensation_tierhistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='tierrulehistory',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c600ee607171b5a96ba6518e409dadaed708c475', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_82427', table='compensation_tierrulehistory', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='transaction',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b32e07976cf030bffc25d2ee3c8ecfd288d6ba15', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_cf251', table='compensation_transaction', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='entry',
                trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='8adc4fd34598fc5ba1425ec936d9cb1c2468011d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_7f8c9', table='compensation_entry', when='BEFORE')),
            ),
            pgtrigger.migrations.AddTrigger(
                model_name='entry',
                trigger=pgtrigger.compiler.Trigger(name='balances', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="\n                IF EXISTS (\n                    SELECT 1 FROM compensation_entry e JOIN compensation_account a ON a.id = e.account_id\n                    WHERE e.transaction_id = NEW.transaction_id\n                    GROUP BY a.unit HAVING sum(e.amount) <> 0\n                ) THEN\n                    RAISE EXCEPTION 'transaction % does not balance', NEW.transaction_id\n                        USING ERRCODE = 'check_violation';\n                END IF;\n                RETURN NULL;\n                ", hash='a78811ff1d1374a517517485687c9f582707ca11', operation='INSERT', pgid='pgtrigger_balances_2940a', table='compensation_entry', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')),
            ),
        ]),
    ]
