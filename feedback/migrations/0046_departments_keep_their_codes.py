"""A department keeps its code, which budgets, grants, rules and shared pages name."""

from django.db import migrations

KEEP = """
CREATE FUNCTION feedback_keep_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the code of % stays', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER department_keeps_code BEFORE UPDATE OF code ON feedback_department
  FOR EACH ROW WHEN (OLD.code <> NEW.code) EXECUTE FUNCTION feedback_keep_code();
"""
FREE = "DROP TRIGGER department_keeps_code ON feedback_department; DROP FUNCTION feedback_keep_code();"


class Migration(migrations.Migration):

    dependencies = [
        ("feedback", "0045_playbooks_give_all"),
    ]

    operations = [
        migrations.RunSQL(KEEP, FREE),
    ]
