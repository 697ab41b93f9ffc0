"""Mark the reviews for which members got points before there were rules for rewards."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("feedback", "0060_legal_holds"), ("compensation", "0032_suppliers")]

    operations = [
        migrations.RunSQL(
            """
            UPDATE feedback_review AS r SET is_rewarded = true
            FROM compensation_earning e JOIN compensation_earningrule rule ON rule.id = e.rule_id
            WHERE rule.code = 'review' AND e.points > 0 AND e.occurrence ~ '^review:[0-9]{1,18}$'
            AND r.id = substr(e.occurrence, 8)::bigint
            """,
            migrations.RunSQL.noop,
        )
    ]
