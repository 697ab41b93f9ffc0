"""Let invitations know who had the case: of answered ones as the answer has it, of others whoever has it now."""

from django.db import migrations

FILL = """
    UPDATE surveys_invitation invitation
    SET agent_id = held.agent_id, department_id = held.department_id
    FROM (
        SELECT asked.id,
               CASE WHEN response.id IS NULL THEN about.agent_id ELSE response.agent_id END AS agent_id,
               CASE WHEN response.id IS NULL THEN about.department_id ELSE response.department_id END
                 AS department_id
        FROM surveys_invitation asked
        JOIN feedback_case about ON about.id = asked.case_id
        LEFT JOIN surveys_response response ON response.invitation_id = asked.id
    ) AS held
    WHERE held.id = invitation.id
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0018_thanks_and_who_had_the_case")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
