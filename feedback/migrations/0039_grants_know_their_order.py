from django.db import migrations

ORDERS = """
UPDATE compensation_grant AS given SET order_id = coalesce(worked.order_id, gap.order_id)
FROM feedback_remedy AS remedy
LEFT JOIN feedback_case AS worked ON worked.id = remedy.case_id
LEFT JOIN feedback_gap AS gap ON gap.id = remedy.gap_id
WHERE remedy.grant_id = given.id AND given.order_id IS NULL
  AND coalesce(worked.order_id, gap.order_id) IS NOT NULL
"""
"""The order of the case or gap that a grant was for."""

PROBLEMS = """
UPDATE compensation_grant AS given SET problem = 'case:' || remedy.case_id
FROM feedback_remedy AS remedy
WHERE remedy.grant_id = given.id AND remedy.case_id IS NOT NULL
"""
"""What a rule gave for a gap that opened a case counts for the case."""


class Migration(migrations.Migration):

    dependencies = [
        ("feedback", "0038_cases_by_age"),
        ("compensation", "0012_grants_whole"),
    ]

    operations = [
        migrations.RunSQL(ORDERS, migrations.RunSQL.noop),
        migrations.RunSQL(PROBLEMS, migrations.RunSQL.noop),
    ]
