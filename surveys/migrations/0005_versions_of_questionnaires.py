"""Campaigns had questions of their own, each with the time in which it was asked.

Each campaign gets a questionnaire. Each time span in which the same questions were asked becomes a published
version with copies of them; invitations and answers go over to the version of their time.
"""

from django.conf import settings
from django.db import migrations

SCALE = 5
WAVES = """
    INSERT INTO surveys_wave (campaign_id, label, opens_at, closes_at, drawn_up_to)
    SELECT campaign_id, to_char(quarter, 'YYYY-"Q"Q'), quarter AT TIME ZONE %(zone)s,
           (quarter + interval '3 months') AT TIME ZONE %(zone)s, 0
    FROM (SELECT DISTINCT campaign_id, date_trunc('quarter', invited_at AT TIME ZONE %(zone)s) AS quarter
          FROM surveys_invitation) AS found
"""
INVITATIONS = """
    UPDATE surveys_invitation invitation
    SET wave_id = wave.id, key = coalesce('case:' || invitation.case_id, 'invitation:' || invitation.id),
        is_answered = EXISTS (SELECT FROM surveys_response WHERE invitation_id = invitation.id)
    FROM surveys_wave wave
    WHERE wave.campaign_id = invitation.campaign_id
      AND invitation.invited_at >= wave.opens_at AND invitation.invited_at < wave.closes_at
"""
VERSION = """
    UPDATE surveys_invitation SET version_id = %(version)s
    WHERE campaign_id = %(campaign)s AND invited_at >= %(since)s
      AND (%(until)s::timestamptz IS NULL OR invited_at < %(until)s)
"""
ANSWERS = """
    UPDATE surveys_answer answer SET question_id = %(copy)s
    FROM surveys_response response JOIN surveys_invitation invitation ON invitation.id = response.invitation_id
    WHERE answer.response_id = response.id AND answer.question_id = %(question)s
      AND invitation.version_id = %(version)s
"""
RESPONSES = """
    UPDATE surveys_response response
    SET wave_id = invitation.wave_id, version_id = invitation.version_id,
        week = date_trunc('week', response.at AT TIME ZONE %(zone)s)::date,
        agent_id = held.agent_id, department_id = held.department_id
    FROM surveys_invitation invitation LEFT JOIN feedback_case held ON held.id = invitation.case_id
    WHERE invitation.id = response.invitation_id
"""
SUMS = "INSERT INTO surveys_tallydue (response_id) SELECT id FROM surveys_response"


def forwards(apps, schema_editor):
    zone = {"zone": settings.TIME_ZONE}
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(WAVES, zone)
        cursor.execute(INVITATIONS)
        for campaign in apps.get_model("surveys", "Campaign").objects.all():
            _questionnaire(apps, cursor, campaign)
        cursor.execute(RESPONSES, zone)
        cursor.execute(SUMS)
    apps.get_model("surveys", "Question").objects.filter(version=None).delete()


def _questionnaire(apps, cursor, campaign):
    Survey, SurveyVersion, Question = (
        apps.get_model("surveys", name) for name in ("Survey", "SurveyVersion", "Question")
    )
    campaign.survey = Survey.objects.create(code=campaign.code, name=campaign.name, name_en=campaign.name_en)
    campaign.state = "running" if campaign.is_active else "paused"
    questions = list(Question.objects.filter(campaign=campaign, version=None).order_by("position", "pk"))
    moments = sorted({q.added_at for q in questions} | {q.retired_at for q in questions if q.retired_at})
    campaign.starts_at = moments[0] if moments else None
    # before, an open case held nobody off and there was no cap
    campaign.is_capped = campaign.waits_for_cases = False
    campaign.save()
    number = 0
    for since, until in zip(moments, [*moments[1:], None], strict=True):
        asked = [
            q for q in questions if q.added_at <= since and (q.retired_at is None or q.retired_at > since)
        ]
        if not asked:
            continue
        number += 1
        version = SurveyVersion.objects.create(
            survey=campaign.survey,
            number=number,
            title=campaign.name,
            title_en=campaign.name_en,
            published_at=since,
        )
        span = {"version": version.pk, "campaign": campaign.pk, "since": since, "until": until}
        cursor.execute(VERSION, span)
        for position, (question, code) in enumerate(zip(asked, _codes(asked), strict=True), start=1):
            copy = Question.objects.create(
                version=version,
                position=position,
                code=code,
                kind=question.kind,
                text=question.text,
                text_en=question.text_en,
                is_required=question.is_required,
                scale=None if question.kind == "text" else SCALE,
                bad_up_to=None if question.kind == "text" else min(campaign.bad_score, SCALE - 1),
                campaign=None,
            )
            cursor.execute(ANSWERS, {"copy": copy.pk, "question": question.pk, "version": version.pk})


def _codes(questions):
    """A code for each: its kind, and a number where there are several."""
    seen = {}
    for question in questions:
        kind = "words" if question.kind == "text" else question.kind
        seen[kind] = seen.get(kind, 0) + 1
        yield kind if seen[kind] == 1 else f"{kind}-{seen[kind]}"


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_questionnaires_and_waves")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
