"""More words that are no reason to refuse a review. What was worded so before stays until it is edited."""

from django.db import migrations, models
from django.db.models import Q

OF_STARS = (
    r"negativ|critic|\mstars?\M|rating|(low|bad|poor)[-_ ]*(score|review|mark|star)"
    r"|unfavou?r|unflatter|dissatisf|unhappy|pessimis|harsh|reputation"
    r"|差[评評]|中[评評]|低[评評]|[负負]面|低分|低星|星[级級]|[评評]分|打分|[一二两兩三四五1-5]\s*[颗顆个個]?\s*星|不好听|太差"
    r"|消[极極]|不利|抹黑|抱怨|不[满滿]|口碑|形象|[声聲][誉譽]|[难難][听聽]"
)
NAME = "moderationreason_not_for_stars"


class Migration(migrations.Migration):
    dependencies = [("feedback", "0066_reasons_and_answers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"""
                    ALTER TABLE feedback_moderationreason DROP CONSTRAINT {NAME},
                    ADD CONSTRAINT {NAME} CHECK (
                        NOT (code ~* '{OF_STARS}' OR name ~* '{OF_STARS}' OR name_en ~* '{OF_STARS}')
                    ) NOT VALID
                    """,
                    migrations.RunSQL.noop,
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("moderationreason", NAME),
                migrations.AddConstraint(
                    "moderationreason",
                    models.CheckConstraint(
                        name=NAME,
                        condition=~(
                            Q(code__iregex=OF_STARS) | Q(name__iregex=OF_STARS) | Q(name_en__iregex=OF_STARS)
                        ),
                        violation_error_message="A review is never refused for its stars or for being negative.",
                    ),
                ),
            ],
        ),
    ]
