"""A tier keeps its code, which segments and rules name; a coupon had for points says when these were returned."""

from django.db import migrations, models

KEEP = """
CREATE FUNCTION compensation_keep_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the code of % stays', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER tier_keeps_code BEFORE UPDATE OF code ON compensation_tier
  FOR EACH ROW WHEN (OLD.code <> NEW.code) EXECUTE FUNCTION compensation_keep_code();
"""
FREE = "DROP TRIGGER tier_keeps_code ON compensation_tier; DROP FUNCTION compensation_keep_code();"


class Migration(migrations.Migration):

    dependencies = [
        ("compensation", "0025_owed_whole"),
    ]

    operations = [
        migrations.AddField(
            model_name='rewardclaim',
            name='returned_at',
            field=models.DateTimeField(blank=True, help_text='When the coupon was taken back.', null=True, verbose_name='points returned'),
        ),
        migrations.RunSQL(KEEP, FREE),
    ]
