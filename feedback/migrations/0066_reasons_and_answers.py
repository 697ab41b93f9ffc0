"""Which reasons leave stars out of figures, and answers from the upgrade on."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("feedback", "0065_stars_of_refused_reviews")]

    operations = [
        migrations.RunSQL(
            """
            UPDATE feedback_moderationreason SET stars_count = false
            WHERE code IN ('paid', 'not-bought', 'copied', 'burst');
            UPDATE feedback_review SET counts = false
            FROM feedback_moderationreason reason
            WHERE feedback_review.refused_for_id = reason.id AND NOT reason.stars_count;
            INSERT INTO feedback_voicedue (review_id, product_id, day)
            SELECT id, product_id, (written_at AT TIME ZONE 'Asia/Shanghai')::date
            FROM feedback_review WHERE status = 'refused' AND counts;
            UPDATE feedback_reviewsetup SET answers_from = now()
            WHERE EXISTS (SELECT FROM feedback_review) AND NOT EXISTS (SELECT FROM feedback_replydecision);
            """,
            migrations.RunSQL.noop,
        ),
    ]
